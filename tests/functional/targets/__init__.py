"""The drivers that the driver tests run against: one small module for each, found by the driver's name."""

from __future__ import annotations

from tests.functional.targets.find import ENTRY_POINTS, target_class, tested_driver
from tests.functional.targets.target import Ability, Target

__all__ = ["ENTRY_POINTS", "Ability", "Target", "target_class", "tested_driver"]
