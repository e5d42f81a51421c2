"""Writes a driver out by `onitu driver new`, builds it as its README says, and keeps what was built.

What was built lies outside the repository, in a directory of its own for every state of the sources: it is built once,
and again when a source has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from onitu.cli.driver_new import write
from tests.functional.processes import EVERYTHING

NAME = "weather"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onitu-tests" / "drivers"

BUILD = 1_200.0
"""Seconds that a build may take where nothing is there yet."""


@attrs.frozen(kw_only=True)
class Language:
    """A language that drivers are written in.

    Attributes:
        name: As `onitu driver new` knows it.
        tool: The program that builds and tests.
        least: Its oldest version that does.
        build: Commands that build the driver.
        test: Command of its own tests.
        run: Command that runs it, from anywhere; {here} is its directory.
        slow: Why it is tested by `just languages` and `just everything` alone, or "".
    """

    name: str
    tool: str
    least: tuple[int, ...] = ()
    build: Sequence[Sequence[str]] = ()
    test: Sequence[str]
    run: Sequence[str]
    slow: str = ""

    def missing(self) -> str:
        """Returns why nothing can be built here, or ""."""
        if self.slow and not (EVERYTHING or os.environ.get("ONITU_TEST_LANGUAGES")):
            return self.slow
        if shutil.which(self.tool) is None:
            return f"there is no {self.tool} here"
        ask = [self.tool, "version" if self.tool == "go" else "--version"]
        asked = subprocess.run(ask, capture_output=True, text=True, check=True)
        found = tuple(int(part) for part in re.findall(r"\d+", asked.stdout)[: len(self.least)])
        least = ".".join(map(str, self.least))
        return f"{self.tool} is older than {least}: {asked.stdout.strip()}" if found < self.least else ""


LANGUAGES = {
    language.name: language
    for language in (
        Language(
            name="go",
            tool="go",
            least=(1, 26),
            build=[("go", "generate", "."), ("go", "vet", "./..."), ("go", "build", ".")],
            test=("go", "test", "-v", "-count=1", "."),
            run=(f"{{here}}/{NAME}",),
        ),
    )
}


def built(language: Language) -> Path:
    """Returns the directory of a driver that is written out and built.

    Raises:
        AssertionError: It cannot be built.
    """
    if reason := language.missing():
        pytest.skip(reason)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{language.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        written = CACHE / f".{language.name}-{os.getpid()}"
        shutil.rmtree(written, ignore_errors=True)
        written.mkdir()
        write(written, NAME, language.name)
        place = CACHE / f"{language.name}-{_state_of(written)}"
        if place.exists():
            shutil.rmtree(written)
            return place
        for command in language.build:
            done = subprocess.run(command, cwd=written, capture_output=True, text=True, check=False, timeout=BUILD)
            assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
        for old in CACHE.glob(f"{language.name}-*"):
            shutil.rmtree(old)
        return written.rename(place)


def command_of(language: Language) -> list[str]:
    """Returns the command that runs a driver, which is built where it is not."""
    here = built(language)
    return [part.format(here=here) for part in language.run]


def environment() -> dict[str, str]:
    """Returns an environment in which `onitu` is found."""
    return {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def _state_of(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(directory)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
