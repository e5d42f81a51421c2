"""The drivers that the driver tests run against: one small module for each, found by the driver's name."""

from __future__ import annotations

from tests.functional.targets.find import ENTRY_POINTS, driver_under_test, target_class
from tests.functional.targets.target import Ability, Target

__all__ = ["ENTRY_POINTS", "Ability", "Target", "driver_under_test", "target_class"]
