"""The handlers, the watcher and the start. Only the watcher library is not of 0.1: it is `watcher` beside this file."""

import os

from onitu.api import DriverError, Plug, ServiceError

from .watcher import Watcher

plug = Plug()


@plug.handler()
def get_chunk(metadata, offset, size):
    try:
        with open(metadata.filename, "rb") as f:
            f.seek(offset)
            return f.read(size)
    except IOError as e:
        raise ServiceError("Error reading '{}': {}".format(metadata.filename, e))


@plug.handler()
def upload_chunk(metadata, offset, chunk):
    try:
        with open(metadata.filename, "r+b") as f:
            f.seek(offset)
            f.write(chunk)
    except IOError as e:
        raise ServiceError("Error writting '{}': {}".format(metadata.filename, e))


@plug.handler()
def end_upload(metadata):
    metadata.revision = os.path.getmtime(metadata.filename)
    metadata.write_revision()


def update(metadata, mtime):
    metadata.revision = mtime
    metadata.size = os.path.getsize(metadata.filename)
    plug.update_file(metadata)


def check_changes():
    for directory, _, names in os.walk("."):
        for name in names:
            filename = os.path.relpath(os.path.join(directory, name), ".")
            metadata = plug.get_metadata(filename)
            revision = os.path.getmtime(filename)
            if revision > metadata.revision:
                update(metadata, revision)


class FileWatcher(Watcher):
    def on_update(self, filename):
        metadata = plug.get_metadata(filename)
        update(metadata, os.path.getmtime(filename))

    def on_delete(self, filename):
        metadata = plug.get_metadata(filename)
        plug.delete_file(metadata)

    def on_move(self, filename, new_filename):
        metadata = plug.get_metadata(filename)
        metadata.revision = os.path.getmtime(new_filename)
        plug.move_file(metadata, new_filename)


def start():
    root = plug.options["root"]
    try:
        os.chdir(root)
    except OSError as e:
        raise DriverError("Can't access '{}': {}".format(root, e))
    check_changes()
    FileWatcher().start()
    plug.listen()
