"""The outbox of a change stream: what is said, in which order, and who waits for whom."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from onitu.core.model import Absent, Kind, Observation, Present
from onitu.errors import ServiceError
from onitu.plug import outbox
from onitu.plug.outbox import Outbox, Problem
from onitu.rpc.gen import watch_pb2

Message = watch_pb2.WatchChangesResponse


def page(snapshot: int = 1) -> Message:
    """Returns a batch of a snapshot."""
    return Message(batch=watch_pb2.ChangeBatch(snapshot=snapshot))


def end() -> Message:
    """Returns the end of a snapshot."""
    return Message(snapshot_end=watch_pb2.SnapshotEnd(snapshot=1))


def take(messages: Iterator[Message], count: int) -> list[Message]:
    """Returns the next messages."""
    return [next(messages) for _ in range(count)]


def test_live_changes_travel_together() -> None:
    """What is reported in a burst goes in one batch, in its order."""
    box = Outbox()
    for number in range(5):
        box.put_live(Observation(f"f{number}", Absent(), number))
    box.put_live(Problem("x", "odd"))
    box.finish()
    (message,) = list(box.messages())
    assert [observation.path for observation in message.batch.observations] == [f"f{n}" for n in range(5)]
    assert message.batch.problems[0].display_path == "x"
    assert (message.batch.batch, message.batch.snapshot) == (1, 0)


def test_batch_is_cut_by_count() -> None:
    """No batch has more than 1,000 items, and nothing is lost between them."""
    box = Outbox()
    for number in range(2_500):
        box.put_live(Observation(f"f{number}", Absent(), number))
    box.finish()
    batches = [message.batch for message in box.messages()]
    assert [len(batch.observations) for batch in batches] == [1000, 1000, 500]
    assert [batch.batch for batch in batches] == [1, 2, 3]


def test_batch_is_cut_by_bytes() -> None:
    """No message is over the limit, however long the paths are."""
    box = Outbox()
    path = "p" * 4096
    for number in range(900):
        state = Present(kind=Kind.FILE, revision="r", extra=bytes(4096))
        box.put_live(Observation(path, state, number))
    box.finish()
    batches = list(box.messages())
    assert sum(len(message.batch.observations) for message in batches) == 900
    assert all(message.ByteSize() <= 3 * 1024 * 1024 for message in batches)


def test_end_of_a_snapshot_waits_for_the_changes_before_it() -> None:
    """A file that was moved while its directories were listed is reported before its absence counts."""
    box = Outbox()
    box.put_page(page())
    box.put_live(Observation("moved", Absent(), 1))
    box.put_page(end(), after_live=True)
    box.finish()
    kinds = [message.WhichOneof("message") for message in box.messages()]
    assert kinds[-1] == "snapshot_end"
    assert sorted(kinds[:-1]) == ["batch", "batch"]


def test_core_that_acknowledges_nothing_stops_the_batches() -> None:
    """At most 16 batches are under way; other messages still pass."""
    box = Outbox()
    messages = box.messages()
    for _ in range(outbox.WINDOW):
        box.put_page(page())
        next(messages)
    box.put_page(page())
    box.put_urgent(outbox.heartbeat())
    assert next(messages).WhichOneof("message") == "heartbeat"
    box.put_page(Message(snapshot_begin=watch_pb2.SnapshotBegin(snapshot=2)))
    box.acknowledge(1)
    assert next(messages).batch.batch == outbox.WINDOW + 1
    assert next(messages).WhichOneof("message") == "snapshot_begin"


def test_urgent_messages_overtake() -> None:
    """The state of the root is not kept waiting by a thousand changes."""
    box = Outbox()
    box.put_live(Observation("a", Absent(), 1))
    box.put_urgent(Message(root=watch_pb2.RootReport(reason="gone")))
    box.finish()
    assert [message.WhichOneof("message") for message in box.messages()] == ["root", "batch"]


def test_pages_and_live_changes_take_turns() -> None:
    """Neither a long snapshot nor a busy service keeps the other from being heard."""
    box = Outbox()
    messages = box.messages()
    for number in range(2_000):
        box.put_live(Observation(f"f{number}", Absent(), number))
    box.put_page(page())
    box.put_page(page())
    assert [message.batch.snapshot for message in take(messages, 4)] == [0, 1, 0, 1]


def test_failure_ends_the_stream_at_once() -> None:
    """The core hears why, and nothing after it."""
    box = Outbox()
    box.put_live(Observation("a", Absent(), 1))
    box.fail(ServiceError("watcher died"))
    box.fail(ServiceError("a second one"))
    with pytest.raises(ServiceError, match="watcher died"):
        next(box.messages())


def test_closing_wakes_whoever_waits_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is gone holds no thread of a driver."""
    monkeypatch.setattr(outbox, "LIVE_LIMIT", 1)
    box = Outbox()
    box.put_live(Observation("a", Absent(), 1))
    waiting = threading.Thread(target=box.put_live, args=(Observation("b", Absent(), 2),))
    waiting.start()
    box.close()
    waiting.join(10)
    assert not waiting.is_alive()
    assert list(box.messages()) == []


def test_whoever_waits_for_room_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core that is behind does not take a watcher that waits for it for dead."""
    monkeypatch.setattr(outbox, "LIVE_LIMIT", 1)
    monkeypatch.setattr(outbox, "HEARTBEAT", 0.001)
    monkeypatch.setattr(outbox, "WINDOW", 0)
    box = Outbox()
    box.put_live(Observation("a", Absent(), 1))
    waiting = threading.Thread(target=box.put_live, args=(Observation("b", Absent(), 2),))
    waiting.start()
    assert next(box.messages()).WhichOneof("message") == "heartbeat"
    box.close()
    waiting.join(10)
