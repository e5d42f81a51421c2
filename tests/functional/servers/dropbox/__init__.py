"""A Dropbox on loopback: what a driver of Dropbox needs of its API, with real bytes.

`account` is what somebody has in Dropbox, `listing` its cursors, `sessions` uploads in pieces, `tokens` who may ask,
`routes` what is asked for, `faults` what goes wrong, `server` how it is reached.

What is asked is decoded, and what is answered encoded, by the types that Dropbox publishes with its SDK (Stone): what
does not fit them is an error here. What each route means is told from the documentation in the same place, so from
https://www.dropbox.com/developers/documentation/http/documentation; what is known from elsewhere says so.

What of the real service it does not show:

- how long anything takes, and so how often writes at the same time are refused; they are only where a test asks for it;
- which names are refused, but for those that are documented, and what becomes of letters that have several forms: names
  are compared in lower case and composed, as `str.lower` and NFC have it, and kept as they come;
- whether a piece of a concurrent upload session may be sent twice: here it may, if it is the same;
- whether `rev` changes when a file is renamed: here it does;
- shared and team folders, members, links, search, thumbnails, Paper, tags and properties; of `path_root` only that
  another root than the account's own is refused;
- limits of requests, of traffic and of the size of files, but for what one request and one batch may hold;
- how long revisions are kept, and how long a session or a cursor is good: until a test says otherwise.
"""

from tests.functional.servers.dropbox.account import Account
from tests.functional.servers.dropbox.faults import Fault
from tests.functional.servers.dropbox.server import Dropbox, dropbox

__all__ = ["Account", "Dropbox", "Fault", "dropbox"]
