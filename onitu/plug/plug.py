"""The Plug: the class with all the boilerplate a driver needs to speak with Onitu (CONTRACT D).

A driver makes one at import, hangs its handlers on it, and is served from it by `python -m onitu.plug NAME`. The Plug
holds what the driver declared and what the core configured; it does not know gRPC, and a driver's handlers can be
called through it in a test without any server.
"""

from __future__ import annotations

import itertools
import logging
import threading
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Protocol, TypeVar

from onitu.core.model import Absent, Kind, Present
from onitu.errors import DriverError, Unavailable, Unsupported
from onitu.plug.coroutines import Coroutines
from onitu.plug.handlers import (
    capabilities_of,
    check_declaration,
    check_task,
    conditional_of,
    limits_of,
    missing_features,
)
from onitu.plug.parallel import Parallel
from onitu.plug.revisions import revision_from_text, revision_to_text
from onitu.plug.values import Metadata, check_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Unpack

    from onitu.core.capability import Capabilities, Conditional, Limits
    from onitu.core.manifest import OptionValue
    from onitu.core.model import State, Upload
    from onitu.plug.handlers import Declaration
    from onitu.plug.values import Folder

P = ParamSpec("P")
R = TypeVar("R")

GENERATION_SHIFT: Final = 40
"""Observation numbers start at `generation << 40`: a process would need 35 years at 1,000 a second to use them up."""

CHANGES_TIMER: Final = 60.0
"""Seconds between two listings of a service that cannot be watched, unless setup or driver say another number."""

STREAM_DEADLINE: Final = 30.0
"""Seconds that a report or a lookup waits for the core to open the change stream of its folder."""


class Reporter(Protocol):
    """What the Plug needs of the change stream of a folder, where one is open."""

    def report(self, path: str, state: State, moved_from: str | None = None) -> None:
        """Sends one live change."""

    def note(self, path: str, state: State) -> None:
        """Sends a new revision of content that is known."""

    def problem(self, display_path: str, reason: str) -> None:
        """Sends what has no place in an observation."""

    def lookup(self, path: str) -> Metadata:
        """Returns what the core knows of a path."""


