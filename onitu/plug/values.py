"""The values a driver works with: its folders, and the entries its handlers are asked about.

This file knows nothing of gRPC: a driver's handlers can be called with these values in a test without any server.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING

import msgspec

from onitu import utils
from onitu.core.capability import Mode
from onitu.core.manifest import OptionValue
from onitu.core.model import Attributes, Upload
from onitu.errors import InvalidPath

if TYPE_CHECKING:
    from collections.abc import Callable


class RootState(enum.IntEnum):
    """Whether a folder's root is what it was. The numbers are those of `onitu.driver.v1.RootState`."""

    OK = 1
    MISSING = 2
    DIFFERENT = 3


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of the setup as it is mapped on this service.

    Attributes:
        name: Its name in the setup.
        path: Where it lies below the service's root, "/"-separated; "." is the root itself.
        mode: What Onitu may do there.
        options: The driver's options for this folder: the service's, overridden by the folder's own.
        root_id: The root the core's state belongs to, or None at first contact.
        symlinks: Whether symbolic links are observed and written, rather than inadmissible.
    """

    name: str
    path: str = "."
    mode: Mode = Mode.READ_WRITE
    options: dict[str, OptionValue] = {}
    root_id: str | None = None
    symlinks: bool = False

    def join(self, filename: str) -> str:
        """Returns the path below the service's root of a name below this folder."""
        if self.path == ".":
            return filename
        return f"{self.path}/{filename}" if filename else self.path


class FolderReport(msgspec.Struct, frozen=True):
    """A folder as the driver found it, the answer of `open_folder`.

    Attributes:
        root_state: `MISSING` and `DIFFERENT` halt the service; nothing is deleted anywhere then.
        root_id: Identity of the root; not empty when `OK`.
        reason: Unless `OK`, for a person: what was looked for and where.
        local_root: Absolute path of the folder's root on this host, if other drivers may read its files there. All
            revisions of the folder are then file identities.
        path: The mapping's path, normalized; None leaves it as it is.
    """

    root_state: RootState
    root_id: str = ""
    reason: str = ""
    local_root: str | None = None
    path: str | None = None


class Metadata:
    """One entry of one folder, as handed to handlers (CONTRACT D5).

    Attributes:
        filename: Path relative to the folder, "/"-separated, as the service spells it.
        path: The same below the service's root.
        folder: Name of the folder.
        size: Bytes; 0 where unknown.
        revision: The revision meant: the one to read, or the one that is expected; `0.0` where none was ever set.
        expected: The revision that must be there for a mutation; None: nothing may be there.
        upload: What is to be written, for the upload handlers.
        mtime: Seconds since 1970, or None.
        owners: Services that should hold the file, sorted.
        uptodate: Those that hold its current version, sorted.
        session: Id of the resumable upload this belongs to, or "".
        seq: A handler that makes a change and then looks may set it to `plug.tick()`, taken between the two;
            otherwise it is taken when the handler has returned.
    """

    __slots__ = (
        "_extra",
        "_raw_extra",
        "_write_revision",
        "expected",
        "filename",
        "folder",
        "mtime",
        "owners",
        "path",
        "revision",
        "seq",
        "session",
        "size",
        "upload",
        "uptodate",
    )

    def __init__(  # noqa: PLR0913  Tests of handlers make them by hand: every attribute has a name and a default.
        self,
        filename: str,
        folder: str,
        *,
        path: str | None = None,
        size: int = 0,
        revision: str | float = 0.0,
        expected: str | None = None,
        upload: Upload | None = None,
        mtime: float | None = None,
        owners: tuple[str, ...] = (),
        uptodate: tuple[str, ...] = (),
        extra: bytes = b"",
        session: str = "",
    ) -> None:
        self.filename = filename
        self.path = filename if path is None else path
        self.folder = folder
        self.size = size
        self.revision = revision
        self.expected = expected
        self.upload = upload
        self.mtime = mtime
        self.owners = owners
        self.uptodate = uptodate
        self.session = session
        self.seq: int | None = None
        self._raw_extra = extra
        self._extra: dict[str, object] | None = None
        self._write_revision: Callable[[Metadata], None] | None = None

    @property
    def fid(self) -> str:
        """The file's id in the API."""
        return utils.get_fid(f"{self.folder}/{self.filename}")

    @property
    def mimetype(self) -> str:
        """The file's type, from its name alone."""
        return utils.get_mimetype(self.filename)

    @property
    def attributes(self) -> Attributes:
        """What is to travel with the content that is being uploaded."""
        return Attributes() if self.upload is None else self.upload.attributes

    @property
    def extra(self) -> dict[str, object]:
        """What the core keeps for this file and service; change it in place."""
        if self._extra is None:
            try:
                found = json.loads(self._raw_extra) if self._raw_extra else {}
            except ValueError:
                # Bytes that a driver reported itself, not through a `Metadata`: it reads them with `raw_extra`.
                found = {}
            self._extra = found if isinstance(found, dict) else {}
        return self._extra

    @property
    def raw_extra(self) -> bytes:
        """`extra` as the bytes the core keeps."""
        if self._extra is None:
            return self._raw_extra
        return json.dumps(self._extra, separators=(",", ":")).encode() if self._extra else b""

    def adopt_extra(self, extra: bytes) -> None:
        """Takes the bytes the core keeps as `extra`."""
        self._raw_extra = extra
        self._extra = None

    def on_write_revision(self, write: Callable[[Metadata], None]) -> None:
        """Makes `write_revision` do this."""
        self._write_revision = write

    def write_revision(self) -> None:
        """Tells the core the `revision` set here, for content that is already known.

        Inside a handler the revision travels with the handler's answer and nothing more is sent.
        """
        if self._write_revision is not None:
            self._write_revision(self)

    def __repr__(self) -> str:
        return f"Metadata({self.folder!r}, {self.filename!r}, revision={self.revision!r})"


def check_path(path: str) -> str:
    """Returns the path if it stays below its folder.

    Raises:
        InvalidPath: It is absolute, climbs out, has an empty part or a NUL, or lies in `.onitu` at the root. The core
            never sends one: whoever did is not to be served.
    """
    # Nearly every path passes this test, which costs a fifth of the one below.
    if "." not in path and "//" not in path and "\0" not in path and path[:1] != "/" and path[-1:] != "/" and path:
        return path
    parts = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} for part in parts) or parts[0] == ".onitu":
        message = f"{path!r} is not a path below the folder"
        raise InvalidPath(message)
    return path
