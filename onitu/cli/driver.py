"""`onitu driver test`: whether a driver keeps the contract."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

from onitu.errors import ConfigError


def run(arguments: argparse.Namespace) -> int:
    """Puts a driver through the conformance kit.

    Returns:
        0: It keeps everything that it declares.

    Raises:
        ConfigError: There is no pytest.
    """
    if importlib.util.find_spec("pytest") is None:
        raise ConfigError("the conformance kit needs pytest: pip install 'onitu[conformance]'")
    with tempfile.TemporaryDirectory() as place:
        junit = Path(place) / "report.xml"
        code = _run_pytest(arguments, junit)
        if junit.exists():
            sys.stdout.write(junit.read_text("utf-8"))
    return code


def _run_pytest(arguments: argparse.Namespace, junit: Path) -> int:
    # Imported here, and nothing of the kit at all: pytest wants to see the checks first, to tell what they assert.
    import pytest  # noqa: PLC0415

    suite = Path(__file__).parents[1] / "conformance/suite.py"
    argv = [
        f"--rootdir={suite.parent}",
        f"--config-file={os.devnull}",
        "--import-mode=importlib",
        "--disable-plugin-autoload",
        "--capture=no",
        *("-p", "onitu.conformance.plugin", "-p", "no:cacheprovider", "-p", "no:terminal"),
        f"--target={arguments.target}",
        f"--report={arguments.report}",
        *(f"--only={only}" for only in arguments.only),
    ]
    if arguments.options is not None:
        argv.append(f"--driver-options={arguments.options}")
    if arguments.quirks is not None:
        argv.append(f"--driver-quirks={arguments.quirks}")
    if arguments.report == "junit":
        argv.append(f"--junitxml={junit}")
    return int(pytest.main([*argv, str(suite)]))
