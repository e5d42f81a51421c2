"""The bridge from Trio to grpcio, against a real server process (DESIGN, "The shell, and traps seen in trials")."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from onitu.errors import (
    CursorExpired,
    NotFound,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from onitu.rpc.gen import driver_pb2 as driver
from onitu.rpc.gen import operation_pb2, watch_pb2
from onitu.rpc.stream import RECEIVE_AHEAD, SEND_AHEAD, Stream
from onitu.rpc.transport import MAX_MESSAGE, Connection, connect
from tests.functional.bridge_server import CHUNK

TOKEN = "0123456789abcdef" * 4
UNIT = float(os.environ.get("ONITU_TEST_TIME_UNIT", "1"))
TIMEOUT = 20 * UNIT  # For a call that is expected to be answered.
LIMIT = 50 * UNIT  # For a whole test.
WINDOW = 64 * 1024 * 1024
"""More than gRPC ever takes ahead of a driver: twice what it measured to be on the way, and that is 4 to 8 MiB here."""

pytestmark = pytest.mark.timeout(LIMIT)


class Server:
    """The server process of one test."""

    def __init__(self, socket: Path) -> None:
        self.target = f"unix:{socket}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.bridge_server", str(socket), TOKEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith(b"serving")

    def kill(self) -> None:
        """Ends the process as a crash would."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests share which leave it alive."""
    server = Server(tmp_path_factory.mktemp("bridge") / "s.sock")
    yield server
    server.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may end."""
    server = Server(tmp_path / "s.sock")
    yield server
    server.kill()


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Connection]:
    """A connection that cannot hang a test, and leaves no thread behind."""
    with trio.fail_after(LIMIT):
        async with connect(server.target, token=TOKEN) as connection:
            yield connection


def stat(folder: str = "echo", *paths: str) -> driver.StatFilesRequest:
    """The request of a call that answers `paths`."""
    return driver.StatFilesRequest(folder=folder, paths=paths)


async def ask(connection: Connection, folder: str = "echo", *paths: str, timeout: float = TIMEOUT) -> list[str]:  # noqa: ASYNC109  # It is the call's own.
    """The paths that the server answers."""
    answer = await connection.call("StatFiles", stat(folder, *paths), timeout=timeout)
    assert isinstance(answer, driver.StatFilesResponse)
    return [observation.path for observation in answer.observations]


async def wait_until_cancelled(connection: Connection, calls: int) -> None:
    """Waits until the server has noticed that so many calls were cancelled."""
    while int((await ask(connection, "count_cancelled"))[0]) < calls:
        await trio.sleep(0.01)


def acknowledge(number: int) -> watch_pb2.WatchChangesRequest:
    """A message that the server answers with a batch of this number."""
    return watch_pb2.WatchChangesRequest(acknowledgement=watch_pb2.Acknowledgement(batch=number))


def get_file(chunks: int, *, error: str = "") -> driver.GetFileRequest:
    """The request for a stream of so many chunks, and an error after them."""
    return driver.GetFileRequest(offset=chunks, revision=error)


def start_upload(folder: str = "f") -> driver.UploadFileRequest:
    """The first message of an upload."""
    upload = operation_pb2.Upload(path="p")
    return driver.UploadFileRequest(start=driver.UploadFileStart(folder=folder, upload=upload))


async def send_without_end(stream: Stream) -> None:
    """Sends bytes until that fails."""
    while True:
        await stream.send(driver.UploadFileRequest(data=bytes(CHUNK)))


@pytest.mark.trio
class TestCall:
    """Calls with one answer."""

    async def test_answer(self, shared_server: Server) -> None:
        """A call returns the message that answers it."""
        async with connected(shared_server) as connection:
            assert await ask(connection, "echo", "a", "é") == ["a", "é"]

    async def test_ten_thousand_calls(self, shared_server: Server) -> None:
        """Ten thousand calls, two hundred at once, are each answered with their own answer, and no thread is left."""
        calls, at_once = 10_000, 200
        numbers = iter(range(calls))
        seen: set[int] = set()

        async def worker() -> None:
            for number in numbers:
                (answer,) = await ask(connection, "echo", str(number))
                assert answer == str(number)
                seen.add(number)

        async with connected(shared_server) as connection:
            await ask(connection)
            threads = threading.active_count()
            async with trio.open_nursery() as nursery:
                for _ in range(at_once):
                    nursery.start_soon(worker)

            assert len(seen) == calls
            # grpcio has a thread of its own while calls are under way, which ends soon after the last one.
            await wait_for_threads(threads)

    @pytest.mark.parametrize(
        ("name", "expected", "text"),
        [
            ("not_found", NotFound, "no such file: 'é\\udc80'"),
            ("rate_limited", RateLimited, "slow down"),
            ("quota", QuotaExceeded, "full"),
            ("unavailable", Unavailable, "the service is down"),
        ],
    )
    async def test_error(self, shared_server: Server, name: str, expected: type[Exception], text: str) -> None:
        """An error of the driver comes out as the same class with the same text."""
        async with connected(shared_server) as connection:
            with pytest.raises(expected) as caught:
                await ask(connection, f"error:{name}")

        assert type(caught.value) is expected
        assert str(caught.value) == text
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after == 1.5

    async def test_long_error(self, shared_server: Server) -> None:
        """A text that is longer than metadata may be arrives cut, under its own class."""
        async with connected(shared_server) as connection:
            with pytest.raises(NotFound, match=r"^ж{498}…$"):
                await ask(connection, "error:long")

    async def test_unserved_method(self, shared_server: Server) -> None:
        """A method that the driver does not serve is `Unsupported`."""
        async with connected(shared_server) as connection:
            with pytest.raises(Unsupported):
                await connection.call("Sync", driver.SyncRequest(), timeout=TIMEOUT)

    @pytest.mark.parametrize("token", [None, "another"])
    async def test_wrong_token(self, shared_server: Server, token: str | None) -> None:
        """A call without the right token is `Unauthenticated`, and so is a health check."""
        with trio.fail_after(LIMIT):
            async with connect(shared_server.target, token=token) as connection:
                with pytest.raises(Unauthenticated):
                    await ask(connection)
                with pytest.raises(Unauthenticated):
                    await connection.check(timeout=TIMEOUT)

    async def test_deadline(self, shared_server: Server) -> None:
        """A call that is not answered in time has an unknown outcome, and the driver is told to stop."""
        async with connected(shared_server) as connection:
            before = int((await ask(connection, "count_cancelled"))[0])

            with pytest.raises(OutcomeUnknown):
                await ask(connection, "wait", timeout=0.05)

            await wait_until_cancelled(connection, before + 1)

    async def test_cancel(self, shared_server: Server) -> None:
        """Cancelling the task returns at once and cancels the call at the driver."""
        async with connected(shared_server) as connection:
            before = int((await ask(connection, "count_cancelled"))[0])

            with trio.move_on_after(0.05) as scope:
                await ask(connection, "wait")

            assert scope.cancelled_caught
            await wait_until_cancelled(connection, before + 1)

    async def test_cancelled_before(self, shared_server: Server) -> None:
        """A task that is cancelled already sends nothing."""
        async with connected(shared_server) as connection:
            with trio.CancelScope() as scope:
                scope.cancel()
                await ask(connection, "die")

            assert await ask(connection, "echo", "alive") == ["alive"]

    async def test_end_of_run_during_call(self, shared_server: Server) -> None:
        """A Trio run that ends before its call is answered takes no harm, nor does the next one."""

        def run() -> None:
            async def main() -> None:
                async with connected(shared_server) as connection:
                    with trio.move_on_after(0.05):
                        await ask(connection, "wait")

            trio.run(main)

        await trio.to_thread.run_sync(run)
        await trio.to_thread.run_sync(run)

    async def test_request_over_the_limit(self, shared_server: Server) -> None:
        """A request over the limit is refused with `TooLarge`, and the connection goes on."""
        async with connected(shared_server) as connection:
            with pytest.raises(TooLarge):
                await ask(connection, "echo", "x" * (MAX_MESSAGE + 1))

            assert await ask(connection, "echo", "a") == ["a"]

    async def test_answer_over_the_limit(self, shared_server: Server) -> None:
        """So is an answer over the limit."""
        async with connected(shared_server) as connection:
            with pytest.raises(TooLarge):
                await ask(connection, f"answer:{MAX_MESSAGE + 1}")

            assert await ask(connection, "echo", "a") == ["a"]

    async def test_server_death(self, own_server: Server) -> None:
        """Calls under way when the driver dies have an unknown outcome; later ones find nobody."""
        async with connected(own_server) as connection:
            outcomes: list[type[Exception]] = []

            async def wait() -> None:
                with pytest.raises(OutcomeUnknown) as caught:
                    await ask(connection, "wait")
                outcomes.append(type(caught.value))

            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(wait)
                await ask(connection)
                with pytest.raises(OutcomeUnknown):
                    await ask(connection, "die")

            assert outcomes == [OutcomeUnknown] * 20
            with pytest.raises(Unavailable):
                await ask(connection)


@pytest.mark.trio
class TestCheck:
    """Health."""

    async def test_serving(self, shared_server: Server) -> None:
        """A driver that serves is healthy."""
        async with connected(shared_server) as connection:
            assert await connection.check(timeout=TIMEOUT)

    async def test_nobody_there(self, tmp_path: Path) -> None:
        """A driver that cannot be reached is not healthy, and asking fails fast."""
        with trio.fail_after(TIMEOUT):
            async with connect(f"unix:{tmp_path}/none.sock", token=TOKEN) as connection:
                assert not await connection.check(timeout=2 * TIMEOUT)

    async def test_started_later(self, tmp_path: Path) -> None:
        """A driver that starts after the first call is found by the same connection soon after."""
        socket = tmp_path / "s.sock"
        with trio.fail_after(LIMIT):
            async with connect(f"unix:{socket}", token=TOKEN) as connection:
                assert not await connection.check(timeout=TIMEOUT)
                server = await trio.to_thread.run_sync(Server, socket)
                try:
                    with trio.fail_after(2 * UNIT):
                        while not await connection.check(timeout=TIMEOUT):
                            await trio.sleep(0.01)
                finally:
                    server.kill()


@pytest.mark.trio
class TestStream:
    """Streaming calls of all three kinds."""

    async def test_both_ways(self, shared_server: Server) -> None:
        """Messages go both ways in order; closing our side ends the call well."""
        async with connected(shared_server) as connection, connection.stream("WatchChanges") as stream:
            for number in range(50):
                await stream.send(acknowledge(number))
                answer = await stream.receive()
                assert isinstance(answer, watch_pb2.WatchChangesResponse)
                assert answer.batch.batch == number
            stream.close_sending()

            with pytest.raises(trio.EndOfChannel):
                await stream.receive()
            with pytest.raises(trio.ClosedResourceError):
                await stream.send(acknowledge(1))

    async def test_answers(self, shared_server: Server) -> None:
        """A stream of answers arrives whole and in order, however slow the receiver is."""
        async with connected(shared_server) as connection, connection.stream("GetFile") as stream:
            await stream.send(get_file(200))
            numbers = []
            async for message in stream:
                assert isinstance(message, driver.GetFileResponse)
                numbers.append(int.from_bytes(message.data[:8], "big"))
                if len(numbers) == 1:
                    await trio.sleep(0.1)  # Time for all the others to arrive, and for the call to end.

        assert numbers == list(range(200))

    async def test_second_request(self, shared_server: Server) -> None:
        """A call that takes one request takes no second one."""
        async with connected(shared_server) as connection, connection.stream("GetFile") as stream:
            await stream.send(get_file(1))
            with pytest.raises(trio.ClosedResourceError):
                await stream.send(get_file(1))

    async def test_error_after_answers(self, shared_server: Server) -> None:
        """What arrived before an error is received before it."""
        async with connected(shared_server) as connection, connection.stream("GetFile") as stream:
            await stream.send(get_file(30, error="rate_limited"))
            for _ in range(30):
                await stream.receive()

            for _ in range(2):
                with pytest.raises(RateLimited) as caught:
                    await stream.receive()
                assert caught.value.retry_after == 1.5

    async def test_upload(self, shared_server: Server) -> None:
        """A stream of requests is answered with one message."""
        async with connected(shared_server) as connection, connection.stream("UploadFile") as stream:
            await stream.send(start_upload())
            for _ in range(100):
                await stream.send(driver.UploadFileRequest(data=bytes(CHUNK)))
            stream.close_sending()
            answer = await stream.receive()

            assert isinstance(answer, driver.UploadFileResponse)
            assert answer.observation.path == str(100 * CHUNK)
            with pytest.raises(trio.EndOfChannel):
                await stream.receive()

    async def test_refused_upload(self, shared_server: Server) -> None:
        """A driver that refuses in the middle wakes the sender with its error, which the receiver gets as well."""
        async with connected(shared_server) as connection, connection.stream("UploadFile") as stream:
            await stream.send(start_upload("refuse"))
            with pytest.raises(QuotaExceeded):
                await send_without_end(stream)

            with pytest.raises(QuotaExceeded):
                await stream.receive()

    async def test_early_answer(self, shared_server: Server) -> None:
        """A driver that answers before everything was sent stops the sender, and its answer is received."""
        async with connected(shared_server) as connection, connection.stream("UploadFile") as stream:
            await stream.send(start_upload("enough"))
            with pytest.raises(trio.BrokenResourceError):
                await send_without_end(stream)

            assert isinstance(await stream.receive(), driver.UploadFileResponse)

    async def test_expired_cursor(self, shared_server: Server) -> None:
        """An error at the begin of a change stream comes out of `receive`."""
        async with connected(shared_server) as connection, connection.stream("WatchChanges") as stream:
            await stream.send(watch_pb2.WatchChangesRequest(start=watch_pb2.WatchStart()))
            with pytest.raises(CursorExpired):
                await stream.receive()

    async def test_message_over_the_limit(self, shared_server: Server) -> None:
        """A message over the limit ends its stream with `TooLarge` and nothing else."""
        async with connected(shared_server) as connection:
            async with connection.stream("UploadFile") as stream:
                await stream.send(start_upload())
                await stream.send(driver.UploadFileRequest(data=bytes(MAX_MESSAGE + 1)))
                with pytest.raises(TooLarge):
                    await stream.receive()

            assert await ask(connection, "echo", "a") == ["a"]

    async def test_slow_driver_stops_the_sender(self, shared_server: Server) -> None:
        """A driver that does not read makes `send` wait, so that memory stays bounded; cancelling frees it."""
        sent = 0
        async with connected(shared_server) as connection, connection.stream("UploadFile") as stream:
            await stream.send(start_upload("stall"))
            for _ in range(WINDOW // CHUNK):
                with trio.move_on_after(0.3 * UNIT) as waiting:
                    await stream.send(driver.UploadFileRequest(data=bytes(CHUNK)))
                if waiting.cancelled_caught:
                    break
                sent += 1

        assert SEND_AHEAD <= sent < WINDOW // CHUNK

    async def test_slow_receiver_stops_the_driver(self, shared_server: Server) -> None:
        """A receiver that does not read leaves no more than the bound in memory."""
        async with connected(shared_server) as connection, connection.stream("GetFile") as stream:
            await stream.send(get_file(100_000))
            await stream.receive()
            while stream.arrived < RECEIVE_AHEAD:
                await trio.sleep(0.01)
            await trio.testing.wait_all_tasks_blocked(0.1)

            assert stream.arrived == RECEIVE_AHEAD

    async def test_closed_while_sending(self, shared_server: Server) -> None:
        """Closing the sending side wakes the tasks that wait to send; nothing of theirs is lost in silence."""
        outcomes = []

        async def send(stream: Stream) -> None:
            try:
                await send_without_end(stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError, OutcomeUnknown) as error:
                outcomes.append(type(error))

        async with connected(shared_server) as connection, connection.stream("UploadFile", timeout=0.5) as stream:
            await stream.send(start_upload("stall"))
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(send, stream)
                await trio.testing.wait_all_tasks_blocked(0.05)
                stream.close_sending()

        assert len(outcomes) == 3

    async def test_deadline(self, shared_server: Server) -> None:
        """A stream may have a deadline."""
        async with connected(shared_server) as connection, connection.stream("WatchChanges", timeout=0.1) as stream:
            with pytest.raises(OutcomeUnknown):
                await stream.receive()

    async def test_cancel(self, shared_server: Server) -> None:
        """Leaving a stream, by cancellation or by itself, cancels the call at the driver."""
        async with connected(shared_server) as connection:
            before = int((await ask(connection, "count_cancelled"))[0])

            with trio.move_on_after(0.05):
                async with connection.stream("WatchChanges") as stream:
                    await stream.receive()
            async with connection.stream("WatchChanges") as stream:
                await stream.send(acknowledge(1))
                await stream.receive()

            await wait_until_cancelled(connection, before + 2)

    async def test_error_in_the_body(self, shared_server: Server) -> None:
        """An error of the code that uses a stream leaves its context as it is."""
        async with connected(shared_server) as connection:
            with pytest.raises(ZeroDivisionError):
                async with connection.stream("WatchChanges") as stream:
                    await stream.send(acknowledge(1 // 0))

    async def test_never_started(self, shared_server: Server) -> None:
        """A stream may be left before anything was sent."""
        async with connected(shared_server) as connection, connection.stream("GetFile"):
            pass

    async def test_hundred_streams(self, shared_server: Server) -> None:
        """A hundred open streams starve neither each other nor calls, and leave no thread of theirs."""
        streams = 100

        async def use(task_status: trio.TaskStatus[None]) -> None:
            async with connection.stream("WatchChanges") as stream:
                await stream.send(acknowledge(1))
                await stream.receive()
                task_status.started()
                await everyone.wait()
                for number in range(2, 20):
                    await stream.send(acknowledge(number))
                    await stream.receive()

        async with connected(shared_server) as connection:
            await ask(connection)
            threads = threading.active_count()
            everyone = trio.Event()
            async with trio.open_nursery() as nursery:
                for _ in range(streams):
                    await nursery.start(use)
                for number in range(100):
                    assert await ask(connection, "echo", str(number)) == [str(number)]
                everyone.set()

            # Trio keeps the threads of readers for a while, to use them again; grpcio's end with their streams.
            await wait_for_threads(threads + streams)
            async with trio.open_nursery() as nursery:
                for _ in range(streams):
                    await nursery.start(use)
            await wait_for_threads(threads + streams)

    async def test_server_death(self, own_server: Server) -> None:
        """Streams that are open when the driver dies end with an unknown outcome, whoever waits on them."""
        async with connected(own_server) as connection:

            async def use(task_status: trio.TaskStatus[None]) -> None:
                async with connection.stream("WatchChanges") as stream:
                    await stream.send(acknowledge(1))
                    await stream.receive()
                    task_status.started()
                    with pytest.raises(OutcomeUnknown):
                        await stream.receive()
                    with pytest.raises(OutcomeUnknown):
                        await stream.send(acknowledge(2))

            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    await nursery.start(use)
                own_server.kill()


async def wait_for_threads(most: int) -> None:
    """Waits until there are no more threads than these."""
    while threading.active_count() > most:
        await trio.sleep(0.01)
