"""CONTRACT B16, C1: rules as the text that a person writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.config.faults import SetupError
from onitu.config.ruletext import read_rules, rules_text
from onitu.config.values import FolderOptions, ServiceSetup, Setup

SETUP = Setup(
    path=Path("/setup.yaml"),
    name="x",
    folders={"docs": FolderOptions(name="docs")},
    services={"nas": ServiceSetup(name="nas", driver="local_storage")},
)

RULES = [{"match": {"path": "/docs/späße", "size": {"min": 5}}, "sync": ["nas"]}, {"ban": "nas"}]


@pytest.mark.parametrize(
    "text",
    [
        "- match: {path: /docs/späße, size: {min: 5}}  # a remark\n  sync: [nas]\n- ban: nas\n",
        '[{"match": {"path": "/docs/späße", "size": {"min": 5}}, "sync": ["nas"]}, {"ban": "nas"}]',
        'rules:\n- {match: {path: "/docs/späße", size: {min: 5}}, sync: [nas]}\n- ban: nas\n',
        '[\n\t{"match": {"path": "/docs/späße", "size": {"min": 5}}, "sync": ["nas"]},\n\t{"ban": "nas"}\n]',
    ],
)
def test_yaml_and_json_are_read(text: str) -> None:
    """C1: a list, or a map with nothing but `rules`, in YAML or JSON; what is written anew reads the same."""
    found = read_rules(text, "rules", SETUP)

    assert (found.rules, found.warnings) == (RULES, ())
    assert read_rules(rules_text(found.rules), "rules", SETUP).rules == RULES


@pytest.mark.parametrize("text", ["", "[]", "# nothing\n", "rules:\n"])
def test_no_rules_are_rules_too(text: str) -> None:
    """C4: nothing at all is no rule."""
    assert read_rules(text, "rules", SETUP).rules == []
    assert rules_text([]) == ""


def test_what_looks_like_a_number_stays_as_it_is_written() -> None:
    """C1: an extension such as 007 or no is what stands there."""
    found = read_rules("- {match: {extension: [007, no, 12]}, sync: nas}", "rules", SETUP)

    assert found.rules == [{"match": {"extension": ["007", "no", 12]}, "sync": "nas"}]
    assert read_rules(rules_text(found.rules), "rules", SETUP).rules == found.rules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- sync: nobody\n- match:\n    size: {min: x}\n  sync: nas\n", ["f:1:9: ", "'nobody'", "f:3:17: "]),
        ("- sync: [nas\n", ["f:1:9: this is not YAML: this '[' is never closed"]),
        ("sync: nas\n", ["f:1:1: rules are a list, not a map"]),
        ("- {sync: nas, sync: nas}\n", ["f:1:15: 'sync' stands here twice"]),
        ("nothing", ["f:1:1: rules are a list, not 'nothing'"]),
        ("-\n", ["f:", "empty"]),
    ],
)
def test_faults_are_named_with_their_lines(text: str, words: list[str]) -> None:
    """B16: every fault, each with its place in the text."""
    with pytest.raises(SetupError) as caught:
        read_rules(text, "f", SETUP)

    assert [word for word in words if word not in str(caught.value)] == []


def test_what_is_probably_not_meant_is_said() -> None:
    """C2: a path in a folder that there is not."""
    (warning,) = read_rules("- {match: {path: /dosc}, sync: nas}", "rules", SETUP).warnings

    assert str(warning).startswith("rules:1:18: '/dosc' matches nothing")
