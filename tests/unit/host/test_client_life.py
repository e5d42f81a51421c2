"""What a driver says of itself, its settings, its health and its end, through `DriverClient`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
import trio

from onitu.core.capability import Capabilities, Limits, Mode
from onitu.core.manifest import Manifest, Option, OptionType
from onitu.errors import DriverError, RevisionMismatch, Unavailable
from onitu.host.client import DriverClient
from onitu.host.health import CHECK_INTERVAL, interval_of
from onitu.host.settings import FolderReport, Mapping, RootState, Settings
from onitu.rpc import convert
from onitu.rpc.gen import driver_pb2 as wire
from onitu.rpc.gen import watch_pb2
from tests.unit.host.fake_connection import FakeConnection, client_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from onitu.rpc.transport import Connection

MIB = 1024 * 1024
SETTINGS = Settings(
    service="nas",
    setup_id="home",
    generation=3,
    options={"root": "/srv", "port": 22, "password": "hunter2"},
    folders=(
        Mapping(name="docs", path="d", mode=Mode.READ_WRITE, root_id="1:2"),
        Mapping(name="photos", path=".", mode=Mode.READ, options={"token": "hunter2"}, symlinks=True),
    ),
)


def client(connection: FakeConnection, limits: Limits | None = None) -> DriverClient:
    """Returns a client of a driver that is not configured."""
    return DriverClient(cast("Connection", connection), limits)


def configured(connection: FakeConnection, capabilities: Capabilities, limits: Limits | None = None) -> None:
    """Has the driver accept any settings."""

    def serve(request: Message) -> Message:
        answer = wire.ConfigureResponse(capabilities=convert.capabilities_to_wire(capabilities))
        if limits is not None:
            answer.limits.CopyFrom(convert.limits_to_wire(limits))
        for folder in cast("wire.ConfigureRequest", request).folders:
            answer.folders.add(
                name=folder.name, path=folder.path, root_state=watch_pb2.ROOT_STATE_OK, root_id=f"id of {folder.name}"
            )
        return answer

    connection.unary["Configure"] = serve


async def never(_request: Message) -> Message:
    """Does not answer."""
    await trio.sleep_forever()
    raise AssertionError


class TestManifest:
    """`DriverClient.manifest`."""

    async def test_says_what_the_driver_is(self) -> None:
        """The manifest comes as a value, and calls keep to its limits from then on."""
        option = Option(key="root", name="Root", description="Where.", type=OptionType.STRING)
        manifest = Manifest(name="d", description="A driver.", options=(option,), limits=Limits(max_concurrency=3))
        connection = FakeConnection()
        connection.unary["GetManifest"] = lambda _request: wire.GetManifestResponse(
            manifest=convert.manifest_to_wire(manifest)
        )
        driver = client(connection)

        assert await driver.manifest() == manifest
        assert driver.limits == manifest.limits


class TestConfigure:
    """`DriverClient.configure`, and the settings themselves."""

    async def test_hands_over_all_settings(self) -> None:
        """Options, secrets included, and each folder with its mode and root."""
        connection = FakeConnection()
        configured(connection, Capabilities())

        await client(connection).configure(SETTINGS)

        request = cast("wire.ConfigureRequest", connection.requests("Configure")[0])
        assert (request.service, request.setup_id, request.generation) == ("nas", "home", 3)
        assert convert.options_from_wire(request.options) == SETTINGS.options
        docs, photos = request.folders
        assert (docs.name, docs.path, docs.mode, docs.root_id, docs.symlinks) == (
            "docs",
            "d",
            wire.MODE_READ_WRITE,
            "1:2",
            False,
        )
        assert (photos.mode, photos.HasField("root_id"), photos.symlinks) == (wire.MODE_READ, False, True)
        assert convert.options_from_wire(photos.options) == {"token": "hunter2"}

    async def test_adopts_what_the_driver_answers(self) -> None:
        """Capabilities, limits and reports are the driver's own."""
        connection = FakeConnection()
        capabilities = Capabilities(watch=True, apply_batch=True)
        configured(connection, capabilities, Limits(max_batch_items=7))
        driver = client(connection)

        answer = await driver.configure(SETTINGS)

        assert answer.capabilities == driver.capabilities == capabilities
        assert answer.limits == driver.limits == Limits(max_batch_items=7)
        assert answer.folders["docs"] == FolderReport(
            name="docs", path="d", root_state=RootState.OK, root_id="id of docs"
        )

    async def test_refuses_an_answer_without_a_folder(self) -> None:
        """A folder nobody spoke of is not taken for a good one."""
        connection = FakeConnection()
        connection.unary["Configure"] = lambda _request: wire.ConfigureResponse()

        with pytest.raises(DriverError, match="docs, photos"):
            await client(connection).configure(SETTINGS)

    async def test_refuses_a_root_without_a_state(self) -> None:
        """Unsaid is neither there nor missing."""
        connection = FakeConnection()
        connection.unary["Configure"] = lambda _request: wire.ConfigureResponse(
            folders=[wire.FolderReport(name="docs"), wire.FolderReport(name="photos")]
        )

        with pytest.raises(DriverError, match="docs"):
            await client(connection).configure(SETTINGS)

    @pytest.mark.parametrize(("answered", "expected"), [(None, MIB), (1000, 1000)])
    async def test_settles_the_chunk_size(self, answered: int | None, expected: int) -> None:
        """The driver may want another size than the one proposed."""
        connection = FakeConnection()
        configured(connection, Capabilities(chunks=True))
        connection.unary["SetChunkSize"] = lambda _request: wire.SetChunkSizeResponse(chunk_size=answered)
        driver = client(connection)

        await driver.configure(SETTINGS)

        assert cast("wire.SetChunkSizeRequest", connection.requests("SetChunkSize")[0]).chunk_size == MIB
        assert driver._calls.chunk_size == expected

    @pytest.mark.parametrize("answered", [0, MIB + 1])
    async def test_refuses_chunks_that_fit_no_message(self, answered: int) -> None:
        """Nonsense is said at once, not at the first transfer."""
        connection = FakeConnection()
        configured(connection, Capabilities(chunks=True))
        connection.unary["SetChunkSize"] = lambda _request: wire.SetChunkSizeResponse(chunk_size=answered)

        with pytest.raises(DriverError, match=f"chunks of {answered} bytes"):
            await client(connection).configure(SETTINGS)

    def test_hides_secrets(self) -> None:
        """Settings that are printed, in a traceback for example, show no option."""
        assert "hunter2" not in repr(SETTINGS)
        assert "hunter2" not in f"{SETTINGS.folders}"


