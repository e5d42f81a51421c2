"""Bytes that are not those announced are never committed."""

from __future__ import annotations

import os

import pytest

from tests.functional.driver.pairs import Pair, needs
from tests.functional.targets import Ability, Target
from tests.functional.trees import digest_of

SAID = ("transfer_aborted", "path_failed", "transfer_restarted")
CASES = [
    ("from", "read"),
    ("to", "write"),
]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(("way", "task"), CASES, ids=["read", "write"])
def test_a_corrupted_transfer_is_not_committed(pair: Pair, way: str, task: str, size: str) -> None:
    """F6 (corrupted transfer): nothing of it stays, it is said, and the file arrives once the bytes are right."""
    needs(pair.tested, Ability.CORRUPT)
    here, there = pair.way(way)
    content = os.urandom(2_000 if size == "small" else pair.tested.large)
    pair.disk.write("other.txt", b"other")
    pair.serve("--debug")
    pair.agree()
    end = pair.tested.corrupt("file.bin", task)
    here.write("file.bin", content)
    here.write("beside.txt", b"not corrupt")
    pair.wait(lambda: any(pair.core.log.about(name, "file.bin") for name in SAID), "it is said")
    pair.wait(lambda: "beside.txt" in there.tree(), "what is not corrupt arrives")

    assert shown(there) <= {digest_of(content)}
    assert here.tree()["file.bin"].digest == digest_of(content)
    end()
    pair.wait(lambda: shown(there) == {digest_of(content)}, "it arrives")
    assert here.tree()["file.bin"].digest == digest_of(content)


def shown(target: Target) -> set[str]:
    """Returns the content that a service shows under the name, if any."""
    return {entry.digest for path, entry in target.tree().items() if path == "file.bin"}
