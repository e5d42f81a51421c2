"""Cursors: where somebody is in a listing, or in what has changed since."""

from __future__ import annotations

import itertools
import time
from typing import Any

import attrs

from tests.functional.servers.dropbox.account import Account, Deleted

PAGE = 2_000
"""Entries on a page where nobody asks for another number."""

OVERLAP = 50
"""Changes that are told again where deliveries are to come twice."""


class ResetError(Exception):
    """A cursor that is no longer good."""


@attrs.define
class _Cursor:
    folder: str
    recursive: bool
    deleted: bool
    limit: int
    seen: int
    pending: list[str]


class Cursors:
    """The cursors that were given out. May be used from any thread.

    Args:
        account: What is listed.

    Attributes:
        twice: Whether changes are told that were told already.
    """

    def __init__(self, account: Account) -> None:
        self.twice = False
        self._account = account
        self._given: dict[str, _Cursor] = {}
        self._numbers = itertools.count(1)

    def expire(self) -> None:
        """Lets no cursor be good that was given out so far."""
        with self._account.changed:
            self._given.clear()
            self._account.changed.notify_all()

    def begin(
        self, path: str, *, recursive: bool, deleted: bool, limit: int | None, latest: bool = False
    ) -> tuple[list[Any], str, bool]:
        """Begins a listing and returns entries, the cursor after them, and whether there are more.

        Args:
            path: Of the folder.
            recursive: With everything below.
            deleted: With what is not there any more.
            limit: Entries on a page.
            latest: Without anything that is there.

        Raises:
            LookupRefused: There is no such folder.
        """
        account = self._account
        with account.changed:
            folder = account.folder(path)
            pending = [] if latest else account.below(folder, recursive=recursive, deleted=deleted)
            if recursive and folder and not latest:
                pending.insert(0, folder)
            cursor = _Cursor(folder, recursive, deleted, limit or PAGE, len(account.journal), pending)
            return self._page(cursor)

    def go_on(self, token: str) -> tuple[list[Any], str, bool]:
        """Returns what follows, as `begin` does.

        Raises:
            ResetError: The cursor is not good any more.
            LookupRefused: The folder is gone.
        """
        with self._account.changed:
            cursor = attrs.evolve(self._of(token))
            if not cursor.pending:
                cursor.seen = max(0, cursor.seen - OVERLAP) if self.twice else cursor.seen
                changed = dict.fromkeys(reversed(self._account.journal[cursor.seen :]))
                cursor.pending = [key for key in reversed(changed) if self._concerns(cursor, key)]
                cursor.seen = len(self._account.journal)
                cursor.deleted = True
            return self._page(cursor)

    def wait(self, token: str, timeout: float) -> bool:
        """Waits until something has changed after a cursor, and returns whether it has.

        Raises:
            ResetError: The cursor is not good any more.
        """
        due = time.monotonic() + timeout
        account = self._account
        with account.changed:
            while True:
                cursor = self._of(token)
                if cursor.pending or any(self._concerns(cursor, key) for key in account.journal[cursor.seen :]):
                    return True
                left = due - time.monotonic()
                if left <= 0 or not account.changed.wait(left):
                    return False

    def _of(self, token: str) -> _Cursor:
        if token not in self._given:
            raise ResetError
        return self._given[token]

    def _concerns(self, cursor: _Cursor, key: str) -> bool:
        if key == cursor.folder or cursor.folder.startswith(f"{key}/"):
            return True
        inside = key.startswith(f"{cursor.folder}/")
        return inside and (cursor.recursive or "/" not in key[len(cursor.folder) + 1 :])

    def _page(self, cursor: _Cursor) -> tuple[list[Any], str, bool]:
        shown = []
        page, cursor.pending = cursor.pending[: cursor.limit], cursor.pending[cursor.limit :]
        for key in page:
            found = self._account.at(key)
            if found is not None and (cursor.deleted or not isinstance(found, Deleted)):
                shown.append(found.shown())
        token = f"cursor-{next(self._numbers)}-{'x' * 40}"
        self._given[token] = cursor
        return shown, token, bool(cursor.pending)
