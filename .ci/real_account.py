"""Puts a driver through the conformance kit with a real account. Run by `just real-account NAME`, and never by CI.

Each option of the driver is a variable: `ONITU_GOOGLE_DRIVE_CLIENT_ID` is `client_id` of `google_drive`. The kit makes
one directory, `onitu-conformance-...`, below the service's root, and works in nothing else; it stays there afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
_WORDS = {"true": True, "false": False}


def main() -> int:
    """Reads the variables, and runs the kit with further arguments of `onitu driver test`."""
    name, *arguments = sys.argv[1:]
    place = ROOT / "drivers" / name / f"onitu_{name}" / "manifest.json"
    if not place.exists():
        print(f"there is no driver {name!r} here", file=sys.stderr)
        return 2
    manifest = json.loads(place.read_text("utf-8"))
    variables = {f"ONITU_{name}_{key}".upper(): key for key in manifest["options"]}
    options = {key: _WORDS.get(os.environ[one], os.environ[one]) for one, key in variables.items() if one in os.environ}
    if not options:
        print(f"no option is given: set {', '.join(variables)}, as far as they are needed", file=sys.stderr)
        return 2
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        # JSON is YAML, and the file is its owner's alone.
        json.dump(options, file)
        file.flush()
        command = [sys.executable, "-m", "onitu", "driver", "test", name, "--options", file.name, *arguments]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
