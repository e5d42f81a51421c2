"""A service that one must sign in to: what it holds is a file that says whose it is."""

from .driver import plug, start

__all__ = ["plug", "start"]
