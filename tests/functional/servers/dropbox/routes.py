"""What is asked for, route by route: arguments and answers are values of the types that Dropbox publishes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs
from dropbox import async_, auth, common, files, users, users_common
from dropbox.content_hash import content_hash

from tests.functional.servers.dropbox.account import (
    Account,
    Entry,
    LookupRefused,
    Refused,
    WriteRefused,
)
from tests.functional.servers.dropbox.listing import Cursors, ResetError
from tests.functional.servers.dropbox.sessions import SessionRefused, Sessions

MOST_IN_A_BATCH: Final = 1_000
"""https://www.dropbox.com/developers/documentation/http/documentation#files-upload_session-finish_batch."""

LARGEST: Final = 150 * 1024 * 1024
"""Bytes of a request: `payload_too_large` in the documentation of `upload`."""


class ApiError(Exception):
    """An answer with status 409: the route's own error.

    Args:
        value: A value of its error type.
    """

    def __init__(self, value: Any) -> None:  # noqa: ANN401  The SDK has no types.
        super().__init__(repr(value))
        self.value = value


@attrs.frozen
class Route:
    """A route: its types, and what does it.

    Attributes:
        types: The SDK's.
        do: Takes the argument and the body, and returns the result and what is downloaded.
    """

    types: Any
    do: Callable[[Any, bytes], tuple[Any, bytes]]


def _lookup(error: LookupRefused) -> Any:  # noqa: ANN401  The SDK has no types.
    if error.tag == "malformed_path":
        return files.LookupError.malformed_path(None)
    return getattr(files.LookupError, error.tag)


def _write(error: WriteRefused) -> Any:  # noqa: ANN401  The SDK has no types.
    if error.tag == "conflict":
        return files.WriteError.conflict(getattr(files.WriteConflictError, error.conflict))
    if error.tag == "malformed_path":
        return files.WriteError.malformed_path(None)
    return getattr(files.WriteError, error.tag)


@contextmanager
def _looking(union: Any) -> Iterator[None]:  # noqa: ANN401  The SDK has no types.
    """Raises as an error of a route that nothing is there."""
    try:
        yield
    except LookupRefused as error:
        raise ApiError(union.path(_lookup(error))) from error


