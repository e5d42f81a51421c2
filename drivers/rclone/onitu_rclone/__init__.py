"""A remote of the user's rclone configuration as a service: everything that rclone knows.

Reading order: `driver` connects; `files` is the remote as `onitu.plug.files` knows services of files, and what is made
of it is in `onitu.plug.renames`; `rc` asks rclone, with `failures`; `daemon` is rclone's process, `handoff` gives it
what it is to write; `entries` is what rclone lists to Onitu, and `probe` finds out which of that can be relied on.
"""

from onitu_rclone.driver import plug, start

__all__ = ["plug", "start"]
