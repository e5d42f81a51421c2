"""Google Drive, as a service.

Reading order: `driver` has the handlers; `api` asks Drive, with `tokens` and `failures`; `items` is what files are to
Onitu, `tree` what is known of them, and `names` how those of one name are told apart; `root` looks and
reads what has changed, `watch` reports it, `place` finds the root; `reading` reads, `writing` and `uploads` change
things, `exports` are Google's documents; `signin` is how a person signs in.
"""

from onitu_google_drive.driver import plug, start

__all__ = ["plug", "start"]
