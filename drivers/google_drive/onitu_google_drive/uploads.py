"""Uploads in chunks: what comes is sent on in blocks of a resumable upload, and its end is held back.

Drive shows a file as soon as its last byte has arrived. So the last block stays here until everything was compared and
what is expected was looked at once more. A block that broke off is gone on with where Drive says it did.

Source: https://developers.google.com/workspace/drive/api/guides/manage-uploads.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from onitu.plug import Corrupted, NotFound, OutcomeUnknown, Present, RateLimited, Unavailable

from .api import below_host, target_of
from .failures import Taken
from .items import FIELDS, item_of
from .writing import made, replaced, resource_for, upload

if TYPE_CHECKING:
    from onitu.plug import Metadata
    from onitu.plug.http import Answer

    from .items import Item
    from .root import Root

UNIT: Final = 256 * 1024
"""All blocks but the last are multiples of this."""

BLOCK: Final = 32 * UNIT
"""Bytes of a block: each costs a request, and is kept in memory."""

_INCOMPLETE: Final = 308
_TRIES: Final = 4


class Uploads:
    """The uploads in chunks that are under way in this process. May be used from any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._open: dict[str, _Upload] = {}

    def start(self, root: Root, metadata: Metadata) -> None:
        """Begins one; nothing is asked of Drive yet."""
        with self._mutex:
            self._open[metadata.session] = _Upload(root, metadata)

    def write(self, metadata: Metadata, offset: int, chunk: bytes) -> None:
        """Takes a chunk, perhaps for the second time."""
        self._of(metadata.session).write(offset, chunk)

    def restart(self, metadata: Metadata) -> int:
        """Returns how many bytes this process has of an upload."""
        under_way = self._of(metadata.session)
        under_way.metadata = metadata
        return under_way.taken

    def end(self, metadata: Metadata) -> Present:
        """Makes an upload visible."""
        under_way = self._of(metadata.session)
        under_way.metadata = metadata
        state = under_way.end()
        with self._mutex:
            self._open.pop(metadata.session, None)
        return state

    def abort(self, session: str) -> None:
        """Gives an upload up; one of an earlier process Drive forgets by itself after a week."""
        with self._mutex:
            under_way = self._open.pop(session, None)
        if under_way is not None:
            under_way.abort()

    def _of(self, session: str) -> _Upload:
        with self._mutex:
            under_way = self._open.get(session)
        if under_way is None:
            raise NotFound(f"there is no upload {session!r} in this process")
        return under_way


class _Upload:
    """One upload; whoever calls it holds the session's lock.

    Attributes:
        metadata: What is uploaded, as it was said last.
        taken: Bytes that have come.
    """

    def __init__(self, root: Root, metadata: Metadata) -> None:
        self.metadata = metadata
        self.taken = 0
        self._root = root
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._filling = bytearray()
        self._sent = 0
        self._target = ""
        self._before: Item | None = None
        self._id = ""

    def write(self, offset: int, chunk: bytes) -> None:
        rest = chunk[self.taken - offset :]
        if offset > self.taken or not rest:
            return
        # Never the last one: it is sent when the upload ends.
        while len(self._filling) > BLOCK:
            self._send_block()
        self._filling += rest
        self.taken += len(rest)
        self._md5.update(rest)

    def end(self) -> Present:
        if self.taken != self.metadata.size:
            raise Corrupted(f"{self.metadata.filename}: {self.taken} of {self.metadata.size} bytes are here")
        if not self._target:
            return upload(self._root, self.metadata, bytes(self._filling))
        while len(self._filling) > BLOCK:
            self._send_block()
        expected = self.metadata.expected
        if expected is None:
            self._root.expect_free(self.metadata.filename)
        else:
            self._before = self._root.expect(self.metadata.filename, expected)
        item, md5 = self._send_last(), self._md5.hexdigest()
        if self._before is None:
            return made(self._root, self.metadata, item, md5)
        return replaced(self._root, self.metadata, self._before, item, md5)

    def abort(self) -> None:
        if self._target:
            # Google answers 499, which is no failure of ours.
            try:
                self._root.api.send("DELETE", self._target, about=self.metadata.filename)
            except (NotFound, Unavailable, OutcomeUnknown):
                pass
            except Exception as error:  # noqa: BLE001  It is forgotten after a week.
                del error

    def _begin(self) -> None:
        path, expected = self.metadata.filename, self.metadata.expected
        query = {"uploadType": "resumable", "fields": FIELDS, "supportsAllDrives": "true"}
        if expected is None:
            self._root.expect_free(path)
            method, target = "POST", "/upload/drive/v3/files"
        else:
            before = self._root.expect(path, expected)
            method, target = "PATCH", f"/upload/drive/v3/files/{quote(before.id)}"
        resource = resource_for(self._root, self.metadata)
        self._id = str(resource.get("id", ""))
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Upload-Content-Type": self.metadata.mimetype,
            "X-Upload-Content-Length": str(self.metadata.size),
        }
        answer = self._root.api.send(
            method,
            target_of(target, query),
            about=path,
            headers=headers,
            body=json.dumps(resource).encode(),
            repeat=True,
        )
        self._target = below_host(answer.headers["Location"])

    def _send_block(self) -> None:
        if not self._target:
            self._begin()
        block = bytes(self._filling[:BLOCK])
        end = self._sent + len(block)
        while self._sent < end:
            rest = block[len(block) - (end - self._sent) :]
            answer = self._put(rest)
            if answer.status != _INCOMPLETE:
                raise OutcomeUnknown(f"{self.metadata.filename}: Google takes it for whole before it is")
            arrived = _arrived(answer)
            if not self._sent <= arrived <= end:
                raise NotFound(f"{self.metadata.filename}: Google has {arrived} bytes of it; it begins again")
            if arrived == self._sent:
                raise Unavailable(f"{self.metadata.filename}: Google takes no more of it now")
            self._sent = arrived
        del self._filling[: len(block)]

    def _send_last(self) -> Item:
        block, begin = bytes(self._filling), self._sent
        while True:
            answer = self._put(block[self._sent - begin :])
            if answer.status != _INCOMPLETE:
                return item_of(self._root.api.decoded(answer))
            self._sent = max(self._sent, _arrived(answer))

    def _put(self, block: bytes) -> Answer:
        """Sends a block, or what of it has not arrived, and returns what Drive says of that."""
        place = f"bytes {self._sent}-{self._sent + len(block) - 1}/{self.metadata.size}"
        for _ in range(_TRIES):
            try:
                return self._root.api.send(
                    "PUT", self._target, about=self.metadata.filename, headers={"Content-Range": place}, body=block
                )
            except OutcomeUnknown:
                answer = self._ask()
                if answer.status != _INCOMPLETE or _arrived(answer) > self._sent:
                    return answer
            except Taken:
                # All of it had arrived, and the answer was lost with the session.
                return self._root.api.send(
                    "GET",
                    target_of(f"/drive/v3/files/{quote(self._id)}", {"fields": FIELDS, "supportsAllDrives": "true"}),
                    about=self.metadata.filename,
                )
        raise RateLimited(f"{self.metadata.filename}: Google does not take it now")

    def _ask(self) -> Answer:
        """Asks how much has arrived."""
        return self._root.api.send(
            "PUT",
            self._target,
            about=self.metadata.filename,
            headers={"Content-Range": f"bytes */{self.metadata.size}"},
            repeat=True,
        )


def _arrived(answer: Answer) -> int:
    last = answer.headers.get("Range", "").rpartition("-")[2]
    return int(last) + 1 if last.isdigit() else 0
