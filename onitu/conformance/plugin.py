"""The kit as a plugin of pytest, for `onitu driver test`.

It makes the kit of what the command line says, and tells what became of the checks in the form asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

from onitu.conformance import report
from onitu.conformance.check import CHECKS
from onitu.conformance.kit import Kit
from onitu.conformance.target import Target, read_quirks
from onitu.conformance.wire import Refusal
from onitu.core.manifest import OptionValue
from onitu.errors import ConfigError, DriverError

_KIT = pytest.StashKey[Kit]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Says what the command line may hold."""
    group = parser.getgroup("conformance", "conformance of an Onitu driver")
    group.addoption("--target", help="an installed driver, a command line, or an address")
    group.addoption("--driver-options", type=Path, help="a YAML file with the options of the service")
    group.addoption("--driver-quirks", type=Path, help="a TOML file with what is known not to be kept")
    group.addoption("--only", action="append", default=[], help="a group of checks, or a check")
    group.addoption("--report", choices=["text", "json", "md", "junit"], default="text", help="form of the report")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes a test of each check."""
    only = metafunc.config.getoption("--only")
    chosen = [check for check in CHECKS if not only or {check.group, str(check)} & set(only)]
    if not chosen:
        groups = ", ".join(dict.fromkeys(check.group for check in CHECKS))
        _give_up(f"there is neither a group nor a check {', '.join(only)!r}; groups are {groups}")
    metafunc.parametrize("check", chosen, ids=str)


@pytest.fixture(scope="session")
def kit(pytestconfig: pytest.Config) -> Iterator[Kit]:
    """The kit for the target of the command line."""
    try:
        with Kit(_target(pytestconfig)) as made:
            pytestconfig.stash[_KIT] = made
            made.try_out()
            yield made
    except (ConfigError, DriverError, Refusal) as error:
        _give_up(str(error))


def _give_up(reason: str) -> NoReturn:
    print(f"onitu: {reason}", file=sys.stderr)  # noqa: T201  There is no terminal of pytest's to say it.
    pytest.exit(reason, returncode=1)


def _target(config: pytest.Config) -> Target:
    file, quirks = config.getoption("--driver-options"), config.getoption("--driver-quirks")
    return Target.parse(
        config.getoption("--target"),
        options={} if file is None else read_options(file),
        quirks=None if quirks is None else read_quirks(quirks),
    )


def read_options(path: Path) -> dict[str, OptionValue]:
    """Returns the options that a YAML file gives.

    Raises:
        ConfigError: It cannot be read, or is no map of plain values.
    """
    try:
        tree = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: the options cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the options are no YAML: {error}") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict) or not all(isinstance(value, str | int | float | None) for value in tree.values()):
        raise ConfigError(f"{path}: the options are a map from their keys to plain values")
    return {str(key): value for key, value in tree.items()}


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Tells what became of a check, as soon as it is known."""
    made = item.config.stash.get(_KIT, None)
    if made is not None and made.results and item.config.getoption("--report") == "text":
        print(report.line(made.results[-1]), flush=True)  # noqa: T201  It is what the command prints.


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Prints the report."""
    made = session.config.stash.get(_KIT, None)
    if made is None or not made.results:
        return
    name = made.target.name
    texts = {
        "text": lambda: report.text(made.results),
        "md": lambda: report.markdown(name, made.results),
        "json": lambda: report.as_json(name, made.results),
    }
    form = session.config.getoption("--report")
    if form in texts:
        print(texts[form](), flush=True)  # noqa: T201  As above.
