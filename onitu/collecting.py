"""How rarely Python looks for garbage: what Onitu makes by the thousand are values that are in no cycles.

Reference counts free them. Looking through all of them again and again finds nothing, and Python does so after every
700 that are made: a quarter of the time of a large sync, and a twentieth of that of importing.
"""

from __future__ import annotations

import gc
from typing import Final

#: Values made between two collections, then collections of one generation to one of the next: measured.
THRESHOLDS: Final = (50_000, 20, 100)


def collect_rarely() -> None:
    """Has garbage looked for rarely in this process. Called before most is imported, it makes that cheaper, too."""
    gc.set_threshold(*THRESHOLDS)


def keep_for_good() -> None:
    """Has what was made so far, mostly by imports, never looked at again."""
    gc.freeze()
