"""`onitu driver new`: writes a driver to start from, out of the examples of docs/examples/drivers.

The examples are the templates: in each stands the name `shelf`, in whose place the new name is written, in files and
in their names. The contract itself comes along for every language that has no library of Onitu's.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from onitu.errors import ConfigError

EXAMPLE: Final = "shelf"
"""The name of all the examples."""

_CONTRACT: Final = "proto"
"""Where an example has the contract, which is copied as it is; in the repository that is a link."""

_MADE: Final = frozenset({_CONTRACT, "__pycache__", "contract", "node_modules", "target", "Cargo.lock"})
"""What building an example leaves in it."""

_PACKAGE: Final = Path(__file__).parents[1] / "templates"
_REPOSITORY: Final = Path(__file__).parents[2]


def run(arguments: argparse.Namespace) -> int:
    """Writes the driver.

    Raises:
        ConfigError: The name is none for a driver, or there is something already.
    """
    name = str(arguments.name)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise ConfigError(f"{name!r} is no name for a driver: use small letters, digits and _, such as 'weather'")
    target: Path = (arguments.directory or Path()) / name
    try:
        target.mkdir(parents=True)
        write(target, name, arguments.language)
    except FileExistsError as error:
        raise ConfigError(f"{target} is there already, and was left alone") from error
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be written: {error.strerror}") from error
    print(f"wrote {target}; {target / 'README.md'} says how to build and test it")
    return 0


def write(target: Path, name: str, language: str) -> None:
    """Writes the example of a language, under another name, into an empty directory.

    Raises:
        OSError: It cannot be written.
    """
    example = _example(language)
    for path in _files(example):
        place = target / _renamed(str(path.relative_to(example)), name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_renamed(path.read_text("utf-8"), name), "utf-8")
    contract = example / _CONTRACT
    for path in sorted(contract.rglob("*.proto")):
        place = target / _CONTRACT / path.relative_to(contract)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _example(language: str) -> Path:
    """Returns where the example of a language is: in the installed package, or in its repository."""
    if _PACKAGE.is_dir():
        return _PACKAGE / language
    return _REPOSITORY / "docs/examples/drivers" / language


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.name in _MADE:
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _renamed(text: str, name: str) -> str:
    capitalized = "".join(part.capitalize() for part in name.split("_"))
    return text.replace(EXAMPLE, name).replace(EXAMPLE.capitalize(), capitalized)
