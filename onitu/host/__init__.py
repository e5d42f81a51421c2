"""The core's end of the driver contract: it runs driver processes and calls them.

`onitu.host.spawn` starts a process (and imports next to nothing, so that drivers start while the core still imports
itself), `onitu.host.process` keeps it, `onitu.host.client` calls it with the values of the core, and
`onitu.host.stream` is its change stream. Nothing in here decides anything, and nothing here knows which driver it
talks to.
"""