class TestNormalize:
    """`DriverClient.normalize`."""

    async def test_returns_a_key_for_each_path(self) -> None:
        """Any number of paths is one list of keys."""
        connection = FakeConnection()
        connection.unary["NormalizePath"] = lambda request: wire.NormalizePathResponse(
            keys=[path.lower() for path in cast("wire.NormalizePathRequest", request).paths]
        )

        keys = await client_of(connection, Capabilities()).normalize("f", ["A", "b"] * 600)

        assert keys == ["a", "b"] * 600
        assert len(connection.calls) == 2


class TestHealth:
    """`DriverClient.watch_health`."""

    async def test_ends_after_several_bad_checks(self, autojump_clock: trio.testing.MockClock) -> None:
        """One late check is forgiven, three in a row are not."""
        connection = FakeConnection()
        connection.healthy = [True, False, False, True, False]

        with pytest.raises(Unavailable, match="3 health checks"):
            await client(connection).watch_health()

        assert autojump_clock.current_time() == 7 * CHECK_INTERVAL

    @pytest.mark.parametrize(
        ("given", "seconds"),
        [
            (None, 10.0),
            ("0.5", 0.5),
            ("60", 60.0),
            ("", 10.0),
            ("0", 10.0),
            ("-1", 10.0),
            ("soon", 10.0),
            ("inf", 10.0),
        ],
    )
    def test_the_interval_may_be_given(self, given: str | None, seconds: float) -> None:
        """ONITU_CHECK_INTERVAL is a positive number of seconds; anything else is as good as nothing."""
        environment = {} if given is None else {"ONITU_CHECK_INTERVAL": given}

        assert interval_of(environment) == seconds


class TestClose:
    """`DriverClient.close`."""

    async def test_does_not_wait_for_a_turn(self) -> None:
        """Closing goes past calls that hold all turns."""
        connection = FakeConnection()
        connection.unary["Close"] = lambda _request: wire.CloseResponse()
        connection.unary["Sync"] = never
        driver = client(connection, Limits(max_concurrency=1))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(driver.sync, "f")
            await trio.testing.wait_all_tasks_blocked()
            await driver.close()
            nursery.cancel_scope.cancel()

        assert len(connection.requests("Close")) == 1


class TestElsewhere:
    """A driver that was dialled."""

    async def test_its_paths_are_none_of_this_host(self) -> None:
        """W2: it is never offered a file of this host, and no file is taken from a path that it names."""
        connection = FakeConnection()
        able = Capabilities(whole_files=True, local_files=True)

        def serve(_request: Message) -> Message:
            answer = wire.ConfigureResponse(capabilities=convert.capabilities_to_wire(able))
            for mapping in SETTINGS.folders:
                answer.folders.add(name=mapping.name, root_state=watch_pb2.ROOT_STATE_OK, local_root="/srv")
            return answer

        connection.unary["Configure"] = serve
        there = DriverClient(cast("Connection", connection), elsewhere=True)

        found = await there.configure(SETTINGS)

        assert there.is_configured
        assert not found.capabilities.local_files
        assert not there.capabilities.local_files
        assert {report.local_root for report in found.folders.values()} == {None}

    async def test_one_that_serves_another_core_is_tried_again(self) -> None:
        """W2: a generation that is not greater is another core's doing, which may end."""
        connection = FakeConnection()

        def serve(_request: Message) -> Message:
            raise RevisionMismatch("generation 3 is not newer than 4")

        connection.unary["Configure"] = serve
        there = DriverClient(cast("Connection", connection), elsewhere=True)
        with pytest.raises(Unavailable, match="serves another Onitu, or a later start of this one: generation 3"):
            await there.configure(SETTINGS)

        assert not there.is_configured