class Plug:
    """One driver, and the service it is configured for.

    Every method may be called from any thread.

    Attributes:
        options: The service's options, validated, complete with defaults.
        folders: The folders this service takes part in, by name.
        service_name: Name of the service in the setup.
        setup_id: Id of the setup.
        generation: Number of this configuration; grows over restarts.
        logger: For the driver's own log lines; what is logged here ends up in Onitu's log.
    """

    def __init__(self) -> None:
        self.options: dict[str, OptionValue] = {}
        self.folders: dict[str, Folder] = {}
        self.service_name = ""
        self.setup_id = ""
        self.generation = 0
        self.logger = logging.getLogger("onitu.driver")
        self._changes_timer: float | None = None
        self._implicit_folder = False
        self._coroutines = Coroutines()
        self._parallel = Parallel(1)
        self._registered: dict[str, Callable[..., Any]] = {}
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._declared: Declaration = {}
        self._ticks = itertools.count(1)
        self._reporters: dict[str, Reporter] = {}
        self._reporter_came = threading.Condition()
        self._started = threading.Event()
        self._failure: DriverError | None = None
        self._closed = threading.Event()

    # What a driver says at import.

    def handler(self, task: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Returns a decorator that makes a function the handler of a task.

        Args:
            task: Name of the task; without it the function's name. The function may be a coroutine: it runs in an
                event loop of the SDK's then.

        Raises:
            ValueError: There is no such task.
        """
        if not isinstance(task, str | None):
            message = "write @plug.handler(), with parentheses"  # type: ignore[unreachable]  # Not every author types.
            raise TypeError(message)
        if task is not None:
            check_task(task)

        def register(function: Callable[P, R]) -> Callable[P, R]:
            name = function.__name__ if task is None else task
            check_task(name)
            self._registered[name] = function
            self._choose()
            return function

        return register

    def declare(self, **declaration: Unpack[Declaration]) -> None:
        """Says what the service can do that no handler shows; may be called again, also in `open_folder`.

        Args:
            declaration: Names and values as in `onitu.plug.handlers.Declaration`.

        Raises:
            TypeError: A name that cannot be declared.
        """
        check_declaration(declaration.keys())
        self._declared.update(declaration)
        self._choose()

    def _choose(self) -> None:
        """Leaves the handlers out that this service is declared to be without."""
        without = self._declared.get("without", ())
        self._handlers = {task: function for task, function in self._registered.items() if task not in without}

    @property
    def handlers(self) -> Mapping[str, Callable[..., Any]]:
        """The handlers by task, but for those that the service is declared to be without."""
        return self._handlers

    @property
    def declared(self) -> Declaration:
        """What the driver declared."""
        return self._declared

    @property
    def capabilities(self) -> Capabilities:
        """What the service can do, from the handlers and what was declared."""
        return capabilities_of(self._handlers.keys(), self._declared)

    @property
    def limits(self) -> Limits:
        """The numbers a caller keeps to."""
        return limits_of(self._handlers.keys(), self._declared)

    @property
    def conditional(self) -> Conditional:
        """How expectations are kept."""
        return conditional_of(self._handlers.keys(), self._declared)

    @property
    def parallel(self) -> Parallel:
        """What lets as many handlers work at once as the driver declared."""
        most = self._declared.get("parallel", 1)
        if self._parallel.most != most:
            self._parallel.close()
            self._parallel = Parallel(most)
        return self._parallel

    def missing_features(self) -> dict[str, str]:
        """Returns the handlers that are missing, with what Onitu does without each (CONTRACT D7)."""
        return missing_features(self._handlers.keys())

    @property
    def changes_timer(self) -> float:
        """Seconds between two listings where there is no `watch`: the setup's, else the driver's, else a minute."""
        return self._changes_timer or self._declared.get("changes_timer", CHANGES_TIMER)

    # What a driver says while it runs.

    def listen(self) -> None:
        """Says that the driver is ready, and returns when Onitu closes. The end of `start()`."""
        self._started.set()
        self._closed.wait()

    def tick(self) -> int:
        """Returns the next observation number: taken before looking at the service, or after a change was made."""
        return next(self._ticks)

    def problem(self, folder: Folder | str, display_path: str, reason: str) -> None:
        """Reports what has no place in an observation, such as a name that is not UTF-8.

        Args:
            folder: The folder.
            display_path: The path, made printable.
            reason: What is wrong and what to do, for a person.
        """
        name = folder if isinstance(folder, str) else folder.name
        reporter = self._reporters.get(name)
        if reporter is None:
            self.logger.warning("path_failed", extra={"folder": name, "path": display_path, "reason": reason})
        else:
            reporter.problem(display_path, reason)

    def get_metadata(self, filename: str, folder: str | None = None) -> Metadata:
        """Asks the core what it knows of a file here. Changes nothing there.

        Args:
            filename: Path relative to the folder.
            folder: Name of the folder; without it the service's only one.

        Raises:
            ValueError: No folder was named and there are several, or none.
            InvalidPath: The name is not one below the folder.
            Unavailable: The core did not answer.
        """
        name = self._only_folder(folder)
        check_path(filename)
        return self._reporter(name).lookup(filename)

    def update_file(self, metadata: Metadata) -> None:
        """Reports a file that is new or changed, as its metadata say; its `revision` must have been set.

        Raises:
            DriverError: The revision is neither text nor a number.
            Unavailable: Nobody follows the changes of the folder now.
        """
        self._reporter(metadata.folder).report(metadata.filename, present_of(metadata))

    def delete_file(self, metadata: Metadata) -> None:
        """Reports a file that is gone."""
        self._reporter(metadata.folder).report(metadata.filename, Absent())

    def move_file(self, metadata: Metadata, new_filename: str) -> None:
        """Reports a file that was renamed.

        Args:
            metadata: The file under its old name, its `revision` being the one it has now.
            new_filename: Its new path, relative to the same folder.
        """
        self._reporter(metadata.folder).report(new_filename, present_of(metadata), metadata.filename)

    # What the server that serves this Plug does with it.

    def configure(
        self,
        *,
        service: str,
        setup_id: str,
        generation: int,
        options: dict[str, OptionValue],
        changes_timer: float | None = None,
        implicit_folder: bool = False,
    ) -> None:
        """Takes the service's settings; the folders come one by one, since opening each may fail on its own."""
        self._changes_timer = changes_timer
        self._implicit_folder = implicit_folder
        self.service_name = service
        self.setup_id = setup_id
        self.options = options
        if generation != self.generation:
            self._ticks = itertools.count((generation << GENERATION_SHIFT) + 1)
        self.generation = generation

    def renew(self, *, listening: bool = False) -> None:
        """Makes it as it was before it was started: a test starts a driver more than once in one process.

        Args:
            listening: Whether it counts as having come to `listen()`.
        """
        self._closed.clear()
        self._failure = None
        if listening:
            self._started.set()
        else:
            self._started.clear()

    def call(self, task: str, *arguments: object) -> Any:  # noqa: ANN401  Each handler has its own type of answer.
        """Calls a handler.

        Raises:
            Unsupported: The driver has none for this task.
            DriverError: What the handler raised; anything but a `DriverError` is logged with its traceback.
        """
        self.require(task)
        try:
            return self._coroutines.finish(self._handlers[task](*arguments))
        except DriverError:
            raise
        except Exception as error:  # A supervised border: no fault of a handler may end the driver (CONTRACT D8).
            raise self.wrapped(task, error) from error

    def require(self, task: str) -> None:
        """Raises `Unsupported` where the driver has no handler for a task."""
        if task not in self._handlers:
            message = f"this driver has no handler for {task!r}"
            raise Unsupported(message)

    def wrapped(self, task: str, error: Exception) -> DriverError:
        """Returns the `DriverError` for what a handler raised; logs what is not one, with its traceback."""
        if isinstance(error, DriverError):
            return error
        self.logger.error("handler_failed", exc_info=error, extra={"task": task, "service": self.service_name})
        return DriverError(f"{task}: {type(error).__name__}: {error}")

    def metadata(self, folder: Folder, filename: str, *, revision: str = "", expected: str | None = None) -> Metadata:
        """Returns the metadata of a path the core named.

        Args:
            folder: The folder.
            filename: Relative to it.
            revision: As the core keeps it; "" where there is none.
            expected: As in `Metadata`.

        Raises:
            InvalidPath: It would leave the folder.
        """
        check_path(filename)
        path = filename if folder.path == "." else f"{folder.path}/{filename}"
        metadata = Metadata(
            filename,
            folder.name,
            path=path,
            revision=revision_from_text(revision),
            expected=expected,
            implicit_folder=self._implicit_folder,
        )
        metadata.on_lookup(lambda: self._known(folder.name, filename))
        return metadata

    def _known(self, folder: str, filename: str) -> Metadata | None:
        """Returns what the core knows of a path; None while it cannot be asked, which keeps no handler waiting."""
        reporter = self._reporters.get(folder)
        try:
            return reporter.lookup(filename) if reporter is not None else None
        except Unavailable:
            return None

    def upload_metadata(self, folder: Folder, upload: Upload, *, session: str = "") -> Metadata:
        """Returns the metadata of an upload.

        Raises:
            InvalidPath: Its path would leave the folder.
        """
        metadata = self.metadata(folder, upload.path, revision=upload.expected or "", expected=upload.expected)
        metadata.upload = upload
        metadata.size = upload.size
        metadata.session = session
        metadata.adopt_extra(upload.extra)
        mtime_ns = upload.attributes.mtime_ns
        if mtime_ns is not None:
            metadata.mtime = mtime_ns / 1e9
        return metadata

    def attach(self, folder: str, reporter: Reporter) -> None:
        """Makes this the open change stream of a folder."""
        with self._reporter_came:
            self._reporters[folder] = reporter
            self._reporter_came.notify_all()

    def detach(self, folder: str, reporter: Reporter) -> None:
        """Takes the change stream away, unless another one has come in its place."""
        if self._reporters.get(folder) is reporter:
            del self._reporters[folder]

    def close(self) -> None:
        """Lets `listen()` return."""
        self._closed.set()

    @property
    def is_closed(self) -> bool:
        """Whether Onitu is closing."""
        return self._closed.is_set()

    def fail(self, error: DriverError) -> bool:
        """Says that `start()` ended: every call is answered with this error from now on.

        Returns:
            Whether it had come to `listen()` before.
        """
        listened = self._started.is_set()
        self._failure = error
        self._started.set()
        return listened

    def wait_started(self, timeout: float) -> bool:
        """Waits until `start()` has come to `listen()` and returns whether it has.

        Raises:
            DriverError: `start()` ended instead.
        """
        if not self._started.wait(timeout):
            return False
        if self._failure is not None:
            raise self._failure
        return True

    def _reporter(self, folder: str) -> Reporter:
        with self._reporter_came:
            # Right after `Configure` the core is only about to open the stream, and `start()` may already ask.
            self._reporter_came.wait_for(lambda: folder in self._reporters or self.is_closed, STREAM_DEADLINE)
            reporter = self._reporters.get(folder)
        if reporter is None:
            message = f"Onitu does not follow the changes of the folder {folder!r} now"
            raise Unavailable(message)
        return reporter

    def _only_folder(self, folder: str | None) -> str:
        if folder is not None:
            return folder
        if len(self.folders) != 1:
            message = f"this service has {len(self.folders)} folders: say which one of {', '.join(self.folders)}"
            raise ValueError(message)
        return next(iter(self.folders))


def present_of(metadata: Metadata) -> Present:
    """Returns the observation that a driver made in the form of metadata (CONTRACT D10)."""
    return Present(
        kind=Kind.FILE,
        revision=revision_to_text(metadata.revision),
        size=metadata.size,
        mtime_ns=metadata.mtime_ns,
        extra=metadata.raw_extra,
    )
