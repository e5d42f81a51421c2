"""Dropbox as a service.

Reading order: `driver` has the handlers; `signin` is how a person lets Onitu in, `tokens` what comes of it; `api` asks
Dropbox, with `failures`; `entries` is what its files are to Onitu; `root`, `tree` and `watching` observe a folder,
`reading` reads, `writing` with `groups` and `uploads` change it, `revisions` is what Dropbox keeps of the past.
"""

from onitu_dropbox.driver import plug, start

__all__ = ["plug", "start"]
