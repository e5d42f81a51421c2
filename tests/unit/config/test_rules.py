"""Rules as a setup has them (CONTRACT C1-C4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from onitu.config import Setup
from onitu.core.rules import Match, Rule, Rules

Load = Callable[[str], Setup]
FaultsOf = Callable[[str], list[str]]

TWO = """\
name: two
folders: {one: }
services:
  a: {driver: memory, folders: {one: }}
  b: {driver: memory, folders: {one: }}
"""


def test_a_rule_with_everything(load: Load) -> None:
    """C1: every key of a rule."""
    setup = load(f"""{TWO}
rules:
  - match:
      path: /one/backedup/
      mime: [application/pdf, image]
      size: {{min: 1k, max: 1Mi}}
      extension: [PDF, png]
    sync: [b]
    ban: [a]
""")

    match = Match(
        path="/one/backedup",
        types=("application/pdf", "image/*"),
        min_size=1000,
        max_size=1 << 20,
        extensions=frozenset({"pdf", "png"}),
    )
    assert setup.rules == Rules(rules=(Rule(match=match, sync=frozenset("b"), ban=frozenset("a")),))
    assert setup.warnings == ()


@pytest.mark.parametrize("match", ["", "match: ,", "match: {},", "match: {path: /},", "match: {path: , mime: []},"])
def test_everything_is_optional(load: Load, match: str) -> None:
    """C1: an empty or missing `match` matches all; single texts are lists of one."""
    setup = load(f"{TWO}rules: [{{{match} sync: b}}]")

    assert setup.rules == Rules(rules=(Rule(match=Match(), sync=frozenset("b"), ban=frozenset()),))


@pytest.mark.parametrize("rules", ["", "rules:", "rules: []", "rules: {}"])
def test_no_rules(load: Load, rules: str) -> None:
    """C4: a setup without rules has none, which is not the same as rules that name nobody."""
    assert load(TWO + rules).rules is None


@pytest.mark.parametrize(
    ("path", "read"), [("/one", "/one"), ("/one/", "/one"), ("/one/a b/ö", "/one/a b/ö"), ("/", ""), ("//", "")]
)
def test_path(load: Load, path: str, read: str) -> None:
    """C2: a literal prefix, with or without a slash at its end."""
    rules = load(f"{TWO}rules: [{{match: {{path: {path}}}, sync: b}}]").rules

    assert rules is not None
    assert rules.rules[0].match.path == read


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("[null]", "a rule says what it matches, syncs or bans; this one is empty"),
        ("[x]", "a rule must be a map, not 'x'"),
        ("[{snyc: a}]", "unknown key 'snyc' in a rule; did you mean 'sync'?"),
        ("[{sync: c}]", "'sync' names 'c', which is no service"),
        ("[{sync: a, ban: [b, bb]}]", "'ban' names 'bb', which is no service; did you mean 'b'?"),
        ("[{sync: {a: b}}]", "'sync' must be a list of texts; a map is none"),
        ("[{match: x, sync: a}]", "'match' must be a map, not 'x'"),
        ("[{match: {mim: x}, sync: a}]", "unknown key 'mim' in 'match'; did you mean 'mime'?"),
        ("[{match: {mime: 'a/b/c'}, sync: a}]", "'mime': "),
        ("[{match: {path: one}, sync: a}]", "'path' must begin with a '/', as /<folder>/<path> does, not 'one'"),
        ("[{match: {path: /one/../x}, sync: a}]", "'path' must have no empty, '.' or '..' part ('/one/../x')"),
        ("[{match: {path: /one//x}, sync: a}]", "'path' must have no empty, '.' or '..' part ('/one//x')"),
        ("[{match: {path: [/one]}, sync: a}]", "'path' must be a text, not a list"),
        ("[{match: {size: 1M}, sync: a}]", "'size' ({min: SIZE, max: SIZE}) must be a map, not '1M'"),
        ("[{match: {size: {minimum: 1}}, sync: a}]", "unknown key 'minimum' in 'size'; did you mean 'min'?"),
        ("[{match: {size: {min: x}}, sync: a}]", "'min': 'x' is no size"),
        ("[{match: {size: {min: 2, max: 1}}, sync: a}]", "'max' '1' is less than 'min' '2': no file fits between them"),
        ("[{match: {extension: .pdf}, sync: a}]", "behind the last dot: 'pdf', not '.pdf'"),
        ("[{match: {extension: tar.gz}, sync: a}]", "behind the last dot: 'gz', not 'tar.gz'"),
        ("[{match: {extension: ''}, sync: a}]", "'extension' is what stands behind the last dot of a name, not ''"),
        ("{match: {path: /one}, sync: a}", "'rules' must be a list of rules, not a map"),
    ],
)
def test_faults(faults_of: FaultsOf, rule: str, fault: str) -> None:
    """C1, C2: what is wrong with a rule is said with its place."""
    found = faults_of(f"{TWO}rules: {rule}\n")

    assert len(found) == 1
    assert found[0].startswith("6:")
    assert fault in found[0]


def test_all_faults_at_once(faults_of: FaultsOf) -> None:
    """B16: the faults of all rules come together."""
    rules = "rules:\n  - {sync: [c, d]}\n  - {match: {extension: [.a, .b]}, sync: a}\n"

    assert [fault.partition(" ")[0] for fault in faults_of(TWO + rules)] == ["7:13:", "7:16:", "8:26:", "8:30:"]


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ("{match: {path: /one}}", "this rule does nothing: it has neither 'sync' nor 'ban'"),
        ("{sync: [a, b], ban: [b]}", "this rule adds 'b' and bans it: it stays banned"),
        ("{match: {path: /oen/x}, sync: a}", "'/oen/x' matches nothing: there is no folder 'oen'; did you mean 'one'?"),
    ],
)
def test_doubtful_rules(load: Load, rule: str, warning: str) -> None:
    """A rule that does nothing, or can never match, is a warning."""
    assert [found.text for found in load(f"{TWO}rules: [{rule}]").warnings] == [warning]
