"""`ssh`: the driver for directories of any server that one can log in to with SSH.

Start reading at `driver`, which has the handlers, then `write` and `staging` (mutations), `uploads`, `reading`,
`observe` (looking) and `root` (which directory this is). Below them: `connection` (one login, made again when lost),
`login` (the system's `ssh`), `client` (many requests at once) and `protocol` (SFTP as bytes). What a shell adds is in
`watch`, which reports what `events` tells and `gather` sorts, and in `tree`, `flush` and `shell`; `session` gets there,
and `remote` (for `watch`), `lister` (for `tree`) and `flusher` (for `flush`) run there. Of
Onitu the package imports the SDK and nothing else.
"""

from .driver import plug, start

__all__ = ["plug", "start"]
