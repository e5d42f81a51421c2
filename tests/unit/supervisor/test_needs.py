"""What a person is told of."""

from __future__ import annotations

import pytest

from onitu.supervisor.needs import FAILED_FOR, GATHER, NAMED, Needs


def _service(needs: Needs, status: str, at: float, reason: str = "no network") -> None:
    needs.take("service", {"service": "nas", "status": status, "reason": reason}, at)


def test_conflicts_of_a_moment_are_one_message() -> None:
    """B18: a thousand conflicts in a folder are told once, with some of their names."""
    needs = Needs()
    for number in range(1000):
        needs.take("conflict", {"state": "found", "folder": "docs", "filename": f"{number:03}"}, 100)

    assert list(needs.due(100 + GATHER - 0.1)) == []
    assert needs.next_due() == 100 + GATHER
    (message,) = needs.due(100 + GATHER)
    assert (message.event, message.folder, message.count, len(message.paths)) == ("conflict", "docs", 1000, NAMED)
    assert message.text.startswith("1,000 conflicts in folder 'docs': 000, 001,")
    assert "990 more" in message.text
    assert (list(needs.due(1e9)), needs.next_due()) == ([], float("inf"))


def test_what_is_settled_or_decided_is_no_news() -> None:
    """B18: only what needs a person is told."""
    needs = Needs()
    needs.take("conflict", {"state": "resolved", "folder": "docs", "filename": "a"}, 0)
    needs.take("hold", {"state": "ended", "service": "nas", "folder": "docs", "reason": ""}, 0)
    _service(needs, "stopped", 0)
    _service(needs, "active", 0)

    assert (list(needs.due(1e9)), list(needs.rest())) == ([], [])


def test_a_hold_is_told() -> None:
    """B18: with its service, its folder and what to do."""
    needs = Needs()
    needs.take("hold", {"state": "held", "service": "nas", "folder": "docs", "reason": "30 of 30 are gone"}, 0)

    (message,) = needs.rest()

    assert (message.event, message.service, message.folder) == ("hold", "nas", "docs")
    assert message.text.startswith("30 of 30 are gone in folder 'docs' of service 'nas'")


def test_a_halt_is_told_once() -> None:
    """B18: a service that is looked at every few seconds is halted once, until it is well again."""
    needs = Needs()
    for at in range(0, 50, 10):
        _service(needs, "halted", at, "the root is missing")
        _service(needs, "starting", at + 5)

    assert [message.text for message in needs.due(60)] == ["service 'nas' is halted: the root is missing"]
    _service(needs, "active", 70)
    _service(needs, "halted", 80)
    assert [message.event for message in needs.due(90)] == ["halt"]


@pytest.mark.parametrize("well", ["active", "held", "stopped"])
def test_a_service_that_fails_for_long_is_told_once(well: str) -> None:
    """B18: ten minutes count over all its starts, from the first failure; the text has the last reason."""
    needs = Needs()
    _service(needs, "failed", 0, "first")
    _service(needs, "starting", 1)
    _service(needs, "failed", 300, "later")

    assert list(needs.due(FAILED_FOR - 1)) == []
    assert needs.next_due() == FAILED_FOR
    assert [message.text for message in needs.due(FAILED_FOR)] == ["service 'nas' has failed for 10 minutes: later"]
    _service(needs, "failed", 2 * FAILED_FOR)
    assert list(needs.due(9 * FAILED_FOR)) == []
    _service(needs, well, 9 * FAILED_FOR)
    _service(needs, "failed", 10 * FAILED_FOR)
    assert list(needs.due(11 * FAILED_FOR - 1)) == []
    assert len(list(needs.due(11 * FAILED_FOR))) == 1
