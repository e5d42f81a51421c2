"""Lists a directory: one listing of the bucket, and a look at each object that is new or changed since.

A listing has neither modification times of the user's nor executable bits. What was found of an object is remembered
for as long as its ETag and its time of arrival stay; so a quiet directory costs one request a thousand entries.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeAlias

from onitu.plug import Inadmissible, Kind, NotFound, Present, Unavailable
from onitu.plug.marker import AREA, NAME

from .bucket import CONNECTIONS
from .entries import DIRECTORY, listed_ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .answers import Listed, Page
    from .root import Root

Entry: TypeAlias = "tuple[str, Present | Inadmissible]"

_MOST: Final = 100_000
"""How many objects are remembered, some 30 MB; what is forgotten is looked up again."""


class Lister:
    """Lists directories. May be used from any thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="look")
        self._mutex = threading.Lock()
        self._seen: dict[str, tuple[Listed, Present | Inadmissible]] = {}

    def entries(self, root: Root, path: str) -> Iterator[Entry]:
        """Yields the entries of a directory.

        Raises:
            NotFound: There is no such directory.
            Unavailable: The root has lost its marker.
        """
        prefix = root.below(path)
        page = root.bucket.list_page(prefix)
        if path and not (page.objects or page.prefixes):
            root.require_marker()
            raise NotFound(f"{path}: there is no such directory")
        if path:
            root.remember(path, there=True, mark=bool(page.objects) and page.objects[0].key == prefix)
        seen_area = False
        merged = Merged(prefix)
        while True:
            seen_area = seen_area or f"{prefix}{AREA}/" in page.prefixes
            last = page.next is None
            found = merged.take(page, last=last)
            yield from self._states(root, prefix, found)
            if page.next is None:
                break
            page = root.bucket.list_page(prefix, after=page.next)
        if not path and root.marked and not seen_area:
            raise Unavailable(f"{root.where} does not have its marker {NAME} any more")

    def _states(self, root: Root, prefix: str, found: Iterable[Listed | str]) -> Iterator[Entry]:
        """Yields what was listed, objects as they are found to be; what has gone meanwhile is left out."""
        found = list(found)
        states = self._pool.map(lambda one: DIRECTORY if isinstance(one, str) else self._state(root, one), found)
        for one, state in zip(found, states, strict=True):
            if state is not None:
                yield (one[len(prefix) : -1] if isinstance(one, str) else one.key[len(prefix) :]), state

    def _state(self, root: Root, listed: Listed) -> Present | Inadmissible | None:
        if not root.attributes:
            return Present(
                kind=Kind.FILE, revision=listed.etag, size=listed.size, mtime_ns=listed_ns(listed.modified) or None
            )
        known = self._seen.get(listed.key)
        if known is not None and known[0] == listed:
            return known[1]
        head = root.look(listed.key[len(root.prefix) :])
        if head is None:
            return None
        if head.state.revision == listed.etag:
            with self._mutex:
                self._seen.pop(listed.key, None)
                self._seen[listed.key] = (listed, head.state)
                if len(self._seen) > _MOST:
                    del self._seen[next(iter(self._seen))]
        return head.state

    def close(self) -> None:
        """Ends its threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Merged:
    """Joins the pages of a listing, and leaves out an object that has the name of a directory: they cannot both be.

    A directory `d/` comes later than an object `d`, and other names stand between them, so an object waits until its
    directory would have come.

    Args:
        prefix: Of the listing.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._waiting: deque[Listed] = deque()

    def take(self, page: Page, *, last: bool) -> list[Listed | str]:
        """Returns the objects and prefixes that are known to be entries after a page."""
        ready: list[Listed | str] = list(page.prefixes)
        directories = set(page.prefixes)
        self._waiting.extend(one for one in page.objects if one.key != self._prefix)
        names = [one.key for one in page.objects] + page.prefixes
        reached = max((name.encode("utf-8", "surrogateescape") for name in names), default=b"")
        waiting: deque[Listed] = deque()
        for one in self._waiting:
            directory = f"{one.key}/"
            if directory in directories:
                continue
            if last or directory.encode("utf-8", "surrogateescape") <= reached:
                ready.append(one)
            else:
                waiting.append(one)
        self._waiting = waiting
        return ready
