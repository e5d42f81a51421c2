"""Which driver the driver tests run against (CONTRACT F5, F8).

`ONITU_TEST_DRIVER` names it; `memory` is the default. A driver of this repository has its target in a module of its
name beside this one; a driver from elsewhere registers a subclass of `Target` in the entry point group
`onitu.test_targets`, under the name of the driver.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from importlib.metadata import entry_points

from tests.functional.targets.target import Target

ENTRY_POINTS = "onitu.test_targets"
DEFAULT = "memory"


def driver_under_test() -> str:
    """Returns the name of the driver under test."""
    return os.environ.get("ONITU_TEST_DRIVER") or DEFAULT


def target_class(driver: str) -> type[Target]:
    """Finds the target of a driver.

    Args:
        driver: Its name.

    Returns:
        The class to make services with.

    Raises:
        LookupError: Nobody has written one.
    """
    for point in entry_points(group=ENTRY_POINTS, name=driver):
        return _checked(driver, point.load())
    module = f"{__package__}.{driver}"
    if not driver.isidentifier() or importlib.util.find_spec(module) is None:
        message = (
            f"ONITU_TEST_DRIVER is {driver!r}, and there is no target for it: neither the module "
            f"tests/functional/targets/{driver}.py nor an entry point of that name in the group {ENTRY_POINTS}"
        )
        raise LookupError(message)
    return _checked(driver, importlib.import_module(module).TARGET)


def _checked(driver: str, found: object) -> type[Target]:
    if not (isinstance(found, type) and issubclass(found, Target) and found.driver == driver):
        message = f"the target for {driver!r} is {found!r}, which is no `Target` of that driver"
        raise LookupError(message)
    return found
