"""A driver as it was written for Onitu 0.1: local files, by chunks, after the facts of CONTRACT D and nothing else."""

from .driver import plug, start

__all__ = ["plug", "start"]
