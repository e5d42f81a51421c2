"""The loop: observations in, one transaction, commands out.

`ingest` is what happens inside a transaction, `writer` makes one transaction of what many tasks bring at once, and a
`Link` is one folder on one active service with the tasks that serve it: `observer` takes in its stream, `asker` asks it
again, `mover` brings it up to date, `keeper` makes that durable. `Referee` is what they share.
"""

from onitu.referee.link import Link
from onitu.referee.referee import Referee

__all__ = ["Link", "Referee"]
