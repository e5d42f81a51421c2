"""Google's documents, which have no content: shown as files of another kind where the setup says so, and read-only.

What Google exports differs from time to time, though the document is the same. So an export is made once for each state
of a document, its digest is part of the revision, and it is kept until it is read; a restart takes over what the core
knows of it.
"""

from __future__ import annotations

import hashlib
import threading
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final, NoReturn, cast
from urllib.parse import quote

import msgspec

from onitu.plug import DriverError, Inadmissible, Kind, PermissionDenied, Present, RevisionMismatch

from .api import target_of
from .items import state_of, time_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.plug import Metadata

    from .items import Item
    from .root import Root

_GOOGLES: Final = "application/vnd.google-apps."
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OPEN: Final = "application/vnd.oasis.opendocument."

KINDS: Final = {"docs": "document", "sheets": "spreadsheet", "slides": "presentation", "drawings": "drawing"}
"""What people call the documents, and how Google does."""

FORMATS: Final = {
    "document": {
        "docx": f"{_OFFICE}wordprocessingml.document",
        "odt": f"{_OPEN}text",
        "pdf": "application/pdf",
        "rtf": "application/rtf",
        "txt": "text/plain",
        "epub": "application/epub+zip",
        "md": "text/markdown",
    },
    "spreadsheet": {
        "xlsx": f"{_OFFICE}spreadsheetml.sheet",
        "ods": "application/x-vnd.oasis.opendocument.spreadsheet",
        "pdf": "application/pdf",
        "csv": "text/csv",
        "tsv": "text/tab-separated-values",
    },
    "presentation": {
        "pptx": f"{_OFFICE}presentationml.presentation",
        "odp": f"{_OPEN}presentation",
        "pdf": "application/pdf",
        "txt": "text/plain",
    },
    "drawing": {
        "svg": "image/svg+xml",
        "png": "image/png",
        "jpg": "image/jpeg",
        "pdf": "application/pdf",
    },
}
"""https://developers.google.com/workspace/drive/api/guides/ref-export-formats"""

_IN_MEMORY: Final = 1024 * 1024
_MOST: Final = 200
"""Exports that are kept until they are read; each has 10 MB at most. What is forgotten is exported again."""
_DIGITS: Final = 16


class _Export(msgspec.Struct):
    state: Present
    content: IO[bytes] | None


class Exports:
    """What documents are shown as. May be used from any thread.

    Args:
        option: As the setup says it: `docs: docx, sheets: xlsx`.
        known: Returns what the core knows of a path, or None.

    Raises:
        DriverError: The option says something that Google does not export.
    """

    def __init__(self, option: str | None, known: Callable[[Root, str], Metadata | None]) -> None:
        self._formats = dict(_pairs(option)) if option else {}
        self._known = known
        self._mutex = threading.Lock()
        self._kept: dict[tuple[str, str], _Export] = {}

    def format_of(self, item: Item) -> str:
        """Returns the extension that a document is exported with; "" for what is not exported."""
        return self._formats.get(item.mime.removeprefix(_GOOGLES), "") if item.is_document else ""

    def name_of(self, item: Item) -> str:
        """Returns the name that something would be shown under if it were the only one of it."""
        extension = self.format_of(item)
        return f"{item.name}.{extension}" if extension else item.name

    def state_of(self, root: Root, item: Item, path: str) -> Present | Inadmissible:
        """Returns how Onitu sees something."""
        if not self.format_of(item):
            return state_of(item)
        with self._mutex:
            kept = self._kept.get((item.id, item.modified))
        if kept is not None:
            return kept.state
        known = self._known(root, path)
        if known is not None and str(known.revision).startswith(f"{item.modified} {self.format_of(item)} "):
            state = _present(item, str(known.revision), known.size)
            self._keep(item, _Export(state, None))
            return state
        try:
            return self._export(root, item).state
        except PermissionDenied as error:
            return Inadmissible(f"it cannot be exported: {error}", native_id=item.id)

    def read(self, root: Root, item: Item, revision: str, offset: int, size: int) -> bytes:
        """Returns up to so many bytes of an exported document.

        Raises:
            RevisionMismatch: It is not what it was.
        """
        with self._mutex:
            kept = self._kept.get((item.id, item.modified))
        if kept is None or kept.content is None:
            kept = self._export(root, item)
        if kept.state.revision != revision or kept.content is None:
            raise RevisionMismatch(f"{item.name}: the document was changed, or is exported as other bytes than before")
        with self._mutex:
            kept.content.seek(offset)
            return kept.content.read(size)

    @staticmethod
    def refuse(item: Item, path: str) -> NoReturn:
        """Says that a document is not changed from here.

        Raises:
            PermissionDenied: Always.
        """
        raise PermissionDenied(
            f"{path}: is exported from Google's document {item.name!r}, which is changed in Google only"
        )

    def _export(self, root: Root, item: Item) -> _Export:
        extension = self.format_of(item)
        kind = FORMATS[item.mime.removeprefix(_GOOGLES)][extension]
        target = target_of(f"/drive/v3/files/{quote(item.id)}/export", {"mimeType": kind})
        data = root.api.send("GET", target, about=item.name).data
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        revision = f"{item.modified} {extension} {digest.hex()[:_DIGITS]}"
        content = _buffer()
        content.write(data)
        state = msgspec.structs.replace(_present(item, revision, len(data)), digests={"md5": digest})
        made = _Export(state, content)
        self._keep(item, made)
        return made

    def _keep(self, item: Item, export: _Export) -> None:
        with self._mutex:
            self._kept.pop((item.id, item.modified), None)
            self._kept[item.id, item.modified] = export
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]


def _buffer() -> IO[bytes]:
    return cast("IO[bytes]", SpooledTemporaryFile(max_size=_IN_MEMORY))


def _present(item: Item, revision: str, size: int) -> Present:
    return Present(kind=Kind.FILE, revision=revision, size=size, mtime_ns=time_ns(item.modified), native_id=item.id)


def _pairs(option: str) -> list[tuple[str, str]]:
    found = []
    for part in option.split(","):
        kind, _, extension = (word.strip().lower() for word in part.partition(":"))
        formats = FORMATS.get(KINDS.get(kind, ""), {})
        if extension not in formats:
            kinds = "; ".join(f"{name}: {' '.join(FORMATS[KINDS[name]])}" for name in KINDS)
            raise DriverError(f"`export`: {part.strip()!r} is nothing that Google exports; there is {kinds}")
        found.append((KINDS[kind], extension))
    return found
