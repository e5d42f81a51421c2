"""The conformance kit: on the drivers of this repository, and on one that is broken on purpose."""
