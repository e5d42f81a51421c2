"""Writes the exact versions of all packages into `pyproject.toml`. Run by `just lock`.

They stand there as constraints because a lock file would record download addresses, which differ from place to place.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "pyproject.toml"
#: What builds the packages of the workspace; uv's resolution does not name it.
BUILD = ("hatchling",)


def main() -> None:
    """Resolves everything anew, to the newest versions that fit together, and notes what came out."""
    uv = os.environ.get("UV", "uv")
    before = PROJECT.read_text()
    try:
        PROJECT.write_text(
            _with_versions(_with_versions(before, "constraint-dependencies", []), "build-constraint-dependencies", [])
        )
        subprocess.run([uv, "lock", "--upgrade"], cwd=ROOT, check=True)
        packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
        built = subprocess.run(
            [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "-"],
            input="\n".join(BUILD),
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split()
    except BaseException:
        PROJECT.write_text(before)
        raise
    versions = sorted(f"{one['name']}=={one['version']}" for one in packages if "registry" in one["source"])
    after = _with_versions(before, "constraint-dependencies", versions)
    PROJECT.write_text(_with_versions(after, "build-constraint-dependencies", sorted(built)))
    # Once more with the constraints: the lock file then says the same as the project.
    subprocess.run([uv, "lock"], cwd=ROOT, check=True)


def _with_versions(text: str, key: str, versions: list[str]) -> str:
    """Returns the project file with another list of versions under a key."""
    lines = "".join(f'    "{version}",\n' for version in versions)
    changed, count = re.subn(rf"^{key} = \[\n(?:    .*\n)*\]$", f"{key} = [\n{lines}]", text, flags=re.MULTILINE)
    if count != 1:
        raise SystemExit(f"pyproject.toml has no list '{key}'")
    return changed


if __name__ == "__main__":
    main()
