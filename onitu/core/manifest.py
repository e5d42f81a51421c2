"""Manifests: what a driver says of itself, and the options it understands (CONTRACT M1-M4).

A manifest comes from `manifest.json` in a driver's package or from `GetManifest`; both end up as the values below.
This file reads bytes that somebody else has opened, and validates options that somebody else has read: it touches no
file, and it does not know where a fault stands in the setup, only which option it concerns.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

from onitu.core.capability import Capabilities, Limits
from onitu.errors import ConfigError, DriverError

OptionValue: TypeAlias = bool | int | float | str | None
"""What an option may hold."""

RESERVED: Final = frozenset(
    (
        *("driver", "options", "folders"),
        *("velocity", "chunk_size", "changes_timer", "bandwidth", "schedule", "min_free"),
        *("conflict", "max_delete", "keep", "symlinks", "atomic", "adopt", "default_ignores"),
        *("mode", "type", "min_size", "max_size", "blacklist", "whitelist"),
    )
)
"""Keys that are Onitu's own beside a driver's options (CONTRACT B6, B11), spelled with `_`."""

_MANIFEST_FIELDS: Final = frozenset(("name", "description", "options", "velocity", "authorization"))
_OPTION_FIELDS: Final = frozenset(
    ("name", "description", "type", "values", "default", "secret", "per_folder", "restricted")
)


class OptionType(enum.Enum):
    """The type of an option: validates it and chooses its input field in a form."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    STRING = "string"
    ENUMERATE = "enumerate"


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a driver.

    Attributes:
        key: Its key in the setup.
        name: Its name, for a person.
        description: What it does, for a person.
        type: Its type.
        values: All possible values of an `ENUMERATE`; empty otherwise.
        default: Taken when the option is left out; means nothing when `mandatory`.
        mandatory: Whether the option must be given; true when the manifest has no default, not even null.
        secret: Whether the value is never logged and never shown.
        per_folder: Whether the option may stand at the service's folder as well.
        restricted: Whether only whoever runs Onitu may set it: it can have a program run, or another file of
            the driver's machine read or written than those that are synced.
    """

    key: str
    name: str
    description: str
    type: OptionType
    values: tuple[OptionValue, ...] = ()
    default: OptionValue = None
    mandatory: bool = True
    secret: bool = False
    per_folder: bool = False
    restricted: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver is.

    Attributes:
        name: As in `driver: NAME`.
        description: One sentence for a person.
        options: The options it understands, in the manifest's order.
        velocity: Speed hint from 0 to 1, 1 is fastest; None where the driver gives none.
        capabilities: What it can do at best; nothing in a manifest that was read from a file.
        limits: Numbers a caller keeps to.
        authorization: Whether a person signs in to the service, so that it has the credentials.
    """

    name: str
    description: str
    options: tuple[Option, ...] = ()
    velocity: float | None = None
    capabilities: Capabilities = Capabilities()
    limits: Limits = Limits()
    authorization: bool = False

    def option(self, key: str) -> Option | None:
        """Returns the option of that key, written with `-` or `_` alike, or None."""
        wanted = _plain(key)
        return next((option for option in self.options if _plain(option.key) == wanted), None)


class OptionFault(msgspec.Struct, frozen=True):
    """What is wrong with one option of a setup.

    Attributes:
        key: The key as the setup spells it; for a missing option as the manifest does.
        message: The message of CONTRACT M4, word for word.
        hint: More that helps to mend it, or "".
    """

    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


def load_manifest(data: bytes, source: str) -> Manifest:
    """Returns the manifest that the bytes of a `manifest.json` spell.

    Args:
        data: Strict JSON in UTF-8.
        source: Which driver it is, for the error.

    Raises:
        DriverError: The manifest is faulty. The text names the driver and every fault by option and field.
    """
    faults: list[str] = []
    try:
        tree = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates)
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are both ValueErrors.
        message = f"manifest of driver '{source}': not valid JSON: {error}"
        raise DriverError(message) from error
    if not isinstance(tree, dict):
        message = f"manifest of driver '{source}': must be an object, got {_json_type(tree)}"
        raise DriverError(message)
    manifest = _manifest_of(tree, faults)
    if faults:
        lines = "\n".join(f"manifest of driver '{source}': {fault}" for fault in faults)
        raise DriverError(lines)
    return manifest


