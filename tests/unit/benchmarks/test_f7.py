"""The benchmarks measure what they say, and count nothing that is not equal."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tests.benchmarks.data import fingerprint
from tests.benchmarks.tools import CP, ONITU
from tests.benchmarks.workloads import F7, KIB, WORKLOADS, Files, first_copy


def test_all_sets_are_there() -> None:
    """F7: three sets of files, with two and three services, each a workload of `just bench f7`."""
    titles = {WORKLOADS[name].title for name in F7}

    sets = ("1,000 x 1 MiB", "100 x 10 MiB", "10 x 100 MiB")
    assert titles == {f"{files}, {services} services, first sync" for files in sets for services in (2, 3)}


def test_a_small_run_measures_and_compares(tmp_path: Path) -> None:
    """F7: files are copied to two targets, and the time counts because all three trees have one checksum."""
    results = first_copy(Files(count=3, size=1024 * KIB), (ONITU,), targets=2)(tmp_path, 1)

    (cost,) = results["onitu"]
    assert cost.seconds > 0
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_is_not_equal_counts_for_nothing(tmp_path: Path) -> None:
    """F7: checksums find a tool that copies nothing."""
    idle = attrs.evolve(CP, name="idle", command=lambda *_: ["true"])

    with pytest.raises(RuntimeError, match="unequal"):
        first_copy(Files(count=2, size=1024 * KIB), (idle,))(tmp_path, 1)


def test_checksums_see_every_difference(tmp_path: Path) -> None:
    """F7: another byte, another name, a missing file: each is another checksum."""
    places = [tmp_path / name for name in ("a", "b", "c", "d")]
    for place, (name, content) in zip(places, (("f", b"1"), ("f", b"2"), ("g", b"1"), ("f", b"1")), strict=True):
        place.mkdir()
        (place / name).write_bytes(content)

    digests = [fingerprint(place) for place in places]
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3
