"""The command line: arguments to actions, no logic.

`main` knows all arguments and imports next to nothing, so that `serve` starts its drivers within a tenth of a second;
each command is a module of its own that is imported when it is asked for.
"""
