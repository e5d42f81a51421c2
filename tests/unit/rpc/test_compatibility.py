"""The driver contract changes only compatibly: `buf breaking`, as configured here, finds what would break drivers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUF = Path(sys.executable).with_name("buf")
CHANGED = "proto/onitu/driver/v1/operation.proto"


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        (lambda text: text + "\n// More.\nmessage Addition {\n  // OPTIONAL. Some.\n  string some = 1;\n}\n", True),
        (lambda text: text.replace(" = 1;", " = 101;", 1), False),
        (lambda text: text.replace("message ", "message Other", 1), False),
    ],
    ids=["a message more", "another number", "another name"],
)
def test_only_compatible_changes_pass(tmp_path: Path, change: object, *, allowed: bool) -> None:
    """W3: what is added passes; a field with another number, or a message that is gone, does not."""
    shutil.copytree(ROOT / "proto", tmp_path / "proto", ignore=shutil.ignore_patterns("*.py"))
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    assert callable(change)
    changed = tmp_path / CHANGED
    changed.write_text(change(changed.read_text("utf-8")), "utf-8")

    answer = subprocess.run(
        [BUF, "breaking", "--against", str(ROOT)], cwd=tmp_path, check=False, capture_output=True, text=True
    )

    assert (answer.returncode == 0) is allowed, answer.stdout + answer.stderr
    assert allowed or "operation.proto" in answer.stdout
