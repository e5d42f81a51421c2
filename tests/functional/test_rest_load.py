"""CONTRACT E15: two hundred who follow, and fifty questions a second, while thousands of files are synced."""

from __future__ import annotations

import http.client
import json
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import EVERYTHING, UNIT, Core
from tests.functional.rest import PREFIX, Api
from tests.functional.trees import write

FOLLOWERS, ASKED_A_SECOND = 200, 50
FILES = 5_000


@pytest.mark.slow
@pytest.mark.skipif(not EVERYTHING, reason="a load for minutes: `just everything` has it")
@pytest.mark.timeout(int(60 + 120 * UNIT))
def test_who_looks_on_is_served_while_files_are_synced(new_setup: Setups) -> None:
    """E15: all who follow hear of the last file though they are two hundred, every question is answered."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)
    alone = _synced(onitu, core, "alone")
    with _following(api.port) as heard, _asking(api) as asked:
        watched = _synced(onitu, core, "watched")
        core.wait_until(lambda: all(b"the last one" in one for one in heard()), "all have heard of the last file")
    again = _synced(onitu, core, "again")

    assert all(b"event: reset" not in one for one in heard())
    assert asked.count(200) == len(asked) > 0
    assert core.log.named("api_failed") == []
    slower = 2 * watched / (alone + again)
    print(json.dumps({"alone": alone, "watched": watched, "again": again, "slower": slower, "asked": len(asked)}))  # noqa: T201 - the figures


def _synced(onitu: Onitu, core: Core, name: str) -> float:
    """Syncs files, and returns how many seconds that took."""
    place = onitu.directory / f"new-{name}"
    for number in range(FILES):
        write(place / f"{number // 100:03}" / f"{number}.txt", f"content {number}")
    before = len(core.log.named("transfer_finished"))
    began = time.monotonic()
    place.rename(onitu["a"] / name)
    core.wait_until(
        lambda: _lines(core.log.path, b'"transfer_finished"') >= before + FILES, "all have arrived", units=90
    )
    took = time.monotonic() - began
    write(onitu["a"] / f"the last one of {name}", "x")
    return took


def _lines(path: Path, mark: bytes) -> int:
    return path.read_bytes().count(mark)


@contextmanager
def _following(port: int) -> Iterator[Callable[[], list[bytes]]]:
    """Has many follow, and yields what each of them has heard."""
    request = f"GET {PREFIX}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    heard: dict[int, bytes] = {}
    over = Event()
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(FOLLOWERS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(request)
            connection.setblocking(False)  # noqa: FBT003 - its own spelling
            selector.register(connection, selectors.EVENT_READ)
            heard[connection.fileno()] = b""

        def read() -> None:
            while not over.is_set():
                for key, _ in selector.select(0.1):
                    data = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
                    # What matters is at the end, or comes once.
                    kept = heard[key.fd] + data
                    heard[key.fd] = kept if b"event: reset" in kept else kept[-4096:]

        thread = Thread(target=read)
        thread.start()
        try:
            yield lambda: list(heard.values())
        finally:
            over.set()
            thread.join()


@contextmanager
def _asking(api: Api) -> Iterator[list[int]]:
    """Asks for files again and again on one connection, and yields the codes of the answers."""
    codes: list[int] = []
    over = Event()

    def ask() -> None:
        began = time.monotonic()
        while not over.wait(max(0.0, began + len(codes) / ASKED_A_SECOND - time.monotonic())):
            connection.request("GET", f"{PREFIX}/files?limit=20")
            answer = connection.getresponse()
            answer.read()
            codes.append(answer.status)

    thread = Thread(target=ask)
    with closing(http.client.HTTPConnection("127.0.0.1", api.port)) as connection:
        thread.start()
        try:
            yield codes
        finally:
            over.set()
            thread.join()
