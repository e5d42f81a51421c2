"""How the health of a driver is judged, in seconds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import inf


def interval_of(environment: Mapping[str, str]) -> float:
    """Returns the seconds between two health checks: 10, unless ONITU_CHECK_INTERVAL says something else."""
    try:
        seconds = float(environment.get("ONITU_CHECK_INTERVAL", ""))
    except ValueError:
        return 10.0
    return seconds if 0 < seconds < inf else 10.0


#: How often a driver is asked for its health (DESIGN §4).
CHECK_INTERVAL = interval_of(os.environ)

#: Health has its own threads in a driver, so work does not delay it.
CHECK_DEADLINE = CHECK_INTERVAL / 2

#: A check may come late on a machine under load; a process that misses three in a row does not come back.
CHECKS_MISSED = 3
