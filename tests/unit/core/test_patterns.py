"""Shell globs on paths, and what a text in gitignore syntax ignores."""

from __future__ import annotations

import pytest

from onitu.core.patterns import DEFAULT_IGNORES, DEFAULTS, Ignore, Patterns, fault


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        # Without a "/": at any depth.
        ("*.mp3", "a.mp3", True),
        ("*.mp3", "x/y/a.mp3", True),
        ("*.mp3", "a.mp3.txt", False),
        ("*.mp3", "a.MP3", False),
        ("*.mp3", "x.mp3/file", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a?c", "a/c", False),
        ("node_modules", "x/node_modules/y/z", True),
        ("*", "a/b", True),
        # With a "/": anchored.
        ("/a", "a", True),
        ("/a", "x/a", False),
        ("/a", "a/x", True),
        ("x/a", "x/a", True),
        ("x/a", "y/x/a", False),
        ("/x/a", "x/a", True),
        ("x/*.c", "x/a.c", True),
        ("x/*.c", "x/y/a.c", False),
        # Everything below.
        ("dir/*", "dir/a", True),
        ("dir/*", "dir/a/b/c", True),
        ("dir/*", "x/dir/a", False),
        ("dir/**", "dir/a/b", True),
        ("dir/*/", "dir/a/b", True),
        ("dir/*/", "dir/a", False),
        ("dir/**/", "dir/a/b", True),
        ("dir/**/", "dir/a", False),
        # A whole directory.
        ("dir/", "dir/a", True),
        ("dir/", "x/dir/a", True),
        ("dir/", "dir", False),
        ("/dir/", "x/dir/a", False),
        # Any number of directories.
        ("**/a", "a", True),
        ("**/a", "x/y/a", True),
        ("x/**/a", "x/a", True),
        ("x/**/a", "x/y/z/a", True),
        ("x/**/a", "y/a", False),
        ("**", "a/b", True),
        ("a**b", "axxb", True),
        ("a**b", "a/b", False),
        # Sets.
        ("[ab].txt", "b.txt", True),
        ("[!ab].txt", "b.txt", False),
        ("[!ab].txt", "c.txt", True),
        ("[^ab].txt", "c.txt", True),
        ("x[!a]y", "x/y", False),
        ("x[,-0]y", "x/y", False),
        ("a*[!x]/b", "aa/b", True),
        ("[]a]", "]", True),
        ("[[:digit:]_]", "7", True),
        ("[[:digit:]_]", "_", True),
        ("[[:digit:]_]", "d", False),
        ("[a&&b]", "&", True),
        ("[a||b]", "|", True),
        ("[~~a]", "~", True),
        ("[--a]", "-", True),
        ("[[a]", "[", True),
        ("[a-c-]", "-", True),
        # Characters that mean something elsewhere.
        ("!a", "!a", True),
        ("!a", "a", False),
        ("#a", "#a", True),
        ("a ", "a ", True),
        ("a ", "a", False),
        ("a \t ", "a \t ", True),
        (" a", " a", True),
        ("a\\ ", "a ", True),
        ("a\\\\ ", "a\\ ", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        (r"\[a]", "[a]", True),
        ("{a,b}", "a", False),
        ("{a,b}", "{a,b}", True),
        ("a.b", "axb", False),
        ("a$", "a$", True),
        ("(a|b)", "a", False),
        # Names nobody should have.
        ("a", "a\n", False),
        ("a*", "a\nb", True),
        ("b", "a\nx/b", True),
        ("a\nb", "a\nb", True),
        # Accents, however they are spelled.
        ("\u00e9*", "e\u0301t\u00e9", True),
        ("e\u0301*", "\u00e9t\u00e9", True),
        ("[\u00e8\u00e9]", "e\u0301", True),
    ],
)
def test_files_match(pattern: str, path: str, expected: bool) -> None:
    """B10: shell globs on the path in the folder."""
    assert (pattern if expected else None) == Patterns.of([pattern]).match(path, directory=False)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("dir/", "dir", True),
        ("dir/", "x/dir", True),
        ("/dir/", "dir", True),
        ("dir", "dir", True),
        ("dir/*", "dir", False),
        ("dir/*", "dir/x", True),
        ("dir/**", "dir", False),
        ("dir/**", "dir/x", True),
        ("dir/*/", "dir", False),
        ("dir/**/", "dir", False),
        ("dir/**/", "dir/x", True),
        ("*/", "dir", True),
        ("**/", "dir", True),
        ("**/dir/**", "dir", False),
        ("dir/a", "dir", False),
        ("*", "", False),
    ],
)
def test_directories_match(pattern: str, path: str, expected: bool) -> None:
    """B10: a trailing `/` means the whole directory; `dir/*` is everything below it, and not itself."""
    assert (pattern if expected else None) == Patterns.of([pattern]).match(path, directory=True)