def option_faults(manifest: Manifest, options: Mapping[str, object]) -> list[OptionFault]:
    """Returns all faults of the options a setup gives to a driver, in the setup's order, missing ones last."""
    faults: list[OptionFault] = []
    given: dict[str, str] = {}
    for key, value in options.items():
        option = manifest.option(key)
        if option is None:
            faults.append(OptionFault(key, f"Unknown option '{key}'"))
            continue
        if option.key in given:
            message = f"Option '{key}' is given twice, also as '{given[option.key]}'."
            faults.append(OptionFault(key, message))
            continue
        given[option.key] = key
        if not _accepts(option, value):
            faults.append(_wrong_type(option, key, value))
    faults.extend(
        OptionFault(option.key, f"Mandatory option '{option.key}' not present in the configuration.")
        for option in manifest.options
        if option.mandatory and option.key not in given
    )
    return faults


def validate_options(manifest: Manifest, options: Mapping[str, object]) -> dict[str, OptionValue]:
    """Returns the options complete with their defaults, under the manifest's keys.

    Raises:
        ConfigError: Some options are wrong. The text has one line for each fault.
    """
    faults = option_faults(manifest, options)
    if faults:
        raise ConfigError("\n".join(str(fault) for fault in faults))
    complete = {option.key: option.default for option in manifest.options if not option.mandatory}
    for key, value in options.items():
        option = manifest.option(key)
        if option is not None:
            complete[option.key] = _converted(option, value)
    return complete


def validate_folder_options(manifest: Manifest, options: Mapping[str, object]) -> dict[str, OptionValue]:
    """Returns the driver's options that stand at a service's folder, under the manifest's keys; none is added.

    Raises:
        ConfigError: Some options are wrong. The text has one line for each fault.
    """
    faults = folder_option_faults(manifest, options)
    if faults:
        raise ConfigError("\n".join(str(fault) for fault in faults))
    known = ((manifest.option(key), value) for key, value in options.items())
    return {option.key: _converted(option, value) for option, value in known if option is not None}


def folder_option_faults(manifest: Manifest, options: Mapping[str, object]) -> list[OptionFault]:
    """Returns all faults of the driver's options that stand at a service's folder, in the setup's order."""
    here = tuple(msgspec.structs.replace(option, mandatory=False) for option in manifest.options if option.per_folder)
    faults = option_faults(msgspec.structs.replace(manifest, options=here), options)
    return [_misplaced(manifest, fault) for fault in faults]


def _misplaced(manifest: Manifest, fault: OptionFault) -> OptionFault:
    option = manifest.option(fault.key)
    if option is None or option.per_folder:
        return fault
    return msgspec.structs.replace(fault, hint="(it stands at the service, not at its folder)")


def _plain(key: str) -> str:
    return key.replace("-", "_")


def _accepts(option: Option, value: object) -> bool:
    if value is None:
        # Here null stands for "left out": good only where that is what leaving the option out means.
        null_is_value = option.type is OptionType.ENUMERATE and None in option.values
        return null_is_value or (not option.mandatory and option.default is None)
    match option.type:
        case OptionType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case OptionType.FLOAT:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case OptionType.BOOLEAN:
            return isinstance(value, bool)
        case OptionType.STRING:
            return isinstance(value, str)
        case OptionType.ENUMERATE:
            return any(_same(value, candidate) for candidate in option.values)


def _same(value: object, candidate: OptionValue) -> bool:
    # Python holds True and 1 for equal; a setup does not.
    return value == candidate and isinstance(value, bool) == isinstance(candidate, bool)


def _wrong_type(option: Option, key: str, value: object) -> OptionFault:
    message = f"Option '{key}' should be of type '{option.type.value}', got '{type(value).__name__}'."
    if option.type is not OptionType.ENUMERATE:
        return OptionFault(key, message)
    possible = ", ".join(json.dumps(candidate, ensure_ascii=False) for candidate in option.values)
    return OptionFault(key, message, f"Possible values: {possible}.")


def _converted(option: Option, value: object) -> OptionValue:
    # Here we know: the value was accepted, so it is one of the types of `OptionValue`.
    if option.type is OptionType.FLOAT and isinstance(value, int):
        return float(value)
    if isinstance(value, bool | int | float | str):
        return value
    return None


# Reading a manifest: every function below returns what it could read and appends what it could not to `faults`.


