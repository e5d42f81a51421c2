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
import tomllib
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from onitu.cli.driver_new import write
from onitu.host.spawn import driver_command
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


SLOW = "it is built with tools and packages of its own, which takes minutes: `just languages` does"
"""Why a language is left out of what every run of the tests can afford."""

LANGUAGES = {
    language.name: language
    for language in (
        Language(
            name="python",
            tool=sys.executable,
            build=[(sys.executable, "-m", "compileall", "-q", ".")],
            test=(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            run=("env", f"PYTHONPATH={os.pathsep.join(['{here}', *sys.path])}", *driver_command(NAME)),
        ),
        Language(
            name="go",
            tool="go",
            least=(1, 26),
            build=[("go", "generate", "."), ("go", "vet", "./..."), ("go", "build", ".")],
            test=("go", "test", "-v", "-count=1", "."),
            run=(f"{{here}}/{NAME}",),
            slow=SLOW,
        ),
        Language(
            name="node",
            tool="node",
            least=(20,),
            build=[("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")],
            test=("npm", "test"),
            run=("node", "{here}/main.js"),
            slow=SLOW,
        ),
        Language(
            name="rust",
            tool="cargo",
            least=(1, 91),
            build=[("cargo", "build", "--tests")],
            test=("cargo", "test", "--", "--nocapture"),
            run=(f"{CACHE}/cargo/debug/{NAME}",),
            slow=SLOW,
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
            done = subprocess.run(
                command,
                cwd=written,
                env=environment(written),
                capture_output=True,
                text=True,
                check=False,
                timeout=BUILD,
            )
            assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
        if language.name == "python":
            _install(written)
        for old in CACHE.glob(f"{language.name}-*"):
            shutil.rmtree(old)
        return written.rename(place)


def command_of(language: Language) -> list[str]:
    """Returns the command that runs a driver, which is built where it is not."""
    here = built(language)
    return [part.format(here=here) for part in language.run]


def environment(here: Path) -> dict[str, str]:
    """Returns an environment in which `onitu` is found, and a driver in Python as if it were installed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    python = os.pathsep.join([str(here), *sys.path])
    # What Rust's libraries were compiled to outlives a change of the driver.
    return {**os.environ, "PATH": path, "PYTHONPATH": python, "CARGO_TARGET_DIR": str(CACHE / "cargo")}


def _install(directory: Path) -> None:
    """Notes the entry points of a Python driver where an installed one has them."""
    project = tomllib.loads((directory / "pyproject.toml").read_text("utf-8"))["project"]
    information = directory / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{key} = {value}\n" for key, value in project["entry-points"]["onitu.drivers"].items()]
    (information / "entry_points.txt").write_text("[onitu.drivers]\n" + "".join(lines))


def _state_of(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(directory)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
