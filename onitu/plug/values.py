"""The values a driver works with: its folders, and the entries its handlers are asked about.

This file knows nothing of gRPC: a driver's handlers can be called with these values in a test without any server.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Final

import msgspec

from onitu import utils
from onitu.core.capability import Mode
from onitu.core.manifest import OptionValue
from onitu.core.model import Attributes, Present, Upload
from onitu.errors import DriverError, InvalidPath
from onitu.plug.revisions import UNSET, Revision, revision_from_text

if TYPE_CHECKING:
    from collections.abc import Callable


# Nanoseconds in 64 bits reach from 1677 to 2262. As floats, so that nothing rounds beyond them.
_EARLIEST: Final = -float((1 << 63) - 1024)
_LATEST: Final = float((1 << 63) - 1024)


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

    What a handler was not given is asked of the core when it is looked at: `size`, `mtime`, `owners`, `uptodate`,
    `extra`. A lookup changes nothing there.

    Attributes:
        filename: Path relative to the folder, "/"-separated, as the service spells it.
        path: The same below the service's root.
        folder: Name of the folder.
        revision: The revision meant: the one to read, or the one that is expected, with the type the driver gave it;
            `0.0` where none was ever set. A handler that writes sets it to the new one.
        expected: The revision that must be there for a mutation, as in `Present`; None: nothing may be there.
        upload: What is to be written, for the upload handlers.
        session: Id of the resumable upload this belongs to, or "".
        seq: A handler that makes a change and then looks may set it to `plug.tick()`, taken between the two;
            otherwise it is taken when the handler has returned.
    """

    __slots__ = (
        "_extra",
        "_given_revision",
        "_implicit_folder",
        "_look_up",
        "_mtime",
        "_owners",
        "_raw_extra",
        "_revision_is_written",
        "_size",
        "_uptodate",
        "_write_revision",
        "expected",
        "filename",
        "folder",
        "path",
        "revision",
        "seq",
        "session",
        "upload",
    )

    def __init__(  # noqa: PLR0913  Tests of handlers make them by hand: every attribute has a name and a default.
        self,
        filename: str,
        folder: str,
        *,
        path: str | None = None,
        size: int | None = None,
        revision: Revision = UNSET,
        expected: str | None = None,
        upload: Upload | None = None,
        mtime: float | None = None,
        owners: tuple[str, ...] | None = None,
        uptodate: tuple[str, ...] | None = None,
        extra: bytes | None = None,
        session: str = "",
        implicit_folder: bool = False,
    ) -> None:
        self.filename = filename
        self.path = filename if path is None else path
        self.folder = folder
        self.revision = revision
        self.expected = expected
        self.upload = upload
        self.session = session
        self.seq: int | None = None
        self._given_revision = revision
        self._size = size
        self._mtime = mtime
        self._owners = owners
        self._uptodate = uptodate
        self._raw_extra = extra
        self._extra: dict[str, object] | None = None
        self._implicit_folder = implicit_folder
        self._revision_is_written = False
        self._write_revision: Callable[[Metadata], None] | None = None
        self._look_up: Callable[[], Metadata | None] | None = None

    @property
    def size(self) -> int:
        """Bytes; 0 where nobody knows."""
        if self._size is None:
            self._learn()
        return self._size or 0

    @size.setter
    def size(self, size: int) -> None:
        self._size = size

    @property
    def mtime(self) -> float | None:
        """Modification time in seconds since 1970, or None."""
        if self._mtime is None:
            self._learn()
        return self._mtime

    @mtime.setter
    def mtime(self, mtime: float | None) -> None:
        self._mtime = mtime

    @property
    def mtime_ns(self) -> int | None:
        """`mtime` in nanoseconds, as far as 64 bits can say them; None where it is not set. Asks nobody."""
        mtime = self._mtime
        if mtime is None or mtime != mtime:  # noqa: PLR0124  Only what is no number differs from itself.
            return None
        return round(min(max(mtime * 1e9, _EARLIEST), _LATEST))

    @property
    def owners(self) -> tuple[str, ...]:
        """The services that should hold the file, sorted."""
        if self._owners is None:
            self._learn()
        return self._owners or ()

    @property
    def uptodate(self) -> tuple[str, ...]:
        """Those of the owners that hold its current version, sorted."""
        if self._uptodate is None:
            self._learn()
        return self._uptodate or ()

    @property
    def fid(self) -> str:
        """The file's id in the API."""
        return utils.get_fid(self.filename if self._implicit_folder else f"{self.folder}/{self.filename}")

    @property
    def mimetype(self) -> str:
        """The file's type, from its name alone."""
        return utils.get_mimetype(self.filename)

    @property
    def attributes(self) -> Attributes:
        """What is to travel with the content that is being uploaded."""
        return Attributes() if self.upload is None else self.upload.attributes

    @property
    def required(self) -> str:
        """The revision that must be there, for mutations of what is there.

        Raises:
            DriverError: None was given.
        """
        if self.expected is None:
            message = f"{self.filename!r}: no expectation was given"
            raise DriverError(message)
        return self.expected

    @property
    def extra(self) -> dict[str, object]:
        """What the core keeps for this file and service; change it in place."""
        if self._extra is None:
            if self._raw_extra is None:
                self._learn()
            try:
                found = json.loads(self._raw_extra) if self._raw_extra else {}
            except ValueError:
                # Bytes that a driver reported itself, not through a `Metadata`: it reads them with `raw_extra`.
                found = {}
            self._extra = found if isinstance(found, dict) else {}
        return self._extra

    @property
    def raw_extra(self) -> bytes:
        """`extra` as the bytes the core keeps, as far as they were given here. Asks nobody."""
        if self._extra is None:
            return self._raw_extra or b""
        return json.dumps(self._extra, separators=(",", ":")).encode() if self._extra else b""

    def adopt(self, known: Present) -> None:
        """Takes what the core knows of the entry."""
        self.revision = revision_from_text(known.revision)
        self._size = known.size
        self._mtime = None if known.mtime_ns is None else known.mtime_ns / 1e9
        self.adopt_extra(known.extra)

    def adopt_services(self, *, owners: tuple[str, ...], uptodate: tuple[str, ...]) -> None:
        """Takes which services should hold the file and which hold it; nothing is asked of the core after that."""
        self._owners, self._uptodate = owners, uptodate
        self._look_up = None

    def adopt_extra(self, extra: bytes) -> None:
        """Takes the bytes the core keeps as `extra`."""
        self._raw_extra = extra
        self._extra = None

    def on_write_revision(self, write: Callable[[Metadata], None]) -> None:
        """Makes `write_revision` do this."""
        self._write_revision = write

    def on_lookup(self, look_up: Callable[[], Metadata | None]) -> None:
        """Makes this answer what was not given; None where the core cannot be asked."""
        self._look_up = look_up

    def write_revision(self) -> None:
        """Tells the core the `revision` set here, for content that is already known.

        Inside a handler the revision travels with the handler's answer and nothing more is sent.
        """
        self._revision_is_written = True
        if self._write_revision is not None:
            self._write_revision(self)

    @property
    def has_new_revision(self) -> bool:
        """Whether a handler has set the revision of what it wrote."""
        return self._revision_is_written or self.revision != self._given_revision

    @property
    def expected_revision(self) -> Revision:
        """`expected` as the driver gave it; `0.0` where nothing may be there."""
        return revision_from_text(self.expected or "")

    def _learn(self) -> None:
        """Asks the core, once, for what was not given."""
        look_up, self._look_up = self._look_up, None
        known = look_up() if look_up is not None else None
        if known is None:
            return
        self._size = known.size if self._size is None else self._size
        self._mtime = known.mtime if self._mtime is None else self._mtime
        self._raw_extra = known.raw_extra if self._raw_extra is None else self._raw_extra
        self._owners, self._uptodate = known.owners, known.uptodate

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
