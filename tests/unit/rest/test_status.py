"""How everything is doing, as `/status` says it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import trio
from quart.typing import TestClientProtocol as Client

from onitu.config import load_setup
from onitu.core.derive import IndexKey
from onitu.core.model import Kind, Observation, Present
from onitu.core.reconcile import observe
from onitu.referee import Referee
from onitu.rest.access import Access
from onitu.rest.app import make_app
from onitu.store import Store, Transaction
from onitu.supervisor import records
from onitu.supervisor.inforce import InForce
from onitu.supervisor.overlay import Overlay
from onitu.supervisor.services import Services
from onitu.supervisor.steering import Steering

SETUP = """
name: x
folders: {docs: }
services:
  a: {driver: local_storage, root: a, folders: {docs: }}
  b: {driver: local_storage, root: b, folders: {docs: }}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Steering]:
    """A core that has not begun."""
    path = tmp_path / "onitu.yaml"
    path.write_text(SETUP)
    setup, store = load_setup(path), Store(tmp_path / "data")
    _, scopes, _ = records.open_setup(store, setup)
    referee, services = Referee(store, scopes), Services(cast("Any", None))
    yield Steering(InForce(setup, Overlay(), setup, referee=referee, services=services), services, referee)
    store.close()


async def _status(client: Client) -> dict[str, Any]:
    answer = await client.get("/api/v1.0/status", headers={"Host": "localhost"})
    assert answer.status_code == 200
    return cast("dict[str, Any]", await answer.get_json())


async def test_what_changes_in_trios_thread_is_looked_at_there(desk: Steering, monkeypatch: pytest.MonkeyPatch) -> None:
    """E15: what is under way is changed in one thread; looked at in another it could change in the middle."""
    looked: list[object] = []

    def here(look: Callable[..., object]) -> Callable[..., object]:
        def looking(*given: object) -> object:
            looked.append(trio.lowlevel.current_task())  # It raises in any other thread.
            return look(*given)

        return looking

    monkeypatch.setattr(desk, "standing", here(desk.standing))
    monkeypatch.setattr(desk.referee.failures, "of", here(desk.referee.failures.of))

    services = (await _status(make_app(desk, Access()).test_client()))["services"]

    assert [(service["name"], service["status"]) for service in services] == [("a", "stopping"), ("b", "stopping")]
    assert len(looked) == 4


async def test_what_waits_is_counted_once_for_everybody(desk: Steering, monkeypatch: pytest.MonkeyPatch) -> None:
    """E15: as long as nothing is committed what waits is shown again, whoever asks; one thread at a time counts."""
    counted: list[IndexKey] = []
    at_work = threading.Lock()
    count = Transaction.count

    def counting(transaction: Transaction, prefix: IndexKey) -> int:
        assert at_work.acquire(blocking=False)
        counted.append(prefix)
        try:
            return count(transaction, prefix)
        finally:
            at_work.release()

    monkeypatch.setattr(Transaction, "count", counting)
    client = make_app(desk, Access()).test_client()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.referee.writer.run)
        async with trio.open_nursery() as callers:
            for _ in range(5):
                callers.start_soon(_status, client)
        assert counted == [("dirty", "a", "docs"), ("dirty", "b", "docs")]
        await desk.referee.writer.write(partial(_show, desk.referee))
        pending, waited = zip(*[_waiting(await _status(client)) for _ in range(2)], strict=True)
        nursery.cancel_scope.cancel()

    assert len(counted) == 4
    assert pending == ({"a": 1, "b": 0}, {"a": 1, "b": 0})
    assert waited[0]["a"] < waited[1]["a"]
    assert waited[0]["b"] == waited[1]["b"] == 0


def _show(referee: Referee, transaction: Transaction) -> None:
    """Has a service show a file that the other one does not have."""
    shown = Present(kind=Kind.FILE, size=3, revision="r")
    observe(referee.work(transaction, "docs"), "b", Observation("one.txt", shown, 1))


def _waiting(status: dict[str, Any]) -> tuple[dict[str, int], dict[str, float]]:
    """Returns by service how much waits there, and for how long."""
    folders = {service["name"]: service["folders"][0] for service in status["services"]}
    return (
        {name: folder["pending"] for name, folder in folders.items()},
        {name: folder["lag"] for name, folder in folders.items()},
    )
