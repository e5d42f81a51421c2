"""What people do to files, as a table.

Each operation works in a directory of its own, so that all of them can be done at once, on any service, on a running
Onitu or behind its back. `test_live.py` and `test_offline.py` run the table with 2, 3 and 5 services.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import attrs

from tests.functional.trees import fill, write


def _nothing(_: Path) -> None:
    """Leaves the directory empty."""


@attrs.frozen
class Operation:
    """One thing to do.

    Attributes:
        name: Of the operation and of its directory.
        change: Does it, in a directory that is in sync everywhere.
        prepare: Makes what it is done to.
        moves_only: True when no content has to travel: renames keep the inodes of every service.
    """

    name: str
    change: Callable[[Path], object]
    prepare: Callable[[Path], object] = _nothing
    moves_only: bool = False


def _one_file(place: Path) -> None:
    write(place / "file.txt", f"the content of {place.name}\n" * 100)


def _three_files(place: Path) -> None:
    for name in ("one", "two", "three"):
        write(place / name, f"{name} of {place.name}\n" * 50)


def _directory(place: Path) -> None:
    for number in range(5):
        write(place / f"directory/inner/{number}.txt", f"{place.name}/{number}")
    write(place / "directory/top.txt", f"{place.name}/top")
    (place / "directory/empty").mkdir()


def _append(place: Path) -> None:
    with (place / "file.txt").open("ab") as stream:
        stream.write(b"one more line\n")


def _truncate(place: Path) -> None:
    os.truncate(place / "file.txt", 10)


def _swap(place: Path, first: str = "one", second: str = "two") -> None:
    (place / first).rename(place / "aside")
    (place / second).rename(place / first)
    (place / "aside").rename(place / second)


def _rotate(place: Path) -> None:
    (place / "three").rename(place / "four")
    (place / "two").rename(place / "three")
    (place / "one").rename(place / "two")


def _rename_and_edit(place: Path) -> None:
    (place / "file.txt").rename(place / "renamed.txt")
    with (place / "renamed.txt").open("a") as stream:
        stream.write("and edited")


def _rename_directory_and_edit(place: Path) -> None:
    (place / "directory").rename(place / "renamed")
    write(place / "renamed/inner/0.txt", "edited after the directory was renamed")
    write(place / "renamed/inner/new.txt", "new after the directory was renamed")
    (place / "renamed/top.txt").unlink()


def _save_like_an_editor(place: Path) -> None:
    write(place / ".file.txt.swp", "the new text, as an editor saves it")
    (place / ".file.txt.swp").replace(place / "file.txt")


def _file_to_directory(place: Path) -> None:
    (place / "file.txt").unlink()
    write(place / "file.txt/inside.txt", "a directory has taken the file's name")


def _directory_to_file(place: Path) -> None:
    shutil.rmtree(place / "directory")
    write(place / "directory", "a file has taken the directory's name")


def _file_to_directory_and_back(place: Path) -> None:
    _file_to_directory(place)
    shutil.rmtree(place / "file.txt")
    write(place / "file.txt", "a file again, with other content")


def _move_out_of_a_directory(place: Path) -> None:
    (place / "directory/inner").rename(place / "inner")


def _delete_and_make_again(place: Path) -> None:
    shutil.rmtree(place / "directory")
    write(place / "directory/inner/0.txt", "another file in another directory of the same name")


def _two_spellings(place: Path) -> None:
    write(place / "caf\u00e9.txt", "one code point")
    write(place / "cafe\u0301.txt", "two code points")


def _two_cases(place: Path) -> None:
    write(place / "Readme", "upper case")
    write(place / "readme", "lower case")


OPERATIONS = (
    Operation("create", _one_file),
    Operation("create_empty", lambda place: write(place / "empty", b"")),
    Operation("create_executable", lambda place: write(place / "run.sh", "#!/bin/sh\n", executable=True)),
    Operation("create_empty_directory", lambda place: (place / "directory").mkdir()),
    Operation("create_tree", lambda place: fill(place / "tree", 7, files=60)),
    Operation("create_deep", lambda place: write(place / "/".join("d" * 60) / "deep.txt", "at the bottom")),
    Operation("create_large", lambda place: write(place / "large.bin", b"0123456789abcdef" * 400_000)),
    Operation("create_equal", lambda place: [write(place / f"{n}.txt", "the same content") for n in range(3)]),
    Operation("create_two_spellings", _two_spellings),
    Operation("create_two_cases", _two_cases),
    Operation("overwrite", lambda place: write(place / "file.txt", "other content"), _one_file),
    Operation(
        "overwrite_same_size", lambda place: write(place / "one", b"X" * 100), lambda p: write(p / "one", b"O" * 100)
    ),
    Operation("append", _append, _one_file),
    Operation("truncate", _truncate, _one_file),
    Operation("empty_a_file", lambda place: write(place / "file.txt", b""), _one_file),
    Operation("save_like_an_editor", _save_like_an_editor, _one_file),
    Operation("make_executable", lambda place: (place / "file.txt").chmod(0o755), _one_file),
    Operation(
        "make_not_executable", lambda p: (p / "run").chmod(0o644), lambda p: write(p / "run", "x", executable=True)
    ),
    Operation("delete", lambda place: (place / "file.txt").unlink(), _one_file),
    Operation("delete_directory", lambda place: shutil.rmtree(place / "directory"), _directory),
    Operation("delete_empty_directory", lambda p: (p / "empty").rmdir(), lambda p: (p / "empty").mkdir()),
    Operation("delete_and_make_again", _delete_and_make_again, _directory),
    Operation("rename", lambda p: (p / "file.txt").rename(p / "renamed.txt"), _one_file, moves_only=True),
    Operation("rename_case", lambda p: (p / "file.txt").rename(p / "FILE.txt"), _one_file, moves_only=True),
    Operation("rename_over", lambda p: (p / "one").replace(p / "two"), _three_files),
    Operation("rename_and_edit", _rename_and_edit, _one_file),
    Operation("rename_chain", _rotate, _three_files),
    Operation("swap", _swap, _three_files),
    Operation("rename_directory", lambda p: (p / "directory").rename(p / "renamed"), _directory, moves_only=True),
    Operation("rename_directory_and_edit", _rename_directory_and_edit, _directory),
    Operation("move_out_of_a_directory", _move_out_of_a_directory, _directory, moves_only=True),
    Operation("file_to_directory", _file_to_directory, _one_file),
    Operation("directory_to_file", _directory_to_file, _directory),
    Operation("file_to_directory_and_back", _file_to_directory_and_back, _one_file),
)
