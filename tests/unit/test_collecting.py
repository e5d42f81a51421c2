"""How rarely garbage is looked for."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from onitu.collecting import THRESHOLDS, collect_rarely, keep_for_good
collect_rarely()
assert gc.get_threshold() == THRESHOLDS, gc.get_threshold()
assert gc.get_freeze_count() == 0
keep_for_good()
assert gc.get_freeze_count() > 0
kept = gc.get_freeze_count()
gc.collect()
assert gc.get_freeze_count() == kept
assert gc.isenabled(), "cycles are still found"
"""


def test_garbage_is_looked_for_rarely_and_what_was_made_before_is_left_alone() -> None:
    """In a process of its own, since it holds for all of it."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True)

    assert done.stderr == ""
    assert done.returncode == 0
