"""Servers that drivers are tested against: real ones, on loopback, each with a directory of its own."""
