"""One attempt at one large file: what is asked of the target, what is sent, what is left for the next attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import attrs
import msgspec
import pytest
import trio
from blake3 import blake3

from onitu.config.values import Timetable
from onitu.core.capability import Capabilities, Conditional, Limits
from onitu.core.model import FileIdentity, Kind, LocalFile, Observation, Present
from onitu.core.node import Action, Version
from onitu.core.task import Source, Task
from onitu.errors import (
    Corrupted,
    DriverError,
    NotFound,
    OutcomeUnknown,
    QuotaExceeded,
    RevisionMismatch,
    SourceChanged,
    Unavailable,
    Unsupported,
)
from onitu.host.client import DriverClient
from onitu.rpc import convert
from onitu.rpc.gen import driver_pb2 as wire
from onitu.transfer.pace import Pace
from onitu.transfer.resume import RESUMABLE_BYTES, Resumable, Session, is_resumable
from tests.unit.host.fake_connection import FakeConnection, client_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

CONTENT = bytes(range(256))
DIGEST = blake3(CONTENT).digest()
CHUNK = 64
REVISION = "1:2:256:3:4"
FILE = LocalFile("/here", "a", FileIdentity(1, 2, 256, 3, 4))
RESUMES = Capabilities(chunks=True, restart_upload=True, staging=True, conditional=Conditional.ATOMIC)


@attrs.define
class End:
    """One end of a transfer."""

    client: DriverClient
    folder: str = "docs"
    local_root: str | None = None
    reading: trio.CapacityLimiter = attrs.Factory(lambda: trio.CapacityLimiter(1))
    pace: Pace = attrs.Factory(Pace)


class World:
    """A source and a target that exist as functions.

    Attributes:
        staged: What the target has staged, by session.
        sent: Offsets of the chunks that came.
        read: Offset and size of what the target has read itself.
        pace: How fast bytes may go to the target.
        ended: What became visible, with the digest that was announced for it.
    """

    def __init__(self, *, computes: bool = False, reads_itself: bool = False) -> None:
        self.target, self.source = FakeConnection(), FakeConnection()
        self.staged: dict[str, bytearray] = {}
        self.sent: list[int] = []
        self.read: list[tuple[int, int]] = []
        self.aborted: list[str] = []
        self.ended: list[tuple[bytes, bytes | None]] = []
        self.kept: list[Session] = []
        self.begun: list[int] = []
        self.announced: list[dict[str, bytes]] = []
        self.sources = {"source"}
        digests = ("blake3",) if computes else ()
        able = msgspec.structs.replace(RESUMES, local_files=True, local_chunks=reads_itself)
        root = "/here" if reads_itself else None
        source = client_of(self.source, Capabilities(chunks=True, computed_digests=digests), Limits())
        self._ends = {"target": End(client_of(self.target, able)), "source": End(source, local_root=root)}
        self.pace = self._ends["target"].pace
        for end in self._ends.values():
            end.client._calls.chunk_size = CHUNK
        self.target.unary = {
            "StartUpload": self._start,
            "RestartUpload": self._restart,
            "UploadChunk": self._chunk,
            "EndUpload": self._end,
            "AbortUpload": self._abort,
        }
        self.source.unary = {"GetChunk": self._get, "StatFiles": self._stat}

    def transfer(
        self, session: Session | None = None, *, digest: bytes | None = DIGEST, keeps_times: bool = True
    ) -> Resumable:
        """Returns an attempt."""
        version = Version(
            number=3,
            kind=Kind.FILE,
            size=len(CONTENT),
            mtime_ns=1,
            origin="source",
            revision=REVISION,
            digests={"blake3": digest} if digest is not None else {},
        )
        source = Source("source", 1, "a", REVISION)
        task = Task(node=1, action=Action.WRITE, path="a", version=version, source=source)

        async def keep(session: Session) -> None:
            await trio.lowlevel.checkpoint()
            self.kept.append(session)

        async def announce(digests: dict[str, bytes]) -> None:
            await trio.lowlevel.checkpoint()
            assert not self.ended
            self.announced.append(digests)

        return Resumable(
            self._ends["target"],
            task,
            source,
            lambda name: self._ends[name] if name in self.sources else None,
            session=session,
            keep=keep,
            begun=self.begun.append,
            announce=None if keeps_times else announce,
        )

    def fail(self, connection: FakeConnection, method: str, error: DriverError, *, after: int = 0) -> None:
        """Has a call fail, from the first or from a later one on."""
        serve = cast("Callable[[Message], Message]", connection.unary[method])
        calls = iter(range(1_000))

        def failing(request: Message) -> Message:
            if next(calls) >= after:
                raise error
            return serve(request)

        connection.unary[method] = failing

    def _start(self, _request: Message) -> Message:
        session = f"s{len(self.staged) + 1}"
        self.staged[session] = bytearray()
        return wire.StartUploadResponse(session=session)

    def _restart(self, request: Message) -> Message:
        session = cast("wire.RestartUploadRequest", request).session
        if session not in self.staged:
            raise NotFound(session)
        return wire.RestartUploadResponse(offset=len(self.staged[session]))

    def _chunk(self, request: Message) -> Message:
        chunk = cast("wire.UploadChunkRequest", request)
        assert chunk.offset == len(self.staged[chunk.session])
        assert self.kept or self.begun
        if chunk.HasField("local_file"):
            assert convert.local_file_from_wire(chunk.local_file) == FILE
            self.read.append((chunk.offset, chunk.size))
            chunk.data = CONTENT[chunk.offset : chunk.offset + chunk.size]
        self.staged[chunk.session] += chunk.data
        self.sent.append(chunk.offset)
        return wire.UploadChunkResponse()

    def _end(self, request: Message) -> Message:
        end = cast("wire.EndUploadRequest", request)
        upload = convert.upload_from_wire(end.upload)
        self.ended.append((bytes(self.staged.pop(end.session)), upload.digest[1] if upload.digest else None))
        answer = wire.EndUploadResponse()
        convert.observation_to_wire(Observation("a", Present(kind=Kind.FILE, revision="t1"), 9), answer.observation)
        return answer

    def _abort(self, request: Message) -> Message:
        session = cast("wire.AbortUploadRequest", request).session
        self.aborted.append(session)
        self.staged.pop(session, None)
        return wire.AbortUploadResponse()

    def _get(self, request: Message) -> Message:
        asked = cast("wire.GetChunkRequest", request)
        return wire.GetChunkResponse(data=CONTENT[asked.offset : asked.offset + asked.size])

    def _stat(self, _request: Message) -> Message:
        answer = wire.StatFilesResponse()
        seen = Present(kind=Kind.FILE, revision=REVISION, size=len(CONTENT), digests={"blake3": DIGEST})
        convert.observation_to_wire(Observation("a", seen, 9), answer.observations.add())
        return answer


async def test_a_new_transfer_is_recorded_before_its_first_byte() -> None:
    """F4: the id of the upload is kept, then chunks go in order, and the end carries the digest of the whole."""
    world = World()
    transfer = world.transfer()

    assert isinstance(await transfer.run(), Observation)
    assert world.kept == [Session("s1", 3)]
    assert world.sent == [0, 64, 128, 192]
    assert world.ended == [(CONTENT, DIGEST)]
    assert transfer.session is None


async def test_an_unknown_digest_is_computed_on_the_way() -> None:
    """G3: also a version that nobody has hashed yet is verified by the target."""
    world = World()
    await world.transfer(digest=None).run()

    assert world.ended == [(CONTENT, DIGEST)]


@pytest.mark.parametrize("reads_itself", [False, True], ids=["passing through here", "read by the target"])
@pytest.mark.parametrize(("digest", "announced"), [(None, [{"blake3": DIGEST}]), (DIGEST, [])])
async def test_what_no_time_tells_is_announced_before_the_end(
    digest: bytes | None, announced: list[dict[str, bytes]], *, reads_itself: bool
) -> None:
    """P13: where times are not kept, a digest that is not on record yet is given away before the file is visible."""
    world = World(computes=reads_itself, reads_itself=reads_itself)
    await world.transfer(digest=digest, keeps_times=False).run()

    assert world.announced == announced
    assert world.ended == [(CONTENT, DIGEST)]
    assert bool(world.read) is reads_itself


@pytest.mark.parametrize("computes", [True, False], ids=["hashed there", "read again"])
async def test_a_transfer_goes_on_where_the_target_says(*, computes: bool) -> None:
    """F4: nothing that is staged is sent again, and the digest is that of the whole file."""
    world = World(computes=computes)
    world.staged["old"] = bytearray(CONTENT[:100])
    transfer = world.transfer(Session("old", 3, 64), digest=None)
    await transfer.run()

    asked = cast("wire.RestartUploadRequest", world.target.requests("RestartUpload")[0])
    assert asked.offset == 64
    assert world.begun == [100]
    assert world.sent == [100, 164, 228]
    assert world.ended == [(CONTENT, DIGEST)]
    assert world.kept == []
    assert bool(world.source.requests("StatFiles")) is computes


@pytest.mark.parametrize("staged", [0, 100])
async def test_a_file_of_this_host_is_read_by_the_target(staged: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """F4, D9: no byte passes through here, it goes on where the target says, and the whole is verified."""
    monkeypatch.setattr("onitu.host.uploads.LOCAL_BYTES", 130)
    world = World(computes=True, reads_itself=True)
    world.staged["s1"] = bytearray(CONTENT[:staged])
    transfer = world.transfer(Session("s1", 3) if staged else None, digest=None)

    assert isinstance(await transfer.run(), Observation)
    assert world.read == ([(0, 128), (128, 128)] if not staged else [(100, 128), (228, 28)])
    assert world.ended == [(CONTENT, DIGEST)]
    assert world.source.requests("GetChunk") == []


async def test_what_nobody_has_a_digest_of_passes_through_here() -> None:
    """P12: bytes that the target reads itself are only right if somebody says what they should be."""
    world = World(computes=False, reads_itself=True)

    assert isinstance(await world.transfer(digest=None).run(), Observation)
    assert world.read == []
    assert world.ended == [(CONTENT, DIGEST)]


async def test_what_has_a_limit_passes_through_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """F8: a limit that comes into force while the target reads by itself holds for the rest."""
    monkeypatch.setattr("onitu.host.uploads.LOCAL_BYTES", CHUNK)
    world = World(reads_itself=True)
    serve = cast("Callable[[Message], Message]", world.target.unary["UploadChunk"])

    def limiting(request: Message) -> Message:
        world.pace.up.limit(Timetable(otherwise=1_000_000))
        return serve(request)

    world.target.unary["UploadChunk"] = limiting
    transfer = world.transfer()
    assert isinstance(await transfer.run(), Unavailable)
    assert isinstance(await world.transfer(transfer.session).run(), Observation)

    assert world.read == [(0, 64)]
    assert world.sent == [0, 64, 128, 192]
    assert world.ended == [(CONTENT, DIGEST)]


async def test_a_file_of_this_host_that_is_another_one_is_looked_at() -> None:
    """G3: what the target finds changed is not taken up again, and the source is looked at."""
    world = World(reads_itself=True)
    world.fail(world.target, "UploadChunk", SourceChanged("edited"))
    transfer = world.transfer()

    assert isinstance(await transfer.run(), SourceChanged)
    assert transfer.source_changed
    assert world.aborted == ["s1"]


async def test_a_source_that_cannot_say_what_its_bytes_are_ends_the_attempt() -> None:
    """G3: the target reads meanwhile, and what it has is not made visible."""
    world = World(computes=True, reads_itself=True)
    world.fail(world.source, "StatFiles", Unavailable("away"))
    transfer = world.transfer(digest=None)

    assert isinstance(await transfer.run(), Unavailable)
    assert world.ended == []
    assert transfer.session is not None


async def test_all_may_be_staged_already() -> None:
    """F4: a crash between the last chunk and the end leaves the end to be done."""
    world = World()
    world.staged["old"] = bytearray(CONTENT)
    await world.transfer(Session("old", 3)).run()

    assert world.sent == []
    assert world.ended == [(CONTENT, DIGEST)]


async def test_a_forgotten_upload_begins_again() -> None:
    """F4: a target that does not know the upload any more gets another one."""
    world = World()
    await world.transfer(Session("forgotten", 3)).run()

    assert world.aborted == ["forgotten"]
    assert world.kept == [Session("s1", 3)]
    assert world.sent == [0, 64, 128, 192]


@pytest.mark.parametrize(
    ("side", "method", "error"),
    [
        ("target", "UploadChunk", Unavailable("away")),
        ("target", "UploadChunk", NotFound("forgotten")),
        ("target", "UploadChunk", OutcomeUnknown("torn")),
        ("target", "EndUpload", RevisionMismatch("something else")),
        ("target", "EndUpload", NotFound("no directory")),
        ("target", "EndUpload", OutcomeUnknown("torn")),
        ("source", "GetChunk", Unavailable("away")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
async def test_what_is_staged_is_kept_for_the_next_attempt(side: str, method: str, error: DriverError) -> None:
    """F4: whatever goes wrong beside the bytes, those that were confirmed are not sent again."""
    world = World()
    world.fail(getattr(world, side), method, error, after=0 if method == "EndUpload" else 2)
    transfer = world.transfer()
    outcome = await transfer.run()

    assert isinstance(outcome, DriverError)
    assert transfer.session == Session("s1", 3, len(world.staged["s1"]))
    assert world.aborted == []


@pytest.mark.parametrize(
    ("side", "method", "error"),
    [
        ("target", "UploadChunk", QuotaExceeded("full")),
        ("target", "EndUpload", Corrupted("other bytes")),
        ("source", "GetChunk", RevisionMismatch("edited")),
        ("source", "GetChunk", Unsupported("cannot")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
async def test_what_is_of_no_use_is_removed(side: str, method: str, error: DriverError) -> None:
    """D "abort_upload": bytes that are wrong or fill up the service do not stay."""
    world = World()
    world.fail(getattr(world, side), method, error)
    transfer = world.transfer()
    outcome = await transfer.run()

    assert isinstance(outcome, SourceChanged if isinstance(error, RevisionMismatch) else type(error))
    assert transfer.session is None
    assert world.aborted == ["s1"]
    assert transfer.source_changed is (side == "source")


async def test_something_newer_gives_it_up() -> None:
    """D "abort_upload": the transfer ends in the middle, and nothing of it stays."""
    world = World()
    transfer = world.transfer()
    serve = cast("Callable[[Message], Message]", world.target.unary["UploadChunk"])

    def chunk(request: Message) -> Message:
        transfer.supersede()
        return serve(request)

    world.target.unary["UploadChunk"] = chunk
    outcome = await transfer.run()

    assert isinstance(outcome, SourceChanged)
    assert transfer.superseded
    assert world.aborted == ["s1"]
    assert world.ended == []


@pytest.mark.parametrize("digest", [DIGEST, None], ids=["announced", "learned on the way"])
async def test_what_was_sent_is_known_where_the_outcome_is_not(digest: bytes | None) -> None:
    """P13: its source may be edited before anybody looks what lies there."""
    world = World()
    world.fail(world.target, "EndUpload", OutcomeUnknown("torn"))
    transfer = world.transfer(digest=digest)

    assert isinstance(await transfer.run(), OutcomeUnknown)
    assert transfer.sent == {"blake3": DIGEST}


async def test_an_end_that_has_begun_is_let_finish() -> None:
    """G4: what may be visible by now is not given up; what is newer comes after it."""
    world = World()
    transfer = world.transfer()
    serve = cast("Callable[[Message], Message]", world.target.unary["EndUpload"])

    def end(request: Message) -> Message:
        transfer.supersede()
        return serve(request)

    world.target.unary["EndUpload"] = end

    assert isinstance(await transfer.run(), Observation)
    assert not transfer.superseded


async def test_a_source_that_is_not_there_costs_the_target_nothing() -> None:
    """F4: without a source nothing is begun, and what was left stays."""
    world = World()
    world.sources.clear()
    transfer = world.transfer(Session("old", 3, 64))

    assert isinstance(await transfer.run(), Unavailable)
    assert world.target.calls == []
    assert transfer.session == Session("old", 3, 64)


async def test_a_source_that_changed_before_its_digest_was_known_starts_over() -> None:
    """F4: what was staged of other content is removed."""
    world = World(computes=True)
    world.staged["old"] = bytearray(CONTENT[:100])

    def edited(_request: Message) -> Message:
        answer = wire.StatFilesResponse()
        seen = Present(kind=Kind.FILE, revision="r2", size=len(CONTENT), digests={"blake3": DIGEST})
        convert.observation_to_wire(Observation("a", seen, 9), answer.observations.add())
        return answer

    world.source.unary["StatFiles"] = edited
    transfer = world.transfer(Session("old", 3), digest=None)

    assert isinstance(await transfer.run(), SourceChanged)
    assert world.aborted == ["old"]
    assert transfer.source_changed


LOCAL = msgspec.structs.replace(RESUMES, local_files=True)


@pytest.mark.parametrize(
    ("can", "source", "target", "size", "expected"),
    [
        (RESUMES, None, None, RESUMABLE_BYTES, True),
        (RESUMES, None, None, RESUMABLE_BYTES - 1, False),
        (msgspec.structs.replace(RESUMES, restart_upload=False), None, None, RESUMABLE_BYTES, False),
        (msgspec.structs.replace(RESUMES, staging=False), None, None, RESUMABLE_BYTES, False),
        (LOCAL, "/a", None, RESUMABLE_BYTES, True),
        (LOCAL, None, "/b", RESUMABLE_BYTES, True),
        (LOCAL, "/a", "/b", RESUMABLE_BYTES, False),
    ],
)
def test_which_files_can_be_taken_up_again(
    can: Capabilities, source: str | None, target: str | None, size: int, *, expected: bool
) -> None:
    """DESIGN §4: large ones, to a target that can, unless both services have files on this host."""
    to = End(client_of(FakeConnection(), can), local_root=target)
    of = End(client_of(FakeConnection(), Capabilities()), local_root=source)

    assert is_resumable(to, of, size) is expected
