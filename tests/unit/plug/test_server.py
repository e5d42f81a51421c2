"""A served Plug, over a real socket: who may call, what arrives, and how errors travel."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from onitu.core.capability import MAX_CHUNK
from onitu.errors import DriverError, QuotaExceeded, RateLimited, ServiceError, Unavailable
from onitu.plug import Folder, FolderReport, Metadata, Plug, RootState
from onitu.plug.server import SERVICE, Server
from onitu.plug.servicer import Servicer
from onitu.rpc import status
from onitu.rpc.gen import driver_pb2, observation_pb2, operation_pb2
from tests.unit.plug.serving import CARRYING, DEADLINE, MANIFEST, TOKEN, serving
from tests.unit.plug.toy import CHUNKS, READING, WHOLE, Toy

ABSENT = operation_pb2.Expectation(absent=observation_pb2.Absent())
LARGE = bytes(range(256)) * 8192 + b"end"


def toy() -> Toy:
    """Returns a service whose Plug is not configured yet."""
    made = Toy(*READING, *WHOLE, *CHUNKS, "get_digest")
    made.plug.generation = 0
    made.plug.folders = {}
    return made


def code(caught: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    """Returns the code of a failed call."""
    found: grpc.StatusCode = caught.value.code()
    return found


def write(path: str, content: bytes) -> operation_pb2.Operation:
    """Returns the writing of a new file."""
    upload = operation_pb2.Upload(path=path, expectation=ABSENT, size=len(content))
    return operation_pb2.Operation(
        write=operation_pb2.Write(upload=upload, content=operation_pb2.Content(data=content))
    )


class TestDoor:
    """Who may call."""

    @pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer " + "cd" * 32),), (("authorization", TOKEN),)])
    def test_nobody_without_the_token(self, tmp_path: Path, metadata: tuple[tuple[str, str], ...]) -> None:
        """Calls, streams, health and reflection alike are refused."""
        with serving(toy().plug, tmp_path) as core:
            health = health_pb2_grpc.HealthStub(core.channel)
            reflection = reflection_pb2_grpc.ServerReflectionStub(core.channel)
            attempts = (
                lambda: core.stub.GetManifest(driver_pb2.GetManifestRequest(), metadata=metadata, timeout=DEADLINE),
                lambda: list(core.stub.GetFile(driver_pb2.GetFileRequest(), metadata=metadata, timeout=DEADLINE)),
                lambda: list(core.stub.WatchChanges(iter([]), metadata=metadata, timeout=DEADLINE)),
                lambda: core.stub.UploadFile(iter([]), metadata=metadata, timeout=DEADLINE),
                lambda: health.Check(health_pb2.HealthCheckRequest(), metadata=metadata, timeout=DEADLINE),
                lambda: list(reflection.ServerReflectionInfo(iter([]), metadata=metadata, timeout=DEADLINE)),
            )
            for attempt in attempts:
                with pytest.raises(grpc.RpcError) as caught:
                    attempt()
                assert code(caught) is grpc.StatusCode.UNAUTHENTICATED

    def test_health_is_served_for_both_names(self, tmp_path: Path) -> None:
        """The core asks before it configures."""
        with serving(toy().plug, tmp_path, listening=False) as core:
            health = health_pb2_grpc.HealthStub(core.channel)
            for name in ("", "onitu.driver.v1.Driver"):
                request = health_pb2.HealthCheckRequest(service=name)
                answer = health.Check(request, metadata=CARRYING, timeout=DEADLINE)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING

    def test_reflection_lists_the_driver(self, tmp_path: Path) -> None:
        """A person can ask what is served."""
        with serving(toy().plug, tmp_path) as core:
            request = reflection_pb2.ServerReflectionRequest(list_services="")
            stub = reflection_pb2_grpc.ServerReflectionStub(core.channel)
            (answer,) = stub.ServerReflectionInfo(iter([request]), metadata=CARRYING, timeout=DEADLINE)
            names = {service.name for service in answer.list_services_response.service}
            assert {"onitu.driver.v1.Driver", "grpc.health.v1.Health"} <= names

    def test_address_of_another_machine_is_refused(self) -> None:
        """Without encryption nothing leaves this host."""
        made = toy()
        server = Server(made.plug, Servicer(made.plug, MANIFEST), token=TOKEN)
        for address in ("0.0.0.0:0", "192.0.2.1:80", "example.org:80"):
            with pytest.raises(OSError, match="this machine"):
                server.start(address)
        assert server.start("127.0.0.1:0").startswith("127.0.0.1:")
        server.stop()

    def test_a_socket_is_for_its_user_alone(self, tmp_path: Path) -> None:
        """W2: whoever dials a socket shows nothing, so nobody else may open it, from its first moment on."""
        before = os.umask(0)
        try:
            made = toy()
            server = Server(made.plug, Servicer(made.plug, MANIFEST), token=None)
            address = server.start(f"unix:{tmp_path}/open.sock")
            assert stat.S_IMODE(Path(address.removeprefix("unix:")).stat().st_mode) == 0o700
            server.stop()
            assert os.umask(0) == 0  # What the driver writes is everybody's as before.
        finally:
            os.umask(before)

    def test_every_rpc_of_the_contract_is_served(self, tmp_path: Path) -> None:
        """A call may be refused for many reasons, never because nobody knows it."""
        with serving(toy().plug, tmp_path) as core:
            for method in SERVICE.methods:
                multicallable: Any = core.channel.stream_stream(f"/{SERVICE.full_name}/{method.name}", None, None)
                call = multicallable(iter([b""]), metadata=CARRYING, timeout=DEADLINE)
                with suppress(grpc.RpcError):
                    list(call)
                assert call.details() != "Method not found!", method.name


class TestConfigure:
    """Settings in, capabilities out."""

    def test_settings_reach_the_driver_before_its_folders_are_opened(self, tmp_path: Path) -> None:
        """Options are typed as the manifest says, and complete; a folder's own override them (B5)."""
        made = toy()
        opened: list[Folder] = []

        @made.plug.handler()
        def open_folder(folder: Folder) -> FolderReport:
            opened.append(folder)
            assert made.plug.options == {"depth": 3, "ratio": 0.5}
            made.plug.declare(trash=True)
            return FolderReport(RootState.OK, "root-1", local_root="/somewhere", path="base/Photos")

        mapping = driver_pb2.FolderMapping(name="photos", path="base/photos", mode="MODE_WRITE", options={"ratio": 1})
        with serving(made.plug, tmp_path) as core:
            answer = core.configure(folders=[mapping])
        (report,) = answer.folders
        assert (report.name, report.path, report.root_id) == ("photos", "base/Photos", "root-1")
        assert (report.root_state, report.local_root) == (1, "/somewhere")
        assert answer.capabilities.trash
        assert answer.capabilities.whole_files
        assert opened[0].options == {"depth": 3, "ratio": 1.0}
        assert isinstance(opened[0].options["ratio"], float)
        assert (opened[0].root_id, opened[0].mode.name) == (None, "WRITE")
        assert (made.plug.folders["photos"].path, made.plug.folders["photos"].root_id) == ("base/Photos", "root-1")
        assert (made.plug.service_name, made.plug.setup_id, made.plug.generation) == ("toy", "setup", 1)

    def test_wrong_options_are_refused_with_every_fault(self, tmp_path: Path) -> None:
        """The service does not start and says why (M4)."""
        with serving(toy().plug, tmp_path) as core:
            with pytest.raises(grpc.RpcError) as caught:
                core.configure(options={"depth": "x", "what": 1})
            assert code(caught) is grpc.StatusCode.INVALID_ARGUMENT
            assert "Option 'depth' should be of type 'integer', got 'str'." in str(caught.value)
            assert "Unknown option 'what'" in str(caught.value)
            mapping = driver_pb2.FolderMapping(name="photos", path=".", options={"depth": 1})
            with pytest.raises(grpc.RpcError) as caught:
                core.configure(folders=[mapping])
            assert "folder photos: Unknown option 'depth'" in str(caught.value)

    def test_mode_that_nobody_knows_is_refused(self, tmp_path: Path) -> None:
        """B7: a mode that was not said, or comes from a newer contract, is never taken for all."""
        with serving(toy().plug, tmp_path) as core:
            for mode in (0, 17):
                mapping = {"name": "photos", "path": "p", "mode": mode}
                with pytest.raises(grpc.RpcError, match="the mode") as caught:
                    core.configure(folders=[mapping])
                assert code(caught) is grpc.StatusCode.INVALID_ARGUMENT

    def test_folder_that_cannot_be_opened_can_be_tried_again(self, tmp_path: Path) -> None:
        """A failed configuration leaves no generation behind."""
        made = toy()
        failures = [ServiceError("locked by another Onitu")]

        @made.plug.handler()
        def open_folder(_folder: Folder) -> FolderReport:
            if failures:
                raise failures.pop()
            return FolderReport(RootState.MISSING, reason="no such directory")

        with serving(made.plug, tmp_path) as core:
            with pytest.raises(grpc.RpcError, match="locked by another Onitu"):
                core.configure()
            assert core.configure().folders[0].root_state == 2
            with pytest.raises(grpc.RpcError, match="not newer"):
                core.configure()
            assert core.configure(generation=2).folders[0].reason == "no such directory"

    def test_nothing_is_served_before(self, tmp_path: Path) -> None:
        """A call that comes too early is told to come again."""
        with serving(toy().plug, tmp_path) as core:
            with pytest.raises(grpc.RpcError) as caught:
                core.call("StatFiles", folder="photos", paths=["a"])
            assert code(caught) is grpc.StatusCode.UNAVAILABLE
            core.configure()
            with pytest.raises(grpc.RpcError) as caught:
                core.call("StatFiles", folder="other", paths=["a"])
            assert code(caught) is grpc.StatusCode.NOT_FOUND

    def test_start_that_fails_is_the_answer(self, tmp_path: Path) -> None:
        """What `start()` raised reaches the core as it was meant (D8)."""
        made = toy()
        with serving(made.plug, tmp_path, listening=False) as core:
            threading.Thread(
                target=lambda: core.servicer.configured.wait() and made.plug.fail(ServiceError("no way in"))
            ).start()
            with pytest.raises(grpc.RpcError, match="no way in") as caught:
                core.configure()
            assert code(caught) is grpc.StatusCode.UNAVAILABLE
            with pytest.raises(grpc.RpcError, match="no way in"):
                core.call("Sync", folder="photos")

    def test_manifest_has_what_the_handlers_can(self, tmp_path: Path) -> None:
        """Known before anything is configured."""
        with serving(toy().plug, tmp_path, listening=False) as core:
            manifest = core.call("GetManifest").manifest
        assert (manifest.name, manifest.capabilities.apply_batch, manifest.limits.max_batch_items) == (
            "toy",
            True,
            1000,
        )
        assert [option.key for option in manifest.options] == ["depth", "ratio"]


