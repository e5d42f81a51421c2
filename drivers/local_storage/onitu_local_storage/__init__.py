"""`local_storage`: the driver for directories of this machine.

Start reading at `driver`, which has the handlers, then `write`, `staging` and `area` (mutations), `observe` (looking),
`root` (which directory this is) and `watch` (changes as they happen). Of Onitu it imports the SDK and nothing else.
"""

from .driver import plug, start

__all__ = ["plug", "start"]
