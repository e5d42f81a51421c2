"""The records of a setup as a whole: written out, read in, looked through (`onitu state`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import attrs

from onitu.config.values import Setup
from onitu.errors import StoreError
from onitu.store import Store, Transaction
from onitu.store.beside import owner, read_beside
from onitu.store.dump import export_records, import_records
from onitu.store.examine import Report, examine_derived, examine_tree
from onitu.supervisor.overlay import in_force
from onitu.supervisor.records import known_scopes, shape_of

#: Faults that are shown; a damaged database may have as many as entries.
SHOWN = 20


@attrs.frozen
class Examined:
    """What came of looking through a data directory.

    Attributes:
        report: What was found.
        outdated: The setup has changed since Onitu last ran on it: indexes are derived anew at the next start, and
            could not be compared.
    """

    report: Report
    outdated: bool

    def lines(self) -> Iterator[str]:
        """Yields what was found, for a person."""
        report = self.report
        yield f"entries: {report.live:,} (folders: {len(report.folders):,}, services: {len(report.services):,})"
        yield f"deletions under way: {report.deleted:,}"
        if self.outdated:
            yield "indexes: not compared; the next start makes them anew, for a changed setup or imported records"
        else:
            yield f"indexes: {report.indexes:,}, and {report.fingerprints:,} fingerprints: derived again and compared"
        for fault in report.faults[:SHOWN]:
            yield f"fault: {fault}"
        if len(report.faults) > SHOWN:
            yield f"fault: and {len(report.faults) - SHOWN:,} more"
        yield f"faults: {len(report.faults):,}{'' if report.faults else '; everything fits together'}"


def in_use(directory: Path) -> str | None:
    """Returns what to say of a data directory that a running core has, or None if none has it."""
    process = owner(directory)
    if process is None:
        return None
    return f"{directory} is in use by a running onitu (process {process}); this is its state at one moment"


def export_state(directory: Path, out: BinaryIO) -> None:
    """Writes all records of a data directory as JSON lines.

    Raises:
        StoreError: There are none, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        out.writelines(export_records(transaction))


def import_state(directory: Path, lines: BinaryIO) -> int:
    """Takes exported records into an empty data directory, all or none, and returns how many.

    Raises:
        StoreError: The directory is in use or not empty, or what is read is not a whole export.
    """

    def work(transaction: Transaction) -> int:
        if transaction.meta("setup-id") is not None or next(transaction.nodes(), None) is not None:
            raise StoreError(f"{directory} has records already; import into an empty data directory (--data-dir)")
        return import_records(transaction, lines)

    store = Store(directory)
    try:
        return store.write(work)
    finally:
        store.close()


def examine_state(directory: Path, setup: Setup) -> Examined:
    """Looks whether everything in a data directory fits together. Reads only.

    Args:
        directory: The data directory, whoever owns it.
        setup: What indexes were made by, unless it has changed.

    Raises:
        StoreError: There are no records, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        report = examine_tree(transaction)
        scopes = known_scopes(transaction, in_force(transaction, setup))
        outdated = transaction.meta("shape") != shape_of(scopes)
        if not outdated:
            examine_derived(transaction, scopes, report)
        return Examined(report, outdated)
