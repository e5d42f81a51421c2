"""Names: each is taken as it is or refused with INVALID_ARGUMENT, and none is altered silently or leads elsewhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import partial

from onitu.conformance.case import Case
from onitu.conformance.check import NotDeclared, check
from onitu.conformance.wire import Refusal, refused
from onitu.core.capability import NameComparison
from onitu.rpc.gen import driver_pb2

OUTSIDE = ("..", "../x", "a/../x", "a/../../x", "/x", "/", "", ".", "./x", "a/./x", "a//x", "x/", "//x", "a\0b", "\0")
"""What is no path in a folder, or leads out of it."""

LONGEST = 255


def _kept(case: Case, names: Iterable[str]) -> None:
    """Makes sure of each name, as a file's and as a directory's, that it is kept as it is or refused."""
    kept: set[str] = set()
    above: set[str] = set()
    wrong: list[str] = []
    for number, name in enumerate(names):
        inner = f"in {number}"
        above.add(inner)
        case.folder.make_above(f"{inner}/x")
        for path in (name, f"{inner}/{name}"):
            if _taken(wrong, path, partial(case.folder.write, path, name.encode())):
                kept.add(path)
        path = f"{name}.d{name}"
        if case.able.make_directory and _taken(wrong, path, partial(case.folder.make_directory, path)):
            above.add(path)
    assert not wrong, f"neither kept nor refused with INVALID_ARGUMENT: {'; '.join(wrong)}"
    shown = case.folder.snapshot()
    altered = (set(shown) - above) ^ kept
    assert not altered, f"names were altered: {sorted(map(ascii, altered))}"
    for path in kept:
        assert case.folder.read(path, shown[path].revision).decode() == path.rpartition("/")[2]


def _taken(wrong: list[str], path: str, make: Callable[[], object]) -> bool:
    try:
        make()
    except Refusal as refusal:
        if refusal.code.name != "INVALID_ARGUMENT":
            wrong.append(f"{path!r}: {refusal}")
        return False
    return True


@check("content")
def paths_that_lead_outside_are_refused(case: Case) -> None:
    """No path with `..`, an empty part, NUL, or from the root is written to: INVALID_ARGUMENT, and nothing is made."""
    case.folder.make_above("a/b")
    for path in OUTSIDE:
        with refused("INVALID_ARGUMENT", why=f"the path is {path!r}"):
            case.folder.write(path, b"x")
        if case.able.make_directory:
            with refused("INVALID_ARGUMENT", why=f"the path is {path!r}"):
                case.folder.make_directory(path)
    assert set(case.folder.snapshot()) <= {"a"}


@check("content")
def paths_that_lead_outside_are_not_read(case: Case) -> None:
    """No such path is read or looked at."""
    for path in OUTSIDE:
        if case.able.whole_files:
            with refused(why=f"the path is {path!r}"):
                case.folder.get_file(path, "r")
        if case.able.chunks:
            with refused(why=f"the path is {path!r}"):
                case.folder.get_chunk(path, "r", 0, 1)
        if case.able.stat_files and path:  # The folder itself has no name, and may be looked at.
            _not_looked_at(case, path)


def _not_looked_at(case: Case, path: str) -> None:
    try:
        found = case.folder.stat(path)[0]
    except Refusal:
        return
    assert found.WhichOneof("state") != "present", f"something was found at {path!r}"


@check("move_file", "content")
def nothing_is_moved_outside(case: Case) -> None:
    """Neither end of a move, nor of a copy, leads out of the folder."""
    written = case.folder.write("file", b"x")
    for path in OUTSIDE:
        with refused(why=f"the destination is {path!r}"):
            case.folder.move("file", written.revision, path)
        with refused(why=f"the path is {path!r}"):
            case.folder.move(path, written.revision, "elsewhere")
        if case.able.copy_file:
            with refused(why=f"the destination is {path!r}"):
                case.folder.copy("file", written.revision, path)
    assert set(case.folder.snapshot()) == {"file"}
    assert case.folder.read("file") == b"x"


@check("content")
def letters_of_all_scripts(case: Case) -> None:
    """Names in any script, with signs of four bytes."""
    _kept(case, ["größe", "данные", "数据", "データ", "😀 smile", "العربية", "e\u0301 combined", "\u200bzero width"])


@check("content")
def punctuation(case: Case) -> None:
    """Names with the signs that shells, URLs and other systems give a meaning."""
    _kept(
        case, ["a b", "a+b", "a%20b", "100%", "a&b=c", *"#?*|\\:;,`$!~^@&=<>'\"", "(a)", "[a]", "{a}", "$HOME", "-rf"]
    )


@check("content")
def control_characters(case: Case) -> None:
    """Names with control characters."""
    _kept(case, ["a\tb", "a\nb", "a\rb", "a\x01b", "a\x1fb", "a\x7fb", "\x1b[31mred"])


@check("content")
def spaces_and_dots_at_the_ends(case: Case) -> None:
    """Names that begin or end with spaces or dots are not trimmed."""
    _kept(case, [" a", "a ", "a.", "a..", ".a", "..a", "...", "a .", " ", "\u00a0a"])


@check("content")
def names_reserved_elsewhere(case: Case) -> None:
    """Names that other systems reserve."""
    _kept(
        case, ["CON", "con.txt", "NUL", "AUX", "COM1", "LPT1.doc", "desktop.ini", "Icon\r", "~$lock", "-rf", "--help"]
    )


@check("content")
def the_longest_names(case: Case) -> None:
    """Names of 255 bytes, in letters of one byte and of three; a longer one is not cut."""
    _kept(case, ["n" * (LONGEST // 2 - 1), "語" * (LONGEST // 6 - 1)])
    longest, long = "n" * LONGEST, "語" * (LONGEST // 3)
    for name in (longest, long, "n" * (LONGEST + 1), "語" * (LONGEST // 3 + 1)):
        try:
            case.folder.write(name, b"x")
        except Refusal as refusal:
            assert refusal.code.name == "INVALID_ARGUMENT", f"{len(name.encode())} bytes: {refusal}"
        else:
            assert name in case.folder.snapshot(), f"a name of {len(name.encode())} bytes was altered"


@check("content")
def deep_paths(case: Case) -> None:
    """A path of many directories is taken as it is or refused."""
    path = "/".join(f"level {number}" for number in range(40)) + "/file"
    case.folder.make_above(path)
    case.folder.write(path, b"deep")
    assert path in case.folder.snapshot()
    assert case.folder.read(path) == b"deep"


@check("content", "conditional")
def composed_and_decomposed_names(case: Case) -> None:
    """NFC and NFD of a name are two entries, or one, as the driver declares; neither overwrites the other."""
    _twins(case, unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é"), _NORMALIZING)


@check("content", "conditional")
def names_that_differ_in_case(case: Case) -> None:
    """Names that differ in case alone are two entries, or one, as the driver has declared."""
    _twins(case, "Name", "nAME", {NameComparison.CASE_INSENSITIVE})


_NORMALIZING = {NameComparison.NORMALIZED, NameComparison.CASE_INSENSITIVE}


def _twins(case: Case, one: str, other: str, same: set[NameComparison]) -> None:
    if case.able.name_comparison is NameComparison.CUSTOM:
        keys = _keys(case, [one, other])
        are_one = keys[0] == keys[1]
    else:
        are_one = case.able.name_comparison in same
    case.folder.write(one, b"one")
    if are_one:
        with refused("FAILED_PRECONDITION", why=f"{other!r} is the same entry as {one!r}"):
            case.folder.write(other, b"other")
        assert case.folder.read(one) == b"one"
        return
    case.folder.write(other, b"other")
    assert {one, other} <= set(case.folder.snapshot()), "two names, by what the driver declares, became one"
    assert (case.folder.read(one), case.folder.read(other)) == (b"one", b"other")


def _keys(case: Case, names: list[str]) -> list[str]:
    request = driver_pb2.NormalizePathRequest(folder=case.place.name, paths=names)
    return list(case.wire.call("NormalizePath", request).keys)


@check()
def comparison_keys_stay(case: Case) -> None:
    """`NormalizePath` answers one key per path, in order, the same ones every time."""
    if case.able.name_comparison is not NameComparison.CUSTOM:
        raise NotDeclared("NAME_COMPARISON_CUSTOM")
    names = ["a", "A", "é", "e\u0301", "a/B", "a"]
    keys = _keys(case, names)
    assert len(keys) == len(names)
    assert keys == _keys(case, names)
    assert keys[0] == keys[-1]
