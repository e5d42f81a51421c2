"""Generates `onitu/rpc/gen` from `proto/`. Run by `just proto`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).parent
PACKAGE = "onitu/driver/v1"


def generate(target: Path) -> None:
    """Writes the Python modules of the contract, flat, into `target`.

    Args:
        target: Directory to write to; it is made, what is there already is overwritten.
    """
    target.mkdir(parents=True, exist_ok=True)
    scratch = target / "_scratch"
    scratch.mkdir(exist_ok=True)
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob(f"{PACKAGE}/*.proto"))
    includes = Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTO}", f"-I{includes}"]
    arguments += [f"--{kind}_out={scratch}" for kind in ("python", "pyi", "grpc_python")]
    if protoc.main([*arguments, *sources]) != 0:
        sys.exit(1)
    for path in sorted((scratch / PACKAGE).iterdir()):
        # The package of the contract is `onitu.driver.v1`; the modules live in our own package.
        text = re.sub(
            r"^from onitu\.driver\.v1 import", "from onitu.rpc.gen import", path.read_text(), flags=re.MULTILINE
        )
        (target / path.name).write_text(text)
        path.unlink()
    for folder in (scratch / PACKAGE, scratch / "onitu/driver", scratch / "onitu", scratch):
        folder.rmdir()


if __name__ == "__main__":
    generate(Path(sys.argv[1]))
