"""A core to test a driver's handlers against, in one process: no sockets, no store, no second service.

::

    with FakeCore(onitu_shelf, options={"root": str(tmp_path)}) as core:
        written = core.write("a.txt", b"content")
        assert core.read("a.txt") == b"content"
        (tmp_path / "b.txt").write_text("from outside")
        core.wait_for("b.txt")

It goes the way of the real one: options are validated, folders opened, `start()` runs until `plug.listen()`, the change
stream is followed, and every call passes through what serves it in a driver's process. What a handler raises comes out
as the core gets it. It decides nothing: nothing is copied, merged or retried.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Self

from onitu.core.capability import MAX_CHUNK, Mode
from onitu.core.manifest import Manifest
from onitu.core.model import Attributes, Copy, Delete, MakeDirectory, Move, Observation, Present, SetAttributes, Upload
from onitu.errors import DriverError
from onitu.plug.digests import OURS, hasher
from onitu.plug.followed import FollowedFolder
from onitu.plug.package import manifest_of, plug_of
from onitu.plug.plug import Plug
from onitu.plug.servicer import Servicer
from onitu.rpc.convert import (
    observation_from_wire,
    operation_to_wire,
    options_to_wire,
    result_from_wire,
    upload_to_wire,
)
from onitu.rpc.gen import driver_pb2, observation_pb2, watch_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from onitu.core.manifest import OptionValue
    from onitu.core.model import Operation, State

DEADLINE: Final = 10.0
"""Seconds until a test gives up."""

FOLDER: Final = "folder"
"""Name of the folder where a test names none."""


class FakeCore:
    """Serves one driver as long as it is entered.

    Args:
        driver: The package of the driver; or a Plug, which then needs no `start()`.
        options: As in a setup.
        folders: Name of each folder to its place below the service's root; by default one, at the root.
        manifest: The driver's manifest; by default that of its package, or for a Plug one that knows no options.
        modes: What may be done in a folder; everything by default.
        service: Name of the service.
        deadline: Seconds until waiting for the driver is given up.
    """

    def __init__(
        self,
        driver: ModuleType | Plug,
        *,
        options: Mapping[str, OptionValue] | None = None,
        folders: Mapping[str, str] | None = None,
        manifest: Manifest | None = None,
        modes: Mapping[str, Mode] | None = None,
        service: str = "service",
        deadline: float = DEADLINE,
    ) -> None:
        self._start: Callable[[], object] | None = None
        if isinstance(driver, Plug):
            self.plug = driver
            self._manifest = manifest or Manifest(name="test", description="A driver of a test.")
        else:
            self.plug = plug_of(driver, driver.__name__)
            self._start = driver.start
            self._manifest = manifest or manifest_of(driver, driver.__name__)
        self._options = dict(options or {})
        self._folders = dict(folders or {FOLDER: "."})
        self._modes = dict(modes or {})
        self._service = service
        self._deadline = deadline
        self._followed: dict[str, FollowedFolder] = {}
        self._thread: threading.Thread | None = None

    # Life.

    def __enter__(self) -> Self:
        """Configures the driver, starts it, and waits until every folder has been listed.

        Raises:
            DriverError: The driver failed, or a folder's root is not what it should be.
        """
        self.plug.renew()
        self._servicer = Servicer(self.plug, self._manifest, grace=0)
        try:
            self._configure()
            owners = (self._service,)
            self._followed = {name: FollowedFolder(self._servicer, name, owners) for name in self._folders}
            self._run_start()
            for followed in self._followed.values():
                followed.wait_listed(deadline=self._deadline)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Closes the driver."""
        self.close()

    def close(self) -> None:
        """Closes the driver, as at the end of the core."""
        if self._servicer.configured.is_set():
            self._servicer.close(driver_pb2.CloseRequest())
        else:
            self.plug.close()  # What was never configured has nothing to free.
        for followed in self._followed.values():
            followed.close()
        if self._thread is not None:
            self._thread.join(self._deadline)

    def _configure(self) -> None:
        request = driver_pb2.ConfigureRequest(
            service=self._service,
            setup_id="test",
            generation=self.plug.generation + 1,
            options=options_to_wire(self._options),
        )
        for name, path in self._folders.items():
            mode = self._modes.get(name, Mode.READ_WRITE).value
            request.folders.add(name=name, path=path).mode = mode  # type: ignore[assignment]  # Same numbers.
        for report in self._servicer.configure(request).folders:
            if report.root_state != watch_pb2.ROOT_STATE_OK:
                raise DriverError(report.reason)

    def _run_start(self) -> None:
        start = self._start
        if start is None:
            self.plug.renew(listening=True)
            return

        def run() -> None:
            try:
                start()
                error = DriverError("start() returned, which it must not do before the driver's end of life")
            except Exception as raised:  # noqa: BLE001  A supervised border, as in a driver's process.
                error = self.plug.wrapped("start", raised)
            if not self.plug.is_closed:
                self.plug.fail(error)

        self._thread = threading.Thread(target=run, name="start", daemon=True)
        self._thread.start()
        if not self.plug.wait_started(self._deadline):
            message = f"start() has not come to plug.listen() within {self._deadline} s"
            raise DriverError(message)

    # What is known.

    def files(self, folder: str | None = None) -> dict[str, Present]:
        """Returns what is known of a folder, by path: what was listed, reported, or written here."""
        return dict(self._folder(folder).entries)

    def reports(self, folder: str | None = None) -> list[Observation]:
        """Returns what the driver has reported live, in order."""
        return list(self._folder(folder).reports)

    def problems(self, folder: str | None = None) -> list[tuple[str, str]]:
        """Returns what was reported that has no place in an observation: path and reason."""
        return list(self._folder(folder).problems)

    def wait_for(self, path: str, folder: str | None = None) -> Present:
        """Waits until something is known at a path, and returns it."""
        followed = self._folder(folder)
        return followed.wait(lambda: followed.entries.get(path), f"{path} is known", deadline=self._deadline)

    def wait_until(self, condition: Callable[[dict[str, Present]], bool], folder: str | None = None) -> None:
        """Waits until what is known of a folder is as a test wants it."""
        followed = self._folder(folder)
        followed.wait(lambda: condition(followed.entries), "the condition holds", deadline=self._deadline)

    def list_again(self, folder: str | None = None) -> dict[str, Present]:
        """Has a folder listed again, and returns what is known then."""
        followed = self._folder(folder)
        followed.rescan(deadline=self._deadline)
        return dict(followed.entries)

    def stat(self, path: str, folder: str | None = None) -> State:
        """Asks the driver what is at a path now."""
        request = driver_pb2.StatFilesRequest(folder=self._name(folder), paths=[path])
        return observation_from_wire(self._servicer.stat_files(request).observations[0]).state

    # Content.

    def read(self, path: str, folder: str | None = None, *, offset: int = 0) -> bytes:
        """Reads a file, at the revision that is known."""
        revision = self._revision(path, folder) or ""
        request = driver_pb2.GetFileRequest(folder=self._name(folder), path=path, revision=revision, offset=offset)
        return b"".join(response.data for response in self._servicer.get_file(request))

    def read_chunk(self, path: str, offset: int, size: int, folder: str | None = None) -> bytes:
        """Reads a part of a file, at the revision that is known."""
        revision = self._revision(path, folder) or ""
        request = driver_pb2.GetChunkRequest(
            folder=self._name(folder), path=path, revision=revision, offset=offset, size=size
        )
        return self._servicer.get_chunk(request).data

    def write(
        self,
        path: str,
        content: bytes,
        folder: str | None = None,
        *,
        attributes: Attributes | None = None,
        chunk_size: int | None = None,
    ) -> Present:
        """Writes a file, in place of what is known there.

        Args:
            path: Where.
            content: What.
            folder: In which folder.
            attributes: What travels with the content.
            chunk_size: Where given, a resumable upload is made of chunks of this size.
        """
        upload = self._upload(path, content, folder, attributes or Attributes())
        if chunk_size is None:
            return self._present(folder, self._servicer.upload_file(self._parts(upload, content, folder)).observation)
        session = self.start_upload(path, content, folder)
        for begin in range(0, len(content), chunk_size):
            self.upload_chunk(session, begin, content[begin : begin + chunk_size], folder)
        return self.end_upload(session, path, content, folder)

    def start_upload(self, path: str, content: bytes, folder: str | None = None) -> str:
        """Begins a resumable upload of a content and returns its id."""
        upload = upload_to_wire(self._upload(path, content, folder, Attributes()))
        request = driver_pb2.StartUploadRequest(folder=self._name(folder), upload=upload)
        return self._servicer.start_upload(request).session

    def upload_chunk(self, session: str, offset: int, chunk: bytes, folder: str | None = None) -> None:
        """Sends one chunk of a resumable upload."""
        request = driver_pb2.UploadChunkRequest(folder=self._name(folder), session=session, offset=offset, data=chunk)
        self._servicer.upload_chunk(request)

    def restart_upload(self, session: str, path: str, content: bytes, offset: int, folder: str | None = None) -> int:
        """Takes a resumable upload up again, and returns where to go on."""
        upload = upload_to_wire(self._upload(path, content, folder, Attributes()))
        request = driver_pb2.RestartUploadRequest(
            folder=self._name(folder), session=session, upload=upload, offset=offset
        )
        return self._servicer.restart_upload(request).offset

    def end_upload(self, session: str, path: str, content: bytes, folder: str | None = None) -> Present:
        """Ends a resumable upload, and returns what is there then."""
        upload = upload_to_wire(self._upload(path, content, folder, Attributes()))
        request = driver_pb2.EndUploadRequest(folder=self._name(folder), session=session, upload=upload)
        return self._present(folder, self._servicer.end_upload(request).observation)

    def abort_upload(self, session: str, folder: str | None = None) -> None:
        """Gives a resumable upload up."""
        self._servicer.abort_upload(driver_pb2.AbortUploadRequest(folder=self._name(folder), session=session))

    # Other changes.

    def delete(self, path: str, folder: str | None = None) -> None:
        """Deletes what is known at a path."""
        self._apply(Delete(path, self._revision(path, folder) or ""), folder)

    def move(self, path: str, destination: str, folder: str | None = None) -> Present:
        """Renames what is known at a path."""
        operation = Move(path, self._revision(path, folder) or "", destination)
        answer = self._apply(operation, folder, moved_from=path)
        return self._taken(folder, answer)

    def copy(self, path: str, destination: str, folder: str | None = None) -> Present:
        """Copies a file within the service."""
        answer = self._apply(Copy(path, self._revision(path, folder) or "", destination), folder)
        return self._taken(folder, answer)

    def make_directory(self, path: str, folder: str | None = None) -> Present:
        """Makes a directory."""
        return self._taken(folder, self._apply(MakeDirectory(path), folder))

    def set_attributes(self, path: str, attributes: Attributes, folder: str | None = None) -> Present:
        """Changes attributes of a file."""
        change = SetAttributes(path, self._revision(path, folder) or "", attributes)
        return self._taken(folder, self._apply(change, folder))

    # Helpers.

    def _name(self, folder: str | None) -> str:
        if folder is not None:
            return folder
        if len(self._folders) != 1:
            message = f"there are {len(self._folders)} folders: say which one of {', '.join(self._folders)}"
            raise ValueError(message)
        return next(iter(self._folders))

    def _folder(self, folder: str | None) -> FollowedFolder:
        return self._followed[self._name(folder)]

    def _revision(self, path: str, folder: str | None) -> str | None:
        known = self._folder(folder).entries.get(path)
        return None if known is None else known.revision

    def _upload(self, path: str, content: bytes, folder: str | None, attributes: Attributes) -> Upload:
        computing = hasher(OURS)
        digest = None
        if computing is not None:
            computing.update(content)
            digest = (OURS, computing.digest())
        expected, known = self._revision(path, folder), self._folder(folder).entries.get(path)
        extra = b"" if known is None else known.extra
        return Upload(
            path=path, expected=expected, size=len(content), digest=digest, attributes=attributes, extra=extra
        )

    def _parts(self, upload: Upload, content: bytes, folder: str | None) -> Iterator[driver_pb2.UploadFileRequest]:
        start = driver_pb2.UploadFileStart(folder=self._name(folder), upload=upload_to_wire(upload))
        yield driver_pb2.UploadFileRequest(start=start)
        for begin in range(0, len(content), MAX_CHUNK):
            yield driver_pb2.UploadFileRequest(data=content[begin : begin + MAX_CHUNK])

    def _apply(self, operation: Operation, folder: str | None, *, moved_from: str | None = None) -> Observation:
        request = driver_pb2.ApplyBatchRequest(folder=self._name(folder), operations=[operation_to_wire(operation)])
        answer = result_from_wire(self._servicer.apply_batch(request).results[0])
        if isinstance(answer, DriverError):
            raise answer
        self._folder(folder).take(Observation(answer.path, answer.state, answer.seq, moved_from))
        return answer

    def _present(self, folder: str | None, wire: observation_pb2.Observation) -> Present:
        observation = observation_from_wire(wire)
        self._folder(folder).take(observation)
        return self._taken(folder, observation)

    def _taken(self, folder: str | None, observation: Observation) -> Present:
        """Returns what is known where something was just changed."""
        if not isinstance(observation.state, Present):
            message = f"{observation.path}: the driver answered {observation.state} where something must be"
            raise AssertionError(message)  # noqa: TRY004  It is what a test fails of, no matter of types.
        return self._folder(folder).entries[observation.path]
