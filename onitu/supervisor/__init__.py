"""What lives, and what happens when it dies: the nursery tree, services and their drivers, the end."""

from onitu.supervisor.serve import ServeOptions, serve

__all__ = ["ServeOptions", "serve"]
