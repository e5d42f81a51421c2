"""What a run with `--once` did, and what it could not do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from onitu.log import get_logger
from onitu.supervisor.service import Service, Status

if TYPE_CHECKING:
    from onitu.referee import Referee
    from onitu.store import Transaction

#: Paths that are named when something is left to do.
NAMED = 20


async def summarize(referee: Referee, services: Iterable[Service]) -> int:
    """Logs a summary and returns the exit code: 0, or 1 if something could not be synced.

    Args:
        referee: What was done.
        services: All services, whatever became of them.
    """
    log = get_logger()
    failures = [(service.name, failure) for service in services for failure in referee.failures.of(service.name)]
    for name, failure in failures[:NAMED]:
        log.error("path_failed", service=name, path=failure.path, error=str(failure.error), attempt=failure.attempts)
    troubled = [service for service in services if service.status is not Status.ACTIVE]
    left = await referee.writer.read(lambda transaction: _left(transaction, referee, services))
    waiting = [service for service in services if service.hours.waits]
    counts = referee.counts
    complete = not troubled and not failures and not left and not counts.unlisted
    log.info(
        "sync_finished",
        files=counts.files,
        bytes=counts.bytes,
        other=counts.other,
        conflicts=counts.conflicts,
        errors=len(failures) + counts.unlisted,
        left=left,
        failed=[service.name for service in troubled if not service.is_active],
        held=[service.name for service in troubled if service.is_active],
        waiting=[service.name for service in waiting],
    )
    errors = len(failures) + counts.unlisted
    print(  # noqa: T201 - the command's own output
        f"{counts.files:,} files ({counts.bytes:,} bytes) copied, {counts.other:,} other changes, "
        f"{counts.conflicts:,} conflicts, {errors:,} errors"
        + "".join(f"; {service.name} {service.status.value}: {service.reason}" for service in troubled)
        + (f"; {left:,} entries are still to be done" if left else "")
        + "".join(f"; {service.name} waits for its schedule until {service.hours.until}" for service in waiting if left)
    )
    return 0 if complete else 1


def _left(transaction: Transaction, referee: Referee, services: Iterable[Service]) -> int:
    """Returns how many entries are not where they should be on services that are active."""
    return sum(
        1
        for service in services
        if service.is_active
        for folder, scope in referee.scopes.items()
        if service.name in scope.members
        for _ in transaction.dirty(service.name, folder)
    )
