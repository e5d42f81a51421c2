"""The rules that say where a file goes."""

from __future__ import annotations

import pytest

from onitu.core.rules import Match, Rule, Rules


@pytest.mark.parametrize(
    ("path", "filename", "expected"),
    [
        ("/foo", "/foo", True),
        ("/foo", "/foo/bar", True),
        ("/foo", "/foo/bar/baz", True),
        ("/foo/", "/foo/bar", True),
        ("/foo/", "/foo", True),
        ("foo", "/foo/bar", True),
        ("/foo", "/foobar", False),
        ("/foo", "/fo", False),
        ("/foo", "/bar/foo", False),
        ("/foo/bar", "/foo", False),
        ("/foo", "/Foo", False),
        ("/f*", "/foo", False),
        ("/f*", "/f*/x", True),
        ("", "/foo", True),
        ("/", "/foo", True),
        ("/music/live", "/music/live/a.mp3", True),
        ("/é", "/e\u0301/a", True),
    ],
)
@pytest.mark.parametrize("directory", [False, True])
def test_path_is_a_prefix_on_a_boundary(path: str, filename: str, expected: bool, directory: bool) -> None:
    """C2: `/foo` or `/foo/` matches itself and what is below it, literally, and not `/foobar`."""
    assert expected == Match(path=path).matches(filename, size=1, directory=directory)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (Match(), True),
        (Match(path="/docs"), True),
        (Match(types=("application/pdf",)), True),
        (Match(types=("image", "application")), True),
        (Match(types=("image",)), False),
        (Match(min_size=1_000), True),
        (Match(min_size=1_001), False),
        (Match(max_size=1_000), True),
        (Match(max_size=999), False),
        (Match(min_size=1_000, max_size=1_000), True),
        (Match(extensions=frozenset({"pdf", "doc"})), True),
        (Match(extensions=frozenset({"PDF"})), True),
        (Match(extensions=frozenset({"doc"})), False),
        (Match(path="/docs", types=("application/pdf",), min_size=1, extensions=frozenset({"pdf"})), True),
        (Match(path="/docs", types=("application/pdf",), min_size=1, extensions=frozenset({"doc"})), False),
        (Match(path="/music", types=("application/pdf",)), False),
    ],
)
def test_all_keys_must_match(match: Match, expected: bool) -> None:
    """C1: every key is optional, and those that are given must all match; an empty match matches all."""
    assert expected == match.matches("/docs/A.Pdf", size=1_000, directory=False)


@pytest.mark.parametrize(
    "match",
    [
        Match(types=("*",)),
        Match(min_size=0),
        Match(max_size=10**9),
        Match(extensions=frozenset({"d"})),
        Match(path="/etc", types=("*",)),
    ],
)
def test_keys_of_files_match_no_directory(match: Match) -> None:
    """C1: a directory has no type, size or extension, so such a rule names none."""
    assert match.matches("/etc/conf.d", size=0, directory=False)
    assert not match.matches("/etc/conf.d", size=0, directory=True)


def _rule(sync: str, ban: str = "", *, path: str = "") -> Rule:
    return Rule(match=Match(path=path), sync=frozenset(sync), ban=frozenset(ban))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((), ""),
        ((_rule("A"),), "A"),
        ((_rule("A"), _rule("B")), "AB"),
        ((_rule("AB"), _rule("", "A")), "B"),
        ((_rule("", "A"), _rule("A")), "A"),
        ((_rule("A", "A"),), ""),
        ((_rule("A"), _rule("", "A"), _rule("A")), "A"),
        ((_rule("A", path="/x"),), "A"),
        ((_rule("A", path="/y"),), ""),
        ((_rule("AB"), _rule("", "AB", path="/y")), "AB"),
    ],
)
def test_rules_are_folded_in_order(rules: tuple[Rule, ...], expected: str) -> None:
    """C3, C4: each match adds its `sync` and takes away its `ban`; what no rule names goes nowhere."""
    assert frozenset(expected) == Rules(rules).route("/x/a", size=1, directory=False)


def test_explanations_name_the_rule() -> None:
    """C1, C3: the explanation has the number and the keys of the rule that decides."""
    rules = Rules(
        (
            Rule(sync=frozenset({"nas", "phone"})),
            Rule(
                match=Match(
                    path="/films/",
                    types=("video",),
                    min_size=2_000_000_000,
                    max_size=1024**4,
                    extensions=frozenset({"mp4", "mkv"}),
                ),
                ban=frozenset({"phone"}),
            ),
        )
    )

    def explain(service: str) -> str:
        return rules.explain("/films/a.mkv", size=3 * 10**9, directory=False, service=service)

    assert explain("nas") == "rule 1 (everything) adds service 'nas'"
    assert (
        explain("phone")
        == "rule 2 (path /films; mime video/*; at least 2G; at most 1Ti; extension mkv, mp4) bans service 'phone'"
    )
    assert explain("other") == "no rule names service 'other'"
