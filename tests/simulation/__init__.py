"""The whole core in one thread, in virtual time, from one number: services in memory, chaos between, crashes anywhere.

`just sim` runs many seeds, `just sim 42` replays one with its trace, `just soak 60` runs new ones for an hour, and
`just mutations` shows that each safeguard, once removed, is missed.
"""
