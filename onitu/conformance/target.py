"""What is under test: which driver, how it is reached, with which options, and what is known to be different with it.

This module starts a driver and asks it for nothing.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeAlias

import attrs

from onitu.conformance.process import Process, dial, start
from onitu.core.manifest import OptionValue
from onitu.errors import ConfigError
from onitu.host.spawn import driver_command
from onitu.utils import get_available_drivers

if TYPE_CHECKING:
    from onitu.conformance.backstage import Backstage

Behind: TypeAlias = "Callable[[str], Backstage]"
"""Returns what works behind the driver's back in the folder of this place below the service's root."""

QUIRKS: Final = "quirks.toml"
"""The file of an installed driver, beside its manifest, with what it is known not to keep."""

_ADDRESS = re.compile(r"unix:.+|(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}")


@attrs.frozen(kw_only=True)
class Target:
    """A driver, and the service that the kit may use: everything it makes is below a directory of its own there.

    Attributes:
        name: What reports call it.
        command: What starts it, or None for one that runs already.
        address: Where that one is, or None.
        token: What calls to that one carry, or None.
        options: Options of the service.
        quirks: What it is known not to keep: names of checks (`group-name`), each with the reason.
        behind: Who edits behind its back, where the kit cannot find a way of its own.
        entries: How many entries the large directory has.
    """

    name: str
    command: tuple[str, ...] | None = None
    address: str | None = None
    token: str | None = None
    options: Mapping[str, OptionValue] = {}
    quirks: Mapping[str, str] = {}
    behind: Behind | None = None
    entries: int = 10_000

    @classmethod
    def installed(
        cls,
        driver: str,
        *,
        options: Mapping[str, OptionValue] | None = None,
        quirks: Mapping[str, str] | None = None,
        behind: Behind | None = None,
    ) -> Self:
        """Returns the target for an installed Python driver.

        Args:
            driver: Its name.
            options: As the attribute.
            quirks: As the attribute; by default what stands in `quirks.toml` beside its manifest.
            behind: As the attribute.

        Raises:
            ConfigError: Its quirks cannot be read.
        """
        command = tuple(driver_command(driver))
        known = _quirks_of(driver) if quirks is None else quirks
        return cls(name=driver, command=command, options=options or {}, quirks=known, behind=behind)

    @classmethod
    def parse(cls, text: str, *, options: Mapping[str, OptionValue], quirks: Mapping[str, str] | None = None) -> Self:
        """Returns the target that a person named: an installed driver, an address, or a command line.

        Raises:
            ConfigError: It is none of them.
        """
        installed = get_available_drivers()
        if text in installed:
            return cls.installed(text, options=options, quirks=quirks)
        if _ADDRESS.fullmatch(text):
            return cls(name=text, address=text, options=options, quirks=quirks or {})
        command = shlex.split(text)
        if not command or shutil.which(command[0]) is None:
            names = ", ".join(sorted(installed)) or "none"
            raise ConfigError(
                f"{text!r} is no installed driver (installed: {names}), no address such as 127.0.0.1:5000, and no "
                "command that can be run"
            )
        return cls(name=Path(command[0]).name, command=tuple(command), options=options, quirks=quirks or {})

    def start(self, sockets: Path) -> Process:
        """Starts the driver, or dials it, and waits until it serves.

        Raises:
            ConfigError: Its command cannot be run.
            DriverError: It does not serve.
        """
        if self.command is not None:
            return start(list(self.command), sockets)
        assert self.address is not None
        return dial(self.address, self.token)


def _quirks_of(driver: str) -> dict[str, str]:
    """Returns what stands beside the manifest of an installed driver."""
    point = get_available_drivers().get(driver)
    spec = None if point is None else importlib.util.find_spec(point.value.partition(":")[0])
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / QUIRKS
    return read_quirks(path) if path.exists() else {}


def read_quirks(path: Path) -> dict[str, str]:
    """Returns what a file of quirks says: a table `quirks` in TOML, from the name of a check to the reason.

    Raises:
        ConfigError: It cannot be read, or says something else.
    """
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: the quirks cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: the quirks are no TOML: {error}") from error
    quirks = tree.get("quirks", {})
    if set(tree) - {"quirks"} or not isinstance(quirks, dict):
        raise ConfigError(f"{path}: there is one table in a file of quirks, [quirks]")
    for name, reason in quirks.items():
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError(f"{path}: quirk {name!r}: say the reason in words")
    return {str(name): str(reason) for name, reason in quirks.items()}
