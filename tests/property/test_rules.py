"""Routes, for all rules."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from onitu.core.rules import Match, Rule, Rules

_SERVICES = st.frozensets(st.sampled_from("ABCD"))
_RULES = st.lists(
    st.builds(
        Rule,
        match=st.builds(
            Match,
            path=st.sampled_from(["", "/x", "/x/a.mp3", "/y"]),
            types=st.sampled_from([(), ("audio",), ("image/*",)]),
            min_size=st.sampled_from([None, 10, 20]),
        ),
        sync=_SERVICES,
        ban=_SERVICES,
    ),
    max_size=6,
)
_FILES = st.sampled_from(["/x/a.mp3", "/x/b.png", "/y/c", "/xx"])


@given(_RULES, _FILES, st.integers(0, 30), st.booleans())
def test_route_is_a_fold(rules: list[Rule], filename: str, size: int, directory: bool) -> None:
    """C3: the route is the fold over the rules that match, whatever they are."""

    def step(routed: frozenset[str], rule: Rule) -> frozenset[str]:
        matches = rule.match.matches(filename, size=size, directory=directory)
        return (routed | rule.sync) - rule.ban if matches else routed

    expected: frozenset[str] = reduce(step, rules, frozenset())

    assert expected == Rules(tuple(rules)).route(filename, size=size, directory=directory)


@given(_RULES, _FILES, st.integers(0, 30), st.booleans())
def test_explanations_agree_with_the_route(rules: list[Rule], filename: str, size: int, directory: bool) -> None:
    """C3: what is said of a service is what becomes of it."""
    all_rules = Rules(tuple(rules))
    routed = all_rules.route(filename, size=size, directory=directory)

    for service in "ABCD":
        words = all_rules.explain(filename, size=size, directory=directory, service=service)
        assert (service in routed) == words.endswith(f"adds service '{service}'")
