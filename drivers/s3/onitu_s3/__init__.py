"""A bucket of S3, or of any store that speaks it, as a service.

Reading order: `driver` has the handlers; `bucket` asks the store, with `signing`, `answers` and `failures`; `probe`
finds out which conditions it keeps; `entries` is what objects are to Onitu, `listing` how they are found; `writing`,
`uploads` and `copying` change them; `place` and `versions` are the root and what is kept of the past.
"""

from onitu_s3.driver import plug, start

__all__ = ["plug", "start"]
