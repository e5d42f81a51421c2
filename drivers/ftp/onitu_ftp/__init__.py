"""A directory of an FTP server as a service.

Reading order: `driver` connects; `files` is the server as `onitu.plug.files` knows services of files, and what is made
of it is in `onitu.plug.renames`; `pool` keeps connections, `session` is one of them, `listing` reads what servers list.
"""

from onitu_ftp.driver import plug, start

__all__ = ["plug", "start"]
