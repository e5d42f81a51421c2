"""How everything is doing, as `/status` says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import trio

from onitu.config import load_setup
from onitu.referee import Referee
from onitu.rest.access import Access
from onitu.rest.app import make_app
from onitu.store import Store
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


async def _status(desk: Steering) -> dict[str, Any]:
    client = make_app(desk, Access()).test_client()
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

    (service,) = (await _status(desk))["services"]

    assert (service["name"], service["status"], len(looked)) == ("a", "stopping", 2)
    assert [folder["pending"] for folder in service["folders"]] == [0]
