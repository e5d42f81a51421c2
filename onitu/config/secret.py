"""Secrets that stand elsewhere: in a variable of the environment, or in a file (CONTRACT B12).

They are looked up when a service starts, and by `onitu check`. What is found goes to the driver and nowhere else: no
message here holds any of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import attrs

from onitu.core.manifest import Manifest, Option, OptionType, OptionValue
from onitu.errors import ConfigError

#: More than any key or token; a file that is larger was not meant.
MAX_BYTES = 64 * 1024


@attrs.frozen
class Reference:
    """Where a secret stands.

    Attributes:
        kind: "env" or "file".
        name: Of the variable, or of the file; a relative one lies beside the setup. Empty where what stands in the
            setup could not be read, which is a fault already.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{{{self.kind}: {self.name}}}"

    def path(self, directory: Path) -> Path | None:
        """Returns the file it stands in, if it stands in one.

        Args:
            directory: Where the setup lies.
        """
        return directory / Path(self.name).expanduser() if self.kind == "file" else None

    def look_up(self, directory: Path) -> str:
        """Returns the secret.

        Args:
            directory: Where the setup lies.

        Raises:
            ConfigError: It is not there. The text goes behind the name of what it is for.
        """
        path = self.path(directory)
        if path is None:
            found = os.environ.get(self.name, "")
            if not found:
                state = "is empty" if self.name in os.environ else "is not set"
                raise ConfigError(f"the environment variable {self.name} {state}")
            return found
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            # Editors end every file with a line break, which is not part of the secret.
            found = data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            raise ConfigError(f"the file {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            # Without the cause: it would show what is in the file.
            raise ConfigError(f"the file {path} is not UTF-8 text") from None
        if not found or len(data) > MAX_BYTES:
            problem = f"is larger than {MAX_BYTES} bytes" if found else "is empty"
            raise ConfigError(f"the file {path} {problem}")
        return found


#: What an option is set to in a setup.
Given: TypeAlias = OptionValue | Reference


@attrs.frozen
class SecretFault:
    """Why an option has no value.

    Attributes:
        key: The option, as the setup spells it.
        message: What is wrong; "" where that has been said already.
    """

    key: str
    message: str


def look_up_all(
    options: Mapping[str, Given], manifest: Manifest, directory: Path
) -> tuple[dict[str, OptionValue], list[SecretFault]]:
    """Returns options with their secrets in place, and what is wrong with those that have none.

    Args:
        options: As the setup has them.
        manifest: Of the driver they are for; it says which of them are secrets.
        directory: Where the setup lies.
    """
    values: dict[str, OptionValue] = {}
    faults: list[SecretFault] = []
    for key, given in options.items():
        if not isinstance(given, Reference):
            values[key] = given
            continue
        option = manifest.option(key)
        if not given.name:
            faults.append(SecretFault(key, ""))
        elif option is not None and not option.secret:
            message = f"Option '{key}' is no secret: only a secret may be given as {given}."
            faults.append(SecretFault(key, message))
        elif option is None:
            values[key] = ""  # The driver knows no such option, and will say so; it is not shown any secret.
        else:
            try:
                values[key] = _converted(option, given.look_up(directory))
            except ConfigError as error:
                faults.append(SecretFault(key, f"Option '{key}' has no value: {error}."))
    return values, faults


def revealed(options: Mapping[str, Given], manifest: Manifest, directory: Path) -> dict[str, OptionValue]:
    """Returns options with their secrets in place.

    Args:
        options: As the setup has them.
        manifest: Of the driver they are for.
        directory: Where the setup lies.

    Raises:
        ConfigError: A secret is not there, or what is given as one is none. The text has one line for each fault.
    """
    values, faults = look_up_all(options, manifest, directory)
    if faults:
        raise ConfigError("\n".join(fault.message for fault in faults))
    return values


def _converted(option: Option, text: str) -> OptionValue:
    """Returns a number where one is asked for: a variable and a file hold text only."""
    kinds = {OptionType.INTEGER: int, OptionType.FLOAT: float}
    try:
        return kinds[option.type](text) if option.type in kinds else text
    except ValueError:
        return text  # The message for a wrong type does not show it.


def given(secret: str | Reference | None, what: str, directory: Path) -> str | None:
    """Returns a secret that may stand in the setup itself, or None where there is none.

    Args:
        secret: What stands there.
        what: Its name, for the error.
        directory: Where the setup lies.

    Raises:
        ConfigError: It is not there.
    """
    if not isinstance(secret, Reference):
        return secret
    try:
        return secret.look_up(directory)
    except ConfigError as error:
        raise ConfigError(f"{what}: {error}") from error


def is_open_to_others(path: Path) -> bool:
    """Returns whether other users of this machine may read a file, as far as its mode says."""
    try:
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False
