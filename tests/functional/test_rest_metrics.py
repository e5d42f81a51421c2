"""CONTRACT E15: metrics and health."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from tests.functional.harness import FOLDER, Setups
from tests.functional.rest import Api
from tests.functional.trees import write


def _samples(api: Api, place: str = "/metrics") -> dict[tuple[str, ...], float]:
    """Returns the metrics: the name, and the values of its labels in the order of their names."""
    answer = api.get(place)
    assert (answer.code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    return dict(_parsed(answer.data.decode()))


def _parsed(text: str) -> Iterator[tuple[tuple[str, ...], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield (sample.name, *(value for _, value in sorted(sample.labels.items()))), sample.value


def test_what_is_done_can_be_measured(new_setup: Setups) -> None:
    """E15: files, bytes, transfers by outcome, queues, lag, errors, calls and the records, by folder and service."""
    onitu = new_setup("a", "b")
    for number in range(5):
        write(onitu["a"] / f"{number}.txt", "12345")
    core = onitu.serve()
    api = Api(core)
    onitu.converge(core)
    # It may have settled before anybody looked: nothing happens from then on.
    core.wait_until(lambda: core.log.events[-1].get("event") == "settled", "the core settles")

    found = _samples(api)

    assert found["onitu_files", FOLDER] == 5
    assert found["onitu_bytes", FOLDER] == 25
    assert found["onitu_transfers_total", FOLDER, "finished", "b"] == 5
    assert found["onitu_transferred_bytes_total", FOLDER, "b"] == 25
    assert found["onitu_queue_length", FOLDER, "b"] == found["onitu_lag_seconds", FOLDER, "b"] == 0
    assert found["onitu_service_status", "b", "active"] == 1
    assert found["onitu_rpc_seconds_count", "Configure", "a"] == 1
    assert found["onitu_rpc_seconds_bucket", "+Inf", "Configure", "a"] == 1
    assert found["onitu_store_bytes",] > 4096
    assert found["process_resident_memory_bytes",] > 1 << 20
    assert _samples(api, "//metrics").keys() == found.keys()


def test_what_waits_can_be_measured(new_setup: Setups) -> None:
    """E15: the queue of a service that is away, since when its oldest change waits, conflicts."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "one.txt", "one")
    core = onitu.serve()
    api = Api(core)
    onitu.converge(core)
    assert api.put("/services/b/stop").code == 200
    before = time.time()
    write(onitu["a"] / "two.txt", "two")
    write(onitu["a"] / "one.txt", "one here")
    write(onitu["b"] / "one.txt", "one there")

    core.wait_until(lambda: _samples(api)["onitu_queue_length", FOLDER, "b"] == 2, "both wait for b")
    found = core.wait_until(lambda: _lagging(api), "they have waited for more than a second")

    assert 1 < found["onitu_lag_seconds", FOLDER, "b"] <= time.time() - before
    assert found["onitu_service_status", "b", "stopped"] == 1
    assert api.put("/services/b/start").code == 200
    core.wait_until(lambda: _samples(api).get(("onitu_conflicts_total", FOLDER)) == 1, "the conflict is counted")
    core.wait_until(lambda: _samples(api)["onitu_conflict_copies", FOLDER] == 1, "and its copy")


def _lagging(api: Api) -> dict[tuple[str, ...], float]:
    found = _samples(api)
    return found if found["onitu_lag_seconds", FOLDER, "b"] > 1 else {}


def test_health_is_honest(new_setup: Setups) -> None:
    """E15: 503 with the reason when a service was not observed for too long; one that was stopped is well."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)
    well = api.get("//health")
    onitu["b"].rename(onitu["b"].with_name("gone"))

    ill = core.wait_until(lambda: _ill(api), "the missing root is noticed")

    assert (well.code, well.body["status"]) == (200, "ok")
    assert [(one["name"], one["status"]) for one in well.body["services"]] == [("a", "active"), ("b", "active")]
    assert ill["status"] == "error"
    assert ill["reason"].startswith("service b was not observed for ")
    assert "is halted" in ill["reason"]
    assert api.get("/health").code == 200
    assert api.get("/health", within="x").code == 400
    assert api.put("/services/b/stop").code == 200
    core.wait_until(lambda: api.get("/health", within=1).code == 200, "a stopped service is well")


def _ill(api: Api) -> dict[str, str]:
    answer = api.get("/health", within=1)
    body: dict[str, str] = answer.body
    return body if answer.code == 503 and "halted" in body["reason"] else {}
