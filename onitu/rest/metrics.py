"""What there is to measure, in the words of Prometheus (CONTRACT E15).

Syncing counts in plain numbers and knows nothing of this: they become metrics when somebody asks. What only the records
know is read then, as much of it as costs little.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import attrs
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from onitu import __version__
from onitu.host.latency import BOUNDS

if TYPE_CHECKING:
    from onitu.core.scope import Scope
    from onitu.referee.tally import Spot, Tally
    from onitu.rest.desk import Desk
    from onitu.rest.queues import Queue, Queues
    from onitu.rest.totals import Total, Totals
    from onitu.store import Transaction

K = TypeVar("K", bound=tuple[str, ...])

#: What a service can be, as in CONTRACT E6.
STATUSES = ("active", "failed", "halted", "held", "starting", "stopped", "stopping")


@attrs.frozen(kw_only=True)
class Recorded:
    """What the records say.

    Attributes:
        totals: By folder, what it has.
        queues: By folder and service, what is to be done there.
    """

    totals: Mapping[str, Total]
    queues: dict[Spot, Queue]


def read_records(
    totals: Totals, queues: Queues, scopes: Mapping[str, Scope], commits: int, transaction: Transaction
) -> Recorded:
    """Returns what the records say. Takes its time: in a thread.

    Args:
        totals: Remembers what was counted.
        queues: Likewise.
        scopes: The folders.
        commits: How often the records have been written, before the transaction began.
        transaction: The records.
    """
    spots = [(folder, service) for folder, scope in scopes.items() for service in scope.members]
    return Recorded(totals=totals.count(transaction, scopes, commits), queues=queues.count(transaction, spots, commits))


def exposition(desk: Desk, recorded: Recorded, accept: str) -> tuple[bytes, str]:
    """Returns all metrics as they are sent, and the type of that.

    Args:
        desk: The running core.
        recorded: What the records say.
        accept: Which formats are understood, as the request has it.
    """
    encode, media_type = choose_encoder(accept)
    registry = CollectorRegistry()
    registry.register(_Metrics(desk, recorded))
    ProcessCollector(registry=registry)
    return encode(registry), media_type


class _Metrics(Collector):
    """All metrics of one moment."""

    def __init__(self, desk: Desk, recorded: Recorded) -> None:
        self._desk = desk
        self._recorded = recorded

    def describe(self) -> Iterable[Metric]:
        """Nothing has to be collected to know the names: there is no other collector with ours."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics."""
        yield from self._core()
        yield from self._folders()
        yield from self._services()
        yield from self._done(self._desk.referee.telling.tally)
        yield self._calls()

    def _core(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("onitu_build_info", "The version of Onitu.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        size = self._desk.store_size
        yield GaugeMetricFamily("onitu_store_bytes", "Bytes of the records in the data directory.", value=size)
        following = self._desk.referee.telling.following
        yield GaugeMetricFamily("onitu_event_followers", "Who follows the events now.", value=following)

    def _folders(self) -> Iterator[Metric]:
        totals = self._recorded.totals
        labels = ["folder"]
        yield _gauge("onitu_files", "Files of a folder.", labels, {(name,): one.files for name, one in totals.items()})
        yield _gauge("onitu_bytes", "Bytes of them.", labels, {(name,): one.bytes for name, one in totals.items()})
        copies = {(name,): one.copies for name, one in totals.items()}
        yield _gauge("onitu_conflict_copies", "Conflict copies among the files, by their names.", labels, copies)

    def _services(self) -> Iterator[Metric]:
        desk, recorded = self._desk, self._recorded
        spots, now = ["folder", "service"], time.time()
        lengths = {spot: queue.length for spot, queue in recorded.queues.items()}
        lags = {spot: queue.lag(now) for spot, queue in recorded.queues.items()}
        yield _gauge("onitu_queue_length", "Entries that a service still has to be brought.", spots, lengths)
        text = "Seconds since the oldest change that a service does not have yet; 0 where it has all."
        yield _gauge("onitu_lag_seconds", text, spots, lags)
        links = tuple(desk.referee.links.values())
        held = {(link.folder, link.service): int(link.hold is not None) for link in links}
        yield _gauge("onitu_held", "1 where something waits for a person's decision.", spots, held)
        names = list(desk.setup.services)
        failed = {(name,): len(desk.referee.failures.of(name)) for name in names}
        yield _gauge("onitu_failed_paths", "Paths that failed at the last try.", ["service"], failed)
        unobserved = {(name,): desk.unobserved(name) for name in names}
        text = "Seconds since all of a service was observed; 0 for one that a person has stopped."
        yield _gauge("onitu_unobserved_seconds", text, ["service"], unobserved)
        standing = {name: desk.standing(name).status for name in names}
        statuses = {(name, status): int(standing[name] == status) for name in names for status in STATUSES}
        yield _gauge("onitu_service_status", "1 for what a service is now.", ["service", "status"], statuses)

    def _done(self, tally: Tally) -> Iterator[Metric]:
        spots = ["folder", "service"]
        transfers = CounterMetricFamily(
            "onitu_transfers", "Transfers to a service that have ended.", labels=[*spots, "outcome"]
        )
        outcomes = {"finished": tally.finished, "aborted": tally.aborted, "superseded": tally.superseded}
        for outcome, counted in outcomes.items():
            for spot, count in tuple(counted.items()):
                transfers.add_metric([*spot, outcome], count)
        yield transfers
        yield _counter("onitu_transferred_bytes", "Bytes of files that have arrived.", spots, tally.bytes)
        yield _counter("onitu_changes", "What was done beside transfers: moved, deleted.", spots, tally.changes)
        yield _counter("onitu_errors", "What failed on a service, transfers among it.", spots, tally.errors)
        conflicts = {(folder,): count for folder, count in tally.conflicts.items()}
        yield _counter("onitu_conflicts", "Conflicts that were found.", ["folder"], conflicts)

    def _calls(self) -> Metric:
        text = "Seconds that calls of a driver take."
        family = HistogramMetricFamily("onitu_rpc_seconds", text, labels=["service", "method"])
        bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
        for service in self._desk.setup.services:
            for method, counts, seconds in self._desk.latencies(service) or ():
                total, buckets = 0, []
                for bound, count in zip(bounds, counts, strict=True):
                    total += count
                    buckets.append((bound, total))
                family.add_metric([service, method], buckets, seconds)
        return family


def _gauge(name: str, text: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counter(name: str, text: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in tuple(values.items()):
        family.add_metric(key, value)
    return family
