"""Writes many small files of a folder at once, where a listing tells as much as a look at each of them.

The way of each is that of `renames`: staged, found to be whole, renamed to where nothing is, looked at. What is looked
at are the directories in which they all lie then. Whatever a listing does not show is looked at by itself: some
services are slow to list what is new.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from onitu.core.model import Kind
from onitu.errors import DriverError, OutcomeUnknown
from onitu.plug import renames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from onitu.core.model import Present
    from onitu.plug.files import FilesRoot
    from onitu.plug.parallel import Parallel
    from onitu.plug.values import Metadata

FEW: Final = 4
"""Files in one directory for which it is not listed."""

WORTH: Final = 8
"""Entries of a listing that cost as much as a look at one: measured with Apache and wsgidav, where it was eleven."""


@attrs.define
class _Upload:
    """One file on its way.

    Attributes:
        metadata: What is written.
        content: Its bytes.
        staged: Where it is staged.
        ours: What was staged.
        outcome: What became of it, once that is known.
    """

    metadata: Metadata
    content: bytes
    staged: str
    ours: Present | None = None
    outcome: Present | Exception | None = None


class Several:
    """Writes small files of one folder.

    Args:
        root: The folder's.
        threads: Does several things at once.
    """

    def __init__(self, root: FilesRoot, threads: Parallel) -> None:
        self._root = root
        self._threads = threads

    def upload(self, files: Sequence[tuple[Metadata, bytes]]) -> list[Present | BaseException]:
        """Writes files and returns what became of each.

        Raises:
            DriverError: Nobody knows of any of them.
        """
        uploads = [
            _Upload(metadata, content, renames.staged_path(self._root, uuid.uuid4().hex)) for metadata, content in files
        ]
        with self._root.holding():
            self._each(self._stage, uploads)
            self._look_staged(uploads)
            self._each(self._place, uploads)
            self._look_placed(uploads)
        return [upload.outcome or OutcomeUnknown("nobody said what became of it") for upload in uploads]

    def _each(self, do: Callable[[_Upload], None], uploads: Iterable[_Upload]) -> None:
        """Does one step with every file of which it is not known yet what became of it."""
        waiting = [upload for upload in uploads if upload.outcome is None]
        for _ in self._threads.each(partial(self._tried, do), waiting):
            pass

    def _tried(self, do: Callable[[_Upload], None], upload: _Upload) -> None:
        try:
            do(upload)
        except Exception as error:  # noqa: BLE001  It is one file's, and told as what became of it.
            upload.outcome = error
            with suppress(DriverError):
                self._root.files.delete(upload.staged)

    def _stage(self, upload: _Upload) -> None:
        self._root.require_above(upload.metadata.filename)
        self._root.files.put(upload.staged, upload.content, upload.metadata)

    def _look_staged(self, uploads: Sequence[_Upload]) -> None:
        waiting = [upload for upload in uploads if upload.outcome is None]
        if len(waiting) > FEW:
            seen = self._listed(self._root.staging, len(waiting))
            for upload in waiting:
                upload.ours = seen.get(upload.staged)

    def _place(self, upload: _Upload) -> None:
        found = upload.ours or self._root.files.look(upload.staged)
        upload.ours = renames.whole(found, upload.metadata)
        renames.make_visible(self._root, upload.staged, upload.metadata)

    def _look_placed(self, uploads: Sequence[_Upload]) -> None:
        above: dict[str, list[_Upload]] = defaultdict(list)
        for upload in uploads:
            if upload.outcome is None:
                above[upload.metadata.filename.rpartition("/")[0]].append(upload)
        seen: dict[str, Present] = {}
        for directory, there in above.items():
            if len(there) > FEW:
                seen |= self._listed(self._root.at(directory), len(there))
        self._each(partial(self._tell, seen), uploads)

    def _tell(self, seen: dict[str, Present], upload: _Upload) -> None:
        path = upload.metadata.filename
        place = self._root.at(path)
        found = seen.get(place) or renames.look_after(self._root, place, path)
        upload.outcome = renames.told(found, renames.whole(upload.ours, upload.metadata), path)

    def _listed(self, directory: str, wanted: int) -> dict[str, Present]:
        """Returns the files in a directory by their paths; none where looking at those that are wanted costs less."""
        if not self._root.files.tells_all or self._root.is_large(directory, WORTH * wanted):
            return {}
        try:
            entries = list(self._root.files.children(directory))
        except DriverError:
            return {}  # Each is looked at by itself, and what is wrong is said of it.
        self._root.note_size(directory, len(entries))
        above = f"{directory}/" if directory else ""
        return {above + name: state for name, state in entries if state.kind is Kind.FILE}
