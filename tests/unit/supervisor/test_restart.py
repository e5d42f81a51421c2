"""When a driver that ended is started again."""

from __future__ import annotations

import pytest

from onitu.supervisor.restart import REMEMBERED, History, Run, next_delay, remember


def failed(ended: float) -> Run:
    """Returns a run that never became active."""
    return Run(None, ended)


class TestNextDelay:
    """`next_delay`."""

    def test_is_nothing_at_first(self) -> None:
        """What never ran need not wait."""
        assert next_delay((), 100.0, jitter=1.0) == 0.0

    @pytest.mark.parametrize(
        ("failures", "expected"),
        [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 16.0), (7, 32.0), (8, 60.0), (50, 60.0)],
    )
    def test_doubles_up_to_a_minute(self, failures: int, expected: float) -> None:
        """Each failure in a row doubles the delay."""
        assert next_delay([failed(100.0)] * failures, 100.0, jitter=0.0) == expected

    @pytest.mark.parametrize(("jitter", "expected"), [(0.0, 0.5), (0.5, 0.5625), (1.0, 0.625)])
    def test_leaves_a_little_to_chance(self, jitter: float, expected: float) -> None:
        """Drivers that fell together do not rise together."""
        assert next_delay((failed(100.0),), 100.0, jitter=jitter) == expected

    @pytest.mark.parametrize(("now", "expected"), [(100.2, 0.3), (100.5, 0.0), (200.0, 0.0)])
    def test_counts_from_the_end_of_the_last_run(self, now: float, expected: float) -> None:
        """The time that has passed since is not waited for again."""
        assert next_delay((failed(100.0),), now, jitter=0.0) == pytest.approx(expected)

    def test_starts_over_after_a_healthy_run(self) -> None:
        """A minute of health says that what failed before is over."""
        history = (*[failed(10.0)] * 5, Run(20.0, 80.0))

        assert next_delay(history, 80.0, jitter=0.0) == 0.5
        assert next_delay((*history, failed(90.0)), 90.0, jitter=0.0) == 1.0

    def test_does_not_trust_a_short_run(self) -> None:
        """A service that was active for less than a minute has failed again."""
        assert next_delay((failed(10.0), Run(20.0, 79.0)), 79.0, jitter=0.0) == 1.0


class TestRemember:
    """`remember`."""

    def test_keeps_what_counts(self) -> None:
        """History stays short, and the delay is the same as with all of it."""
        history: History = ()
        for number in range(100):
            history = remember(history, failed(float(number)))

        assert len(history) == REMEMBERED
        assert next_delay(history, 99.0, jitter=0.0) == 60.0

    def test_forgets_what_a_healthy_run_has_settled(self) -> None:
        """Nothing before it matters any more."""
        run = Run(0.0, 60.0)

        assert remember((failed(0.0),) * 3, run) == (run,)