class Routes:
    """The routes of an account. May be used from any thread.

    Attributes:
        account: Whose.
        cursors: Those that were given out.
        sessions: Uploads in pieces.
        polls: How often a job is looked at before it is done.
        longest_poll: Seconds that somebody waits for changes at most, whatever is asked.
        busy: How many writes, of all kinds, are still refused as too many.
        busy_entries: How many entries of batches are.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.cursors = Cursors(account)
        self.sessions = Sessions()
        self.polls = 1
        self.longest_poll = 480.0
        self.busy = 0
        self.busy_entries = 0
        self._mutex = threading.Lock()
        self._jobs: dict[str, tuple[int, Any]] = {}
        self._numbers = itertools.count(1)
        self.table = dict(self._table())

    def _table(self) -> Iterator[tuple[str, Route]]:
        def rpc(do: Callable[[Any], Any]) -> Callable[[Any, bytes], tuple[Any, bytes]]:
            return lambda arg, _: (do(arg), b"")

        def upload(do: Callable[[Any, bytes], Any]) -> Callable[[Any, bytes], tuple[Any, bytes]]:
            return lambda arg, body: (do(arg, body), b"")

        plain: dict[str, Callable[[Any], Any]] = {
            "get_metadata": self._get_metadata,
            "list_folder": self._list_folder,
            "list_folder/continue": self._continue,
            "list_folder/get_latest_cursor": self._latest,
            "list_folder/longpoll": self._longpoll,
            "list_revisions": self._list_revisions,
            "restore": self._restore,
            "create_folder:2": self._create_folder,
            "delete:2": self._delete,
            "delete_batch": self._delete_batch,
            "delete_batch/check": lambda arg: self._check(arg, files.DeleteBatchJobStatus.complete),
            "move:2": self._move,
            "copy:2": self._copy,
            "upload_session/start_batch": self._start_batch,
            "upload_session/finish_batch": self._finish_batch,
            "upload_session/finish_batch:2": self._finish_batch_now,
            "upload_session/finish_batch/check": lambda arg: self._check(
                arg, files.UploadSessionFinishBatchJobStatus.complete
            ),
        }
        with_body = {
            "upload": self._upload,
            "upload_session/start": self._start,
            "upload_session/append:2": self._append,
            "upload_session/finish": self._finish,
        }
        for name, do in plain.items():
            yield _path("files", name), Route(files.ROUTES[name], rpc(do))
        for name, take in with_body.items():
            yield _path("files", name), Route(files.ROUTES[name], upload(take))
        yield "files/download", Route(files.ROUTES["download"], self._download)
        yield "users/get_current_account", Route(users.ROUTES["get_current_account"], rpc(self._account))
        yield "users/get_space_usage", Route(users.ROUTES["get_space_usage"], rpc(self._space))

    # The account.

    def _account(self, _arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        name = users.Name(
            given_name="Ada",
            surname="Lovelace",
            familiar_name="Ada",
            display_name="Ada Lovelace",
            abbreviated_name="AL",
        )
        space = self.account.namespace
        return users.FullAccount(
            account_id=self.account.id,
            name=name,
            email=self.account.email,
            email_verified=True,
            disabled=False,
            locale="en",
            referral_link="https://example.org/",
            is_paired=False,
            account_type=users_common.AccountType.basic,
            root_info=common.UserRootInfo(root_namespace_id=space, home_namespace_id=space),
        )

    def _space(self, _arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        allocated = users.IndividualSpaceAllocation(allocated=self.account.allocated)
        return users.SpaceUsage(used=self.account.used, allocation=users.SpaceAllocation.individual(allocated))

    # Looking.

    def _get_metadata(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        with _looking(files.GetMetadataError):
            return self.account.find(arg.path).shown()

    def _list_folder(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        with _looking(files.ListFolderError):
            return _listed(
                self.cursors.begin(
                    arg.path, recursive=arg.recursive, deleted=arg.include_deleted, limit=arg.limit or None
                )
            )

    def _latest(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        with _looking(files.ListFolderError):
            begun = self.cursors.begin(
                arg.path, recursive=arg.recursive, deleted=arg.include_deleted, limit=None, latest=True
            )
            return files.ListFolderGetLatestCursorResult(cursor=begun[1])

    def _continue(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        try:
            return _listed(self.cursors.go_on(arg.cursor))
        except ResetError:
            raise ApiError(files.ListFolderContinueError.reset) from None

    def _longpoll(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        try:
            changes = self.cursors.wait(arg.cursor, min(arg.timeout, self.longest_poll))
        except ResetError:
            raise ApiError(files.ListFolderLongpollError.reset) from None
        return files.ListFolderLongpollResult(changes=changes)

    def _download(self, arg: Any, _body: bytes) -> tuple[Any, bytes]:  # noqa: ANN401  The SDK has no types.
        with _looking(files.DownloadError):
            found = self.account.find(arg.path)
            if found.content is None:
                raise LookupRefused("not_file")
            return found.shown(), found.content

    def _list_revisions(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        with _looking(files.ListRevisionsError):
            found, deleted = self.account.revisions(arg.path)
        if arg.before_rev:
            found = found[next((at for at, one in enumerate(found, 1) if one.rev == arg.before_rev), len(found)) :]
        page = [one.shown() for one in found[: arg.limit]]
        result = files.ListRevisionsResult(
            is_deleted=deleted is not None, entries=page, has_more=len(found) > len(page)
        )
        if deleted is not None:
            result.server_deleted = deleted.when
        return result

    # Changing.

    def _refuse_when_busy(self) -> None:
        with self._mutex:
            busy, self.busy = self.busy, max(0, self.busy - 1)
        if busy:
            raise WriteRefused("too_many_write_operations")

    def _commit(self, commit: Any, content: bytes) -> Entry:  # noqa: ANN401  The SDK has no types.
        mode = commit.mode
        return self.account.write(
            commit.path,
            content,
            update=mode.get_update() if mode.is_update() else None,
            overwrite=mode.is_overwrite(),
            strict=commit.strict_conflict,
            autorename=commit.autorename,
            client_modified=commit.client_modified or None,
        )

    def _upload(self, arg: Any, body: bytes) -> Any:  # noqa: ANN401  The SDK has no types.
        if len(body) > LARGEST:
            raise ApiError(files.UploadError.payload_too_large)
        if _is_damaged(arg, body):
            raise ApiError(files.UploadError.content_hash_mismatch)
        try:
            self._refuse_when_busy()
            return self._commit(arg, body).shown()
        except WriteRefused as error:
            session = self.sessions.start(body, close=True, concurrent=False)
            failed = files.UploadWriteFailed(reason=_write(error), upload_session_id=session)
            raise ApiError(files.UploadError.path(failed)) from error

    def _create_folder(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        try:
            self._refuse_when_busy()
            made = self.account.make_folder(arg.path, autorename=arg.autorename)
        except WriteRefused as error:
            raise ApiError(files.CreateFolderError.path(_write(error))) from error
        return files.CreateFolderResult(metadata=made.shown())

    def _deleted(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        try:
            self._refuse_when_busy()
            return self.account.delete(arg.path, arg.parent_rev or None).shown()
        except LookupRefused as error:
            raise ApiError(files.DeleteError.path_lookup(_lookup(error))) from error
        except WriteRefused as error:
            if error.tag == "too_many_write_operations":
                raise ApiError(files.DeleteError.too_many_write_operations) from error
            raise ApiError(files.DeleteError.path_write(_write(error))) from error

    def _delete(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        return files.DeleteResult(metadata=self._deleted(arg))

    def _delete_batch(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        entries = []
        for one in arg.entries:
            try:
                self._refuse_entry_when_busy()
                done = files.DeleteBatchResultData(metadata=self._deleted(one))
                entries.append(files.DeleteBatchResultEntry.success(done))
            except WriteRefused:
                refused = files.DeleteError.too_many_write_operations
                entries.append(files.DeleteBatchResultEntry.failure(refused))
            except ApiError as error:
                entries.append(files.DeleteBatchResultEntry.failure(error.value))
        return files.DeleteBatchLaunch.async_job_id(self._job(files.DeleteBatchResult(entries=entries)))

    def _move(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        return self._relocate(arg, copy=False)

    def _copy(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        return self._relocate(arg, copy=True)

    def _relocate(self, arg: Any, *, copy: bool) -> Any:  # noqa: ANN401  The SDK has no types.
        try:
            self._refuse_when_busy()
            moved = self.account.move(arg.from_path, arg.to_path, autorename=arg.autorename, copy=copy)
        except LookupRefused as error:
            raise ApiError(files.RelocationError.from_lookup(_lookup(error))) from error
        except WriteRefused as error:
            if error.tag == "too_many_write_operations":
                raise ApiError(files.RelocationError.to(files.WriteError.too_many_write_operations)) from error
            raise ApiError(files.RelocationError.to(_write(error))) from error
        except Refused as error:
            raise ApiError(getattr(files.RelocationError, error.tag)) from error
        return files.RelocationResult(metadata=moved.shown())

    def _restore(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        try:
            return self.account.restore(arg.path, arg.rev).shown()
        except WriteRefused as error:
            raise ApiError(files.RestoreError.path_write(_write(error))) from error
        except Refused as error:
            raise ApiError(files.RestoreError.invalid_revision) from error

    # Uploads in pieces.

    def _start(self, arg: Any, body: bytes) -> Any:  # noqa: ANN401  The SDK has no types.
        if _is_damaged(arg, body):
            raise ApiError(files.UploadSessionStartError.content_hash_mismatch)
        concurrent = bool(arg.session_type) and arg.session_type.is_concurrent()
        if concurrent and body:
            raise ApiError(files.UploadSessionStartError.concurrent_session_data_not_allowed)
        if concurrent and arg.close:
            raise ApiError(files.UploadSessionStartError.concurrent_session_close_not_allowed)
        return files.UploadSessionStartResult(
            session_id=self.sessions.start(body, close=arg.close, concurrent=concurrent)
        )

    def _start_batch(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        concurrent = bool(arg.session_type) and arg.session_type.is_concurrent()
        started = [self.sessions.start(b"", close=False, concurrent=concurrent) for _ in range(arg.num_sessions)]
        return files.UploadSessionStartBatchResult(session_ids=started)

    def _append(self, arg: Any, body: bytes) -> None:  # noqa: ANN401  The SDK has no types.
        if len(body) > LARGEST:
            raise ApiError(files.UploadSessionAppendError.payload_too_large)
        if _is_damaged(arg, body):
            raise ApiError(files.UploadSessionAppendError.content_hash_mismatch)
        try:
            self.sessions.append(arg.cursor.session_id, arg.cursor.offset, body, close=arg.close)
        except SessionRefused as error:
            raise ApiError(error.of(files.UploadSessionAppendError)) from error

    def _finished(self, arg: Any, body: bytes = b"", *, closed: bool = False) -> Any:  # noqa: ANN401  As above.
        name = arg.cursor.session_id
        try:
            content = self.sessions.content(name, arg.cursor.offset, body, closed=closed)
            self._refuse_when_busy()
            entry = self._commit(arg.commit, content)
        except SessionRefused as error:
            if error.tag.startswith("concurrent_session"):
                raise ApiError(getattr(files.UploadSessionFinishError, error.tag)) from error
            raise ApiError(
                files.UploadSessionFinishError.lookup_failed(error.of(files.UploadSessionLookupError))
            ) from error
        except WriteRefused as error:
            if error.tag == "too_many_write_operations":
                raise ApiError(files.UploadSessionFinishError.too_many_write_operations) from error
            raise ApiError(files.UploadSessionFinishError.path(_write(error))) from error
        self.sessions.end(name)
        return entry.shown()

    def _finish(self, arg: Any, body: bytes) -> Any:  # noqa: ANN401  The SDK has no types.
        if _is_damaged(arg, body):
            raise ApiError(files.UploadSessionFinishError.content_hash_mismatch)
        return self._finished(arg, body)

    def _finish_batch_now(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        entries = []
        for one in arg.entries:
            try:
                self._refuse_entry_when_busy()
                entries.append(files.UploadSessionFinishBatchResultEntry.success(self._finished(one, closed=True)))
            except WriteRefused:
                refused = files.UploadSessionFinishError.too_many_write_operations
                entries.append(files.UploadSessionFinishBatchResultEntry.failure(refused))
            except ApiError as error:
                entries.append(files.UploadSessionFinishBatchResultEntry.failure(error.value))
        return files.UploadSessionFinishBatchResult(entries=entries)

    def _finish_batch(self, arg: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        return files.UploadSessionFinishBatchLaunch.async_job_id(self._job(self._finish_batch_now(arg)))

    def _refuse_entry_when_busy(self) -> None:
        with self._mutex:
            busy, self.busy_entries = self.busy_entries, max(0, self.busy_entries - 1)
        if busy:
            raise WriteRefused("too_many_write_operations")

    # Jobs.

    def _job(self, result: Any) -> str:  # noqa: ANN401  The SDK has no types.
        with self._mutex:
            name = f"job-{next(self._numbers)}"
            self._jobs[name] = (self.polls, result)
            return name

    def _check(self, arg: Any, complete: Callable[[Any], Any]) -> Any:  # noqa: ANN401  The SDK has no types.
        with self._mutex:
            if arg.async_job_id not in self._jobs:
                raise ApiError(async_.PollError.invalid_async_job_id)
            left, result = self._jobs[arg.async_job_id]
            self._jobs[arg.async_job_id] = (left - 1, result)
        if left > 0:
            union = (
                files.DeleteBatchJobStatus
                if isinstance(result, files.DeleteBatchResult)
                else files.UploadSessionFinishBatchJobStatus
            )
            return union.in_progress
        return complete(result)


def rate_limited(retry_after: int) -> Any:  # noqa: ANN401  The SDK has no types.
    """Returns the error of an answer with status 429."""
    return auth.RateLimitError(reason=auth.RateLimitReason.too_many_requests, retry_after=retry_after)


def too_many_writes(retry_after: int) -> Any:  # noqa: ANN401  The SDK has no types.
    """Returns the error of an answer with status 429, where the namespace is locked."""
    return auth.RateLimitError(reason=auth.RateLimitReason.too_many_write_operations, retry_after=retry_after)


def _listed(page: tuple[list[Any], str, bool]) -> Any:  # noqa: ANN401  The SDK has no types.
    entries, cursor, has_more = page
    return files.ListFolderResult(entries=entries, cursor=cursor, has_more=has_more)


def _is_damaged(arg: Any, body: bytes) -> bool:  # noqa: ANN401  The SDK has no types.
    return bool(arg.content_hash) and arg.content_hash != content_hash(body)


def _path(namespace: str, name: str) -> str:
    plain, _, version = name.partition(":")
    return f"{namespace}/{plain}_v{version}" if version else f"{namespace}/{plain}"
