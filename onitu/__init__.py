"""Onitu keeps folders the same on any number of services."""

__version__ = "1.0.0.dev0"
