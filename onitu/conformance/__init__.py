"""The conformance kit: whether a driver, in any language, keeps the contract. It speaks gRPC to it and nothing else.

From the command line it is `onitu driver test`. In the tests of a driver::

    import pytest

    from onitu.conformance import CHECKS, Check, Kit, Target


    @pytest.fixture(scope="module")
    def kit(tmp_path_factory):
        root = tmp_path_factory.mktemp("service")
        with Kit(Target.installed("weather", options={"root": str(root)})) as kit:
            yield kit


    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test_conformance(kit: Kit, check: Check):
        kit.run(check)

A check is skipped where the driver does not declare what it is about. What a driver is known not to keep stands in its
quirks, each with the reason.
"""

try:
    import pytest
except ImportError as error:
    raise ImportError("the conformance kit needs pytest: pip install 'onitu[conformance]'") from error

pytest.register_assert_rewrite(
    "onitu.conformance.groups", "onitu.conformance.folder", "onitu.conformance.session", "onitu.conformance.stream"
)

from onitu.conformance import groups  # noqa: E402  What it asserts is told in full only if this was said before.
from onitu.conformance.backstage import Backstage  # noqa: E402
from onitu.conformance.check import CHECKS, Check  # noqa: E402
from onitu.conformance.kit import Kit, Outcome, Result  # noqa: E402
from onitu.conformance.target import Target  # noqa: E402

__all__ = ["CHECKS", "Backstage", "Check", "Kit", "Outcome", "Result", "Target", "groups"]
