"""A directory of a WebDAV server as a service.

Reading order: `driver` has the handlers; `files` is the server as `onitu.plug.files` knows services of files, and what
is made of it is in `onitu.plug.renames`; `dav` asks the server, with `multistatus` and `failures`; `entries` is what
resources are to Onitu; `probe` finds out what the server can do.
"""

from onitu_webdav.driver import plug, start

__all__ = ["plug", "start"]
