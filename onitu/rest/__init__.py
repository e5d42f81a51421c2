"""The REST API: what a running core knows, shown, and what it can be asked to do.

Nothing of a web server is imported before somebody connects: `onitu.rest.door` waits for that.
"""