def test_the_first_match_is_named_as_written() -> None:
    """B10: a refusal can say which pattern it was."""
    patterns = Patterns.of(["/x/", "a\t", "!a", "*"])

    assert patterns.match("x/!a", directory=False) == "/x/"
    assert patterns.match("a\t", directory=False) == "a\t"
    assert patterns.match("!a", directory=False) == "!a"


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 60 + "b", "a" * 250),
        ("*" * 60 + "b", "a" * 250),
        ("*[ab]?" * 30 + "c", "a" * 250),
        ("**/a/" * 30 + "b", "a/" * 1_000 + "c"),
        ("x/" + "**/a*a/" * 30 + "b", "x/" + "aaa/" * 1_000 + "c"),
    ],
)
def test_no_pattern_takes_forever(pattern: str, path: str) -> None:
    """B10, B17: a pattern with many wildcards, which may come in a synced file, does not keep Onitu busy."""
    assert Patterns.of([pattern]).match(path, directory=False) is None
    assert Ignore.parse(pattern).match(path, directory=False) is None
    assert Patterns.of([pattern]).match(path[:-1] + pattern[-1], directory=False) == pattern


def test_no_pattern_matches_nothing() -> None:
    """B10: an empty list means unused."""
    assert not Patterns()
    assert Patterns().match("a", directory=False) is None
    assert Patterns.of(["a"])
    assert Patterns.of(["a"]) == Patterns(("a",)) != Patterns()


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "matches nothing"),
        ("/", "matches nothing"),
        ("//", "matches nothing"),
        ("a//b", "matches nothing"),
        ("./a", "matches nothing"),
        ("../a", "matches nothing"),
        ("a/../b", "matches nothing"),
        ("a/.", "matches nothing"),
        ("[a", "never closed"),
        ("a[/]b", "never closed"),
        ("[z-a]", "makes no sense"),
        ("a\\", "ends in"),
    ],
)
def test_faulty_patterns_are_refused(pattern: str, words: str) -> None:
    """B10: a pattern that can match nothing would protect nothing: it is an error that says why."""
    assert words in str(fault(pattern))
    with pytest.raises(ValueError, match=words) as caught:
        Patterns.of(["a", pattern])
    assert repr(pattern) in str(caught.value)


# --- .onituignore ---


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("*.log", "a/b.log", "*.log"),
        ("*.log\n!keep.log", "keep.log", None),
        ("*.log\n!keep.log", "a/keep.log", None),
        ("!keep.log\n*.log", "keep.log", "*.log"),
        # Git's rule.
        ("build/\n!build/keep", "build/keep", "build/"),
        ("build/*\n!build/keep", "build/keep", None),
        ("build/*\n!build/keep", "build/other", "build/*"),
        ("build/*\n!build/keep", "build/keep/x", None),
        ("build/*\n!build/keep\nkeep/y", "build/keep/y", None),
        ("y\n!build/", "build/y", "y"),
        ("*\n!a", "a", None),
        ("*\n!a", "a/b", "*"),
        ("/*\n!/a", "a/b", None),
        # What is no pattern.
        ("# a\n\n   \na", "a", "a"),
        ("#a", "#a", None),
        ("\\#a", "#a", "\\#a"),
        ("\\!a", "!a", "\\!a"),
        ("a  ", "a", "a"),
        ("a\\  ", "a ", "a\\ "),
        ("a\r\nb\r\n", "a", "a"),
        ("\ufeffa\n", "a", "a"),
        ("a\u2028b", "a\u2028b", "a\u2028b"),
        ("", "a", None),
        ("!a", "a", None),
        ("*", "", None),
    ],
)
def test_ignored(text: str, path: str, expected: str | None) -> None:
    """B17: gitignore syntax; the last match decides, and nothing comes back below an ignored directory."""
    assert expected == Ignore.parse(text).match(path, directory=False)


def test_a_directory_is_ignored_as_such() -> None:
    """B17: a pattern that ends in `/` is about directories alone."""
    ignore = Ignore.parse("build/")

    assert ignore.match("build", directory=True) == "build/"
    assert ignore.match("build", directory=False) is None


def test_lines_that_are_no_pattern_are_kept_apart() -> None:
    """B17: one bad line of a synced file stops nothing, and can be shown."""
    ignore = Ignore.parse("[a\n*.log\n!\n/\nb\\\n[z-a]\n")

    assert ignore.patterns == ("*.log",)
    assert ignore.unread == ("[a", "!", "/", "b\\", "[z-a]")
    assert not Ignore.parse("# nothing")
    with pytest.raises(ValueError, match="never closed"):
        Ignore(("[a",))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".DS_Store", ".DS_Store"),
        ("a/b/.DS_Store", ".DS_Store"),
        ("Thumbs.db", "Thumbs.db"),
        ("a/desktop.ini", "desktop.ini"),
        ("~$report.docx", "~$*"),
        (".~lock.report.odt#", ".~lock*"),
        ("film.mkv.part", "*.part"),
        ("film.mkv.crdownload", "*.crdownload"),
        (".onitu/trash/x", ".onitu"),
        ("report.docx", None),
        ("part", None),
        ("~report", None),
        (".onituignore", None),
    ],
)
def test_default_ignores(path: str, expected: str | None) -> None:
    """B17: what systems and programs leave beside people's files is ignored; `.onituignore` itself is synced."""
    assert expected == DEFAULTS.match(path, directory=False)
    assert DEFAULTS.patterns == DEFAULT_IGNORES
