"""shelf, as a driver of Onitu."""

from onitu_shelf.driver import plug, start

__all__ = ["plug", "start"]
