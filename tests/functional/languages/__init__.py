"""Drivers in other languages: the examples of docs/examples/drivers, as `onitu driver new` writes them out."""
