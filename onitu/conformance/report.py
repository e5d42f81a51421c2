"""What became of the checks, told: for a person, for a page, for a program, and as a badge for each capability.

Results in, text out; nothing here runs anything.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from onitu import __version__
from onitu.conformance.kit import Outcome, Result

BASIC: Final = "basic"
"""What every driver has to keep, whatever it declares."""

_KEPT: Final = "kept"
_BROKEN: Final = "BROKEN"
_QUIRK: Final = "kept, with quirks"
_UNSEEN: Final = "not seen"
_UNDECLARED: Final = "not declared"
_MARKS: Final = {_KEPT: "✓", _QUIRK: "≈", _BROKEN: "✗", _UNSEEN: "?", _UNDECLARED: "-"}


@attrs.frozen(kw_only=True)
class Badge:
    """Whether a driver keeps what belongs to one capability, and how many checks say so."""

    capability: str
    state: str
    counts: Counter[Outcome]


def badges(results: Sequence[Result]) -> list[Badge]:
    """Returns the badges, in the order in which their capabilities come up."""
    counted: dict[str, Counter[Outcome]] = {}
    for result in results:
        for need in result.check.needs or (BASIC,):
            counts = counted.setdefault(need, Counter())
            # A check that another capability is missing for says nothing of this one.
            if result.outcome is not Outcome.SKIPPED or f"`{need}`" in result.reason or not result.check.needs:
                counts[result.outcome] += 1
    return [Badge(capability=need, state=_state(counts), counts=counts) for need, counts in counted.items()]


def _state(counts: Counter[Outcome]) -> str:
    if counts[Outcome.FAILED]:
        return _BROKEN
    if counts[Outcome.QUIRK]:
        return _QUIRK
    if counts[Outcome.PASSED]:
        return _KEPT
    return _UNSEEN if counts[Outcome.UNSEEN] else _UNDECLARED


def summary(results: Iterable[Result]) -> str:
    """Returns the counts in one line."""
    counts = Counter(result.outcome for result in results)
    words = {
        Outcome.PASSED: "passed",
        Outcome.FAILED: "failed",
        Outcome.QUIRK: "known as quirks",
        Outcome.SKIPPED: "skipped, as not declared",
        Outcome.UNSEEN: "not to be seen from here",
    }
    return ", ".join(f"{counts[outcome]} {word}" for outcome, word in words.items())


def line(result: Result) -> str:
    """Returns what became of one check in a line."""
    first = result.reason.partition("\n")[0]
    return f"{result.outcome.value:<8} {result.check}" + (f": {first}" if first else "")


def text(results: Sequence[Result]) -> str:
    """Returns the badges and counts for a terminal."""
    rows = [(_MARKS[badge.state], badge.capability, badge.state, _counts(badge)) for badge in badges(results)]
    wide = max((len(row[1]) for row in rows), default=0)
    lines = [f"  {mark} {name:<{wide}}  {state:<17}  {counts}" for mark, name, state, counts in rows]
    failed = [f"\nFAILED {one.check}: {one.check.promise}\n{_indented(one.reason)}" for one in _failed(results)]
    return "\n".join([*failed, "", "capabilities", *lines, "", summary(results)])


def markdown(driver: str, results: Sequence[Result]) -> str:
    """Returns a page about a driver."""
    return "\n".join(_page(driver, results)) + "\n"


def _page(driver: str, results: Sequence[Result]) -> Iterator[str]:
    yield f"# Conformance of `{driver}`"
    yield f"\nOnitu {__version__}: {summary(results)}.\n"
    yield "| | capability | | checks |"
    yield "|---|---|---|---|"
    for badge in badges(results):
        yield f"| {_MARKS[badge.state]} | `{badge.capability}` | {badge.state} | {_counts(badge)} |"
    titles = {
        Outcome.FAILED: "Not kept",
        Outcome.QUIRK: "Quirks",
        Outcome.UNSEEN: "Not to be seen from here",
        Outcome.SKIPPED: "Not declared",
    }
    for outcome, title in titles.items():
        found = [result for result in results if result.outcome is outcome]
        if found:
            yield f"\n## {title}\n"
            yield from (f"- `{result.check}`: {result.check.promise} ({_single(result.reason)})" for result in found)


def as_json(driver: str, results: Sequence[Result]) -> str:
    """Returns everything for a program."""
    tree = {
        "driver": driver,
        "onitu": __version__,
        "counts": {outcome.value: sum(result.outcome is outcome for result in results) for outcome in Outcome},
        "capabilities": {badge.capability: badge.state for badge in badges(results)},
        "checks": [
            {
                "group": result.check.group,
                "name": str(result.check),
                "promise": result.check.promise,
                "outcome": result.outcome.value,
                "reason": result.reason,
                "seconds": round(result.seconds, 3),
            }
            for result in results
        ],
    }
    return json.dumps(tree, ensure_ascii=False, indent=1)


def _failed(results: Iterable[Result]) -> Iterator[Result]:
    return (result for result in results if result.outcome is Outcome.FAILED)


def _counts(badge: Badge) -> str:
    return ", ".join(f"{badge.counts[outcome]} {outcome.value}" for outcome in Outcome if badge.counts[outcome])


def _indented(reason: str) -> str:
    return "\n".join(f"    {one}" for one in reason.splitlines()[:20])


def _single(reason: str) -> str:
    return reason.partition("\n")[0].replace("|", "\\|")
