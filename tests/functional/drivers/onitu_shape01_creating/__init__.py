"""The driver `shape01` with one handler more: an upload begins with an empty file."""

from onitu.api import ServiceError
from onitu_shape01 import plug, start

__all__ = ["plug", "start"]


@plug.handler()
def start_upload(metadata):
    try:
        open(metadata.filename, "wb").close()
    except IOError as e:
        raise ServiceError("Error creating '{}': {}".format(metadata.filename, e))
