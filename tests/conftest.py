"""How many examples Hypothesis tries: `ONITU_HYPOTHESIS_PROFILE` is `ci` (the default) or `everything`.

`ci` tries the same examples each time, so that what it says of a change is about that change; `everything` looks for
new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile("ci", max_examples=120, derandomize=True, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("everything", max_examples=5_000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("ONITU_HYPOTHESIS_PROFILE", "ci"))
