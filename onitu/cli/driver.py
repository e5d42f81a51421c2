"""`onitu driver`: a driver to start from, whether one keeps the contract, and one for an Onitu elsewhere."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

from onitu import certificates
from onitu.cli import driver_new
from onitu.config.driver import is_address
from onitu.config.faults import nearest
from onitu.errors import ConfigError
from onitu.loopback import is_at_loopback
from onitu.supervisor.serving import keep_serving
from onitu.utils import get_available_drivers


def run(arguments: argparse.Namespace) -> int:
    """Does one of new, test and serve.

    Raises:
        ConfigError: It cannot begin.
    """
    return {"new": driver_new.run, "test": _test, "serve": _serve}[arguments.action](arguments)


def _serve(arguments: argparse.Namespace) -> int:
    """Runs an installed driver until a signal comes.

    Raises:
        ConfigError: There is no such driver, or it may not listen there.
    """
    installed = get_available_drivers()
    if arguments.driver not in installed:
        names = ", ".join(sorted(installed)) or "none"
        hint = nearest(arguments.driver, installed)
        raise ConfigError(f"the driver '{arguments.driver}' is not installed{hint} (installed: {names})")
    address, files = arguments.listen, (arguments.ca, arguments.certificate, arguments.key)
    if not is_address(address):
        raise ConfigError(f"--listen is HOST:PORT, such as 0.0.0.0:4000, not {address!r}")
    if arguments.insecure:
        if any(files):
            raise ConfigError("--insecure does without --ca, --certificate and --key: it is one or the other")
        if not is_at_loopback(address):
            raise ConfigError(f"--insecure is for 127.0.0.1, [::1] and localhost alone, not for {address}")
        return keep_serving(arguments.driver, address, [])
    if not all(files):
        raise ConfigError("--ca, --certificate and --key are needed; `onitu certs` makes them")
    wrong = certificates.faults(*files)
    if wrong:
        raise ConfigError("\n".join(wrong))
    return keep_serving(arguments.driver, address, [str(path) for path in files])


def _test(arguments: argparse.Namespace) -> int:
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