def _manifest_of(tree: Mapping[str, object], faults: list[str]) -> Manifest:
    faults.extend(f"unknown field '{field}'" for field in tree if field not in _MANIFEST_FIELDS)
    options = tree.get("options")
    if not isinstance(options, dict):
        faults.append("field 'options' is missing" if options is None else "field 'options' must be an object")
        options = {}
    keys: dict[str, str] = {}
    faults.extend(
        f"option '{key}': '{keys[_plain(key)]}' is the same name ('-' and '_' are alike)"
        for key in options
        if keys.setdefault(_plain(key), key) != key
    )
    return Manifest(
        name=_text(tree, "name", "", faults),
        description=_text(tree, "description", "", faults),
        options=tuple(_option_of(key, value, faults) for key, value in options.items()),
        velocity=_velocity(tree, faults),
        authorization=_flag(tree, "authorization", "", faults),
    )


def _option_of(key: str, tree: object, faults: list[str]) -> Option:
    where = f"option '{key}': "
    if not isinstance(tree, dict):
        faults.append(f"{where}must be an object, got {_json_type(tree)}")
        tree = {"name": key, "description": key, "type": "string"}
    if not key:
        faults.append(f"{where}the key is empty")
    if _plain(key) in RESERVED or (_plain(key) == "path" and tree.get("per_folder") is True):
        faults.append(f"{where}this name is Onitu's own")
    faults.extend(f"{where}unknown field '{field}'" for field in tree if field not in _OPTION_FIELDS)
    option = Option(
        key=key,
        name=_text(tree, "name", where, faults),
        description=_text(tree, "description", where, faults),
        type=_type(tree, where, faults),
        values=_values(tree, where, faults),
        secret=_flag(tree, "secret", where, faults),
        per_folder=_flag(tree, "per_folder", where, faults),
        restricted=_flag(tree, "restricted", where, faults),
    )
    if "default" not in tree:
        return option
    return _with_default(option, tree["default"], faults)


def _with_default(option: Option, default: object, faults: list[str]) -> Option:
    if default is not None and not _accepts(option, default):
        got = _json_type(default)
        faults.append(f"option '{option.key}': field 'default' is no valid '{option.type.value}', got {got}")
        default = None
    return msgspec.structs.replace(option, default=_converted(option, default), mandatory=False)


def _text(tree: Mapping[str, object], field: str, where: str, faults: list[str]) -> str:
    value = tree.get(field)
    if isinstance(value, str) and value:
        return value
    faults.append(f"{where}field '{field}' is missing" if field not in tree else f"{where}field '{field}' must be text")
    return ""


def _flag(tree: Mapping[str, object], field: str, where: str, faults: list[str]) -> bool:
    value = tree.get(field, False)
    if isinstance(value, bool):
        return value
    faults.append(f"{where}field '{field}' must be true or false, got {_json_type(value)}")
    return False


def _type(tree: Mapping[str, object], where: str, faults: list[str]) -> OptionType:
    value = tree.get("type")
    for candidate in OptionType:
        if value == candidate.value:
            return candidate
    known = ", ".join(candidate.value for candidate in OptionType)
    problem = "is missing" if value is None else f"must be one of {known}, got {json.dumps(value)}"
    faults.append(f"{where}field 'type' {problem}")
    return OptionType.STRING


def _values(tree: Mapping[str, object], where: str, faults: list[str]) -> tuple[OptionValue, ...]:
    is_enumerate = tree.get("type") == OptionType.ENUMERATE.value
    if "values" not in tree:
        if is_enumerate:
            faults.append(f"{where}field 'values' is missing")
        return ()
    values = tree["values"]
    if not is_enumerate:
        faults.append(f"{where}field 'values' belongs to the type 'enumerate' only")
        return ()
    if not isinstance(values, list) or not values or not _all_plain(values):
        faults.append(f"{where}field 'values' must be a list, not empty, of text, numbers, true or false")
        return ()
    return tuple(values)


def _all_plain(values: Iterable[object]) -> bool:
    return all(value is None or isinstance(value, bool | int | float | str) for value in values)


def _velocity(tree: Mapping[str, object], faults: list[str]) -> float | None:
    value = tree.get("velocity")
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    faults.append(f"field 'velocity' must be a number from 0 to 1, got {json.dumps(value)}")
    return None


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _refuse_constant(name: str) -> object:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        keys = [key for key, _ in pairs]
        message = f"the key '{next(key for key in keys if keys.count(key) > 1)}' stands twice"
        raise ValueError(message)
    return tree