class TestCalls:
    """What the core does with files."""

    def test_batch_keeps_going_after_an_error(self, tmp_path: Path) -> None:
        """One result each, in order; a fault of one is not that of the others."""
        made = toy()
        with serving(made.plug, tmp_path) as core:
            core.configure()
            operations = [write("a", b"1"), write("a", b"2"), write("../x", b"3"), write("b", b"4")]
            operations.append(operation_pb2.Operation())
            results = core.call("ApplyBatch", folder="photos", operations=operations).results
        assert [result.WhichOneof("outcome") for result in results] == ["done", "error", "error", "done", "error"]
        codes = [result.error.code for result in results if result.HasField("error")]
        assert codes == [grpc.StatusCode.FAILED_PRECONDITION.value[0]] + [grpc.StatusCode.INVALID_ARGUMENT.value[0]] * 2
        assert [content for content, _ in made.files.values()] == [b"1", b"4"]

    def test_single_calls_do_what_the_batch_does(self, tmp_path: Path) -> None:
        """Each RPC of its own answers the same observation."""
        made = toy()
        expected = operation_pb2.Expectation(revision="1")
        with serving(made.plug, tmp_path) as core:
            core.configure()
            start = driver_pb2.UploadFileStart(folder="photos", upload=write("a", LARGE).write.upload)
            parts = [driver_pb2.UploadFileRequest(start=start)]
            parts += [
                driver_pb2.UploadFileRequest(data=LARGE[at : at + 999_999]) for at in range(0, len(LARGE), 999_999)
            ]
            uploaded = core.stub.UploadFile(iter(parts), metadata=CARRYING, timeout=DEADLINE).observation
            move = operation_pb2.Move(path="a", expectation=expected, destination="b")
            moved = core.call("MoveFile", folder="photos", move=move).observation
            copy = operation_pb2.Copy(path="b", expectation=expected, destination="c")
            copied = core.call("CopyFile", folder="photos", copy=copy).observation
            made_directory = core.call("MakeDirectory", folder="photos", directory_creation={"path": "d"}).observation
            deletion = operation_pb2.Deletion(path="b", expectation=expected)
            deleted = core.call("DeleteFile", folder="photos", deletion=deletion).observation
            core.call("Sync", folder="photos")
        assert (uploaded.path, uploaded.present.size, uploaded.present.revision) == ("a", len(LARGE), "1")
        assert uploaded.present.digests[0].algorithm == "blake3"
        assert (moved.path, copied.path, made_directory.path, deleted.path) == ("b", "c", "d", "b")
        assert deleted.HasField("absent")
        assert made.files == {"base/photos/c": (LARGE, "2")}

    def test_resumable_upload(self, tmp_path: Path) -> None:
        """Start, chunks, end; and an abort that removes what was staged."""
        made = toy()
        upload = write("a", b"abcdef").write.upload
        with serving(made.plug, tmp_path) as core:
            core.configure()
            session = core.call("StartUpload", folder="photos", upload=upload).session
            core.call("UploadChunk", folder="photos", session=session, offset=0, data=b"abc")
            again = core.call("RestartUpload", folder="photos", session=session, upload=upload, offset=3)
            assert again.offset == 3
            core.call("UploadChunk", folder="photos", session=session, offset=3, data=b"def")
            ended = core.call("EndUpload", folder="photos", session=session, upload=upload).observation
            other = core.call("StartUpload", folder="photos", upload=write("b", b"x").write.upload).session
            core.call("AbortUpload", folder="photos", session=other)
        assert ended.present.size == 6
        assert made.files == {"base/photos/a": (b"abcdef", "1")}
        assert not made.staged

    def test_reading(self, tmp_path: Path) -> None:
        """In parts, as a stream, and many at once in the order asked for."""
        made = toy()
        made.put("base/photos/a", LARGE)
        made.put("base/photos/b", b"small")
        with serving(made.plug, tmp_path) as core:
            core.configure()
            part = core.call("GetChunk", folder="photos", path="a", revision="1", offset=3, size=4).data
            chunks = [answer.data for answer in core.call("GetFile", folder="photos", path="a", revision="1", offset=5)]
            wanted = [("b", "2"), ("a", "1"), ("b", "1"), ("nothing", "1"), ("b", "2"), ("a", "1")]
            files = [driver_pb2.PinnedFile(path=path, revision=revision) for path, revision in wanted]
            messages = list(core.call("GetFiles", folder="photos", files=files))
            with pytest.raises(grpc.RpcError) as caught:
                list(core.call("GetFile", folder="photos", path="a", revision="0"))
        fetched = [file for message in messages for file in message.files]
        assert part == LARGE[3:7]
        assert b"".join(chunks) == LARGE[5:]
        assert max(map(len, chunks)) == MAX_CHUNK
        assert [file.data for file in fetched] == [b"small", LARGE, b"", b"", b"small", LARGE]
        assert [file.error.code for file in fetched][2:4] == [9, 5]
        assert len(messages) == 2
        assert code(caught) is grpc.StatusCode.FAILED_PRECONDITION

    def test_observing(self, tmp_path: Path) -> None:
        """One observation for each path, in order, with a digest if one is asked for."""
        made = toy()
        made.put("base/photos/a", b"x")
        with serving(made.plug, tmp_path) as core:
            core.configure()
            plain = core.call("StatFiles", folder="photos", paths=["a", "nothing", "../a"]).observations
            (hashed,) = core.call("StatFiles", folder="photos", paths=["a"], digest_algorithm="md5").observations
        assert [seen.WhichOneof("state") for seen in plain] == ["present", "absent", "unknown"]
        assert hashed.present.digests[0].value == b"md5 of 1"

    @pytest.mark.parametrize("found", [(RootState.MISSING, "not mounted"), Unavailable("no answer")])
    def test_nothing_is_absent_of_a_root_that_is_gone(
        self, tmp_path: Path, found: tuple[RootState, str] | DriverError
    ) -> None:
        """P15: what is not found counts as absent only where the root is what it was, after the look."""
        made = toy()
        made.put("base/photos/a", b"x")
        asked: list[str] = []

        def look_at_root(folder: Folder) -> tuple[RootState, str]:
            asked.append(folder.name)
            if len(asked) == 1:
                return RootState.OK, ""
            if isinstance(found, DriverError):
                raise found
            return found

        made.plug.handler("look_at_root")(look_at_root)
        with serving(made.plug, tmp_path) as core:
            core.configure()
            there, before, after = (
                core.call("StatFiles", folder="photos", paths=paths).observations
                for paths in (["a"], ["a", "nothing"], ["a", "nothing"])
            )
        assert [seen.WhichOneof("state") for seen in (*there, *before)] == ["present", "present", "absent"]
        assert [seen.WhichOneof("state") for seen in after] == ["present", "unknown"]
        assert asked == ["photos", "photos"]

    def test_small_questions(self, tmp_path: Path) -> None:
        """Comparison keys and the chunk size, with and without a handler."""
        made = toy()
        with serving(made.plug, tmp_path) as core:
            core.configure()
            assert core.call("NormalizePath", folder="photos", paths=["A", "b"]).keys == ["A", "b"]
            assert not core.call("SetChunkSize", chunk_size=1000).HasField("chunk_size")
            made.plug.handler("normalize_path")(str.lower)
            made.plug.handler("set_chunk_size")(lambda size: size * 2)
            assert core.call("NormalizePath", folder="photos", paths=["A", "b"]).keys == ["a", "b"]
            assert core.call("SetChunkSize", chunk_size=1000).chunk_size == 2000

    def test_sign_in(self, tmp_path: Path) -> None:
        """Two steps, before anything is configured."""
        made = toy()
        made.plug.handler("begin_authorization")(lambda options, uri: (f"https://{options['host']}/{uri}", b"session"))
        made.plug.handler("finish_authorization")(lambda session, answer: ({"key": answer}, session.decode()))
        with serving(made.plug, tmp_path, listening=False) as core:
            begun = core.call("BeginAuthorization", options={"host": "h"})
            ended = core.call("FinishAuthorization", session=begun.session, answer="code")
        assert begun.authorization_uri == "https://h/None"
        assert (dict(ended.credentials), ended.account) == ({"key": "code"}, "session")

    def test_folder_without_write_mode_is_never_changed(self, tmp_path: Path) -> None:
        """Without `w` nothing there is written (B7)."""
        made = toy()
        mapping = driver_pb2.FolderMapping(name="photos", path="base/photos", mode="MODE_READ")
        with serving(made.plug, tmp_path) as core:
            core.configure(folders=[mapping])
            with pytest.raises(grpc.RpcError) as caught:
                core.call("ApplyBatch", folder="photos", operations=[write("a", b"1")])
        assert code(caught) is grpc.StatusCode.PERMISSION_DENIED
        assert not made.files

    @pytest.mark.parametrize(
        ("raised", "kind"),
        [(RateLimited("slow down", 3.0), RateLimited), (QuotaExceeded("full"), QuotaExceeded), (KeyError("x"), None)],
    )
    def test_errors_travel_as_what_they_are(self, tmp_path: Path, raised: Exception, kind: type[Any] | None) -> None:
        """What the handler raised is what the core gets (DESIGN §4)."""
        made = toy()

        @made.plug.handler()
        def sync(_folder: Folder) -> None:
            raise raised

        with serving(made.plug, tmp_path) as core:
            core.configure()
            with pytest.raises(grpc.RpcError) as caught:
                core.call("Sync", folder="photos")
        error = status.from_rpc_error(caught.value)
        if kind is None:
            assert code(caught) is grpc.StatusCode.UNKNOWN
        else:
            assert isinstance(error, kind)
            assert getattr(error, "retry_after", 3.0) == 3.0

    def test_missing_handler_is_unimplemented(self, tmp_path: Path) -> None:
        """The core does without and never asks again."""
        plug = Plug()
        plug.handler("sync")(lambda _folder: None)
        with serving(plug, tmp_path) as core:
            core.configure()
            for attempt in (
                lambda: core.call("StatFiles", folder="photos", paths=["a"]),
                lambda: list(core.call("GetFile", folder="photos", path="a", revision="1")),
                lambda: core.call(
                    "DeleteFile", folder="photos", deletion={"path": "a", "expectation": {"revision": "1"}}
                ),
                lambda: core.call("BeginAuthorization"),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    attempt()
                assert code(caught) is grpc.StatusCode.UNIMPLEMENTED

    def test_caller_that_hangs_up_leaves_nothing_staged(self, tmp_path: Path) -> None:
        """A transfer that was given up in its middle is taken away."""
        made = toy()
        staged, gone = threading.Event(), threading.Event()

        @made.plug.handler("upload_chunk")
        def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
            made.upload_chunk(metadata, offset, chunk)
            staged.set()

        @made.plug.handler("abort_upload")
        def abort_upload(metadata: Metadata) -> None:
            made.abort_upload(metadata)
            gone.set()

        start = driver_pb2.UploadFileStart(folder="photos", upload=write("a", LARGE).write.upload)

        def parts() -> Iterator[driver_pb2.UploadFileRequest]:
            yield driver_pb2.UploadFileRequest(start=start)
            yield driver_pb2.UploadFileRequest(data=LARGE[:1000])
            gone.wait(DEADLINE)

        with serving(made.plug, tmp_path) as core:
            core.configure()
            call = core.stub.UploadFile.future(parts(), metadata=CARRYING, timeout=DEADLINE)
            assert staged.wait(DEADLINE)
            call.cancel()
            assert gone.wait(DEADLINE)
        assert not made.files
        assert not made.staged

    def test_close_frees_the_driver_once(self, tmp_path: Path) -> None:
        """`listen()` returns and a second call finds nothing to do."""
        made = toy()
        closed: list[bool] = []
        made.plug.handler("close")(lambda: closed.append(True))
        with serving(made.plug, tmp_path) as core:
            core.configure()
            core.call("Close")
            core.call("Close")
        made.plug.listen()
        assert closed == [True]
