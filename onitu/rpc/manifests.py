"""Between what drivers say of themselves, in values of the core, and the messages of the contract, in pairs.

Manifests, capabilities, limits and options cross once for each start of a driver, so these functions are written to be
short, not fast. A manifest that came by wire is judged by the same rules, with the same messages, as one that lies in a
package.

This file knows no transport and does no I/O. Import it through `onitu.rpc.convert`.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import msgspec
from google.protobuf import struct_pb2

from onitu.core.capability import Capabilities, Conditional, Limits, NameComparison
from onitu.core.manifest import Manifest, Option, OptionType, load_manifest
from onitu.errors import ConfigError, DriverError
from onitu.rpc.gen import manifest_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onitu.core.manifest import OptionValue

# A Struct holds every number as a double, which says whole numbers exactly up to here.
_MAX_EXACT = 1 << 53

_OPTION_TYPES = {
    OptionType.INTEGER: manifest_pb2.OPTION_TYPE_INTEGER,
    OptionType.FLOAT: manifest_pb2.OPTION_TYPE_FLOAT,
    OptionType.BOOLEAN: manifest_pb2.OPTION_TYPE_BOOLEAN,
    OptionType.STRING: manifest_pb2.OPTION_TYPE_STRING,
    OptionType.ENUMERATE: manifest_pb2.OPTION_TYPE_ENUMERATE,
}
_OPTION_TYPE_NAMES = {wire: kind.value for kind, wire in _OPTION_TYPES.items()}


def options_to_wire(options: Mapping[str, OptionValue]) -> struct_pb2.Struct:
    """Returns options as a message.

    Raises:
        ConfigError: A whole number is too large to arrive as it is.
    """
    wire = struct_pb2.Struct()
    for key, value in options.items():
        if isinstance(value, int) and abs(value) > _MAX_EXACT:
            message = f"option '{key}': {value} is larger than a driver can be told exactly (2^53)"
            raise ConfigError(message)
        wire.fields[key].CopyFrom(_value_to_wire(value))
    return wire


def options_from_wire(wire: struct_pb2.Struct) -> dict[str, OptionValue]:
    """Returns options. The wire has one kind of number, so a float that is whole comes back as an integer.

    Raises:
        DriverError: A value is a list or an object, which no option is.
    """
    return {key: _value_from_wire(f"option '{key}'", value) for key, value in wire.fields.items()}


def capabilities_to_wire(capabilities: Capabilities) -> manifest_pb2.Capabilities:
    """Returns what a service can do, as a message. Both sides name everything alike."""
    return manifest_pb2.Capabilities(**msgspec.structs.asdict(capabilities))


def capabilities_from_wire(wire: manifest_pb2.Capabilities) -> Capabilities:
    """Returns what a service can do. What a newer contract may add is taken for the careful choice."""
    values = {field: getattr(wire, field) for field in Capabilities.__struct_fields__}
    values["conditional"] = _CONDITIONALS.get(wire.conditional, Conditional.NONE)
    values["name_comparison"] = _NAME_COMPARISONS.get(wire.name_comparison, NameComparison.CUSTOM)
    values["free_digests"] = tuple(wire.free_digests)
    values["computed_digests"] = tuple(wire.computed_digests)
    return Capabilities(**values)


_CONDITIONALS = {int(item): item for item in Conditional}
_NAME_COMPARISONS = {0: NameComparison.EXACT} | {int(item): item for item in NameComparison}


def limits_to_wire(limits: Limits) -> manifest_pb2.Limits:
    """Returns the numbers a caller keeps to, as a message."""
    return manifest_pb2.Limits(**msgspec.structs.asdict(limits))


def limits_from_wire(wire: manifest_pb2.Limits) -> Limits:
    """Returns the numbers a caller keeps to; what is not said is the default."""
    said = {field: getattr(wire, field) for field in Limits.__struct_fields__}
    limits = Limits(**{field: value for field, value in said.items() if value > 0})
    # The contract allows no more than the default in a batch, whatever a driver says.
    return msgspec.structs.replace(limits, max_batch_items=min(limits.max_batch_items, Limits().max_batch_items))


def manifest_to_wire(manifest: Manifest) -> manifest_pb2.Manifest:
    """Returns what a driver is, as a message."""
    wire = manifest_pb2.Manifest(
        name=manifest.name,
        description=manifest.description,
        options=[_option_to_wire(option) for option in manifest.options],
        capabilities=capabilities_to_wire(manifest.capabilities),
        limits=limits_to_wire(manifest.limits),
        authorization=manifest.authorization,
    )
    if manifest.velocity is not None:
        wire.velocity = manifest.velocity
    return wire


def manifest_from_wire(wire: manifest_pb2.Manifest) -> Manifest:
    """Returns what a driver is (CONTRACT M1-M3).

    Raises:
        DriverError: The manifest is faulty. The text names the driver and every fault by option and field.
    """
    source = wire.name or "without a name"
    keys = [option.key for option in wire.options]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        message = f"manifest of driver '{source}': the option '{twice[0]}' stands twice"
        raise DriverError(message)
    # Written out as the `manifest.json` it could have been, so that one function judges both.
    tree: dict[str, object] = {
        "name": wire.name,
        "description": wire.description,
        "options": {option.key: _option_tree(option) for option in wire.options},
    }
    if wire.authorization:
        tree["authorization"] = True
    if wire.HasField("velocity"):
        tree["velocity"] = wire.velocity
    manifest = load_manifest(json.dumps(tree).encode(), source)
    return msgspec.structs.replace(
        manifest, capabilities=capabilities_from_wire(wire.capabilities), limits=limits_from_wire(wire.limits)
    )


def _option_to_wire(option: Option) -> manifest_pb2.Option:
    wire = manifest_pb2.Option(
        key=option.key,
        name=option.name,
        description=option.description,
        type=_OPTION_TYPES[option.type],
        values=[_value_to_wire(value) for value in option.values],
        secret=option.secret,
        per_folder=option.per_folder,
        restricted=option.restricted,
    )
    if not option.mandatory:
        wire.default.CopyFrom(_value_to_wire(option.default))
    return wire


def _option_tree(wire: manifest_pb2.Option) -> dict[str, object]:
    """Returns an option as `manifest.json` spells it; an unset field is left out, so that it is found missing."""
    where = f"option '{wire.key}'"
    tree: dict[str, object] = {"name": wire.name, "description": wire.description}
    if wire.type in _OPTION_TYPE_NAMES:
        tree["type"] = _OPTION_TYPE_NAMES[wire.type]
    if wire.values:
        tree["values"] = [_value_from_wire(where, value) for value in wire.values]
    if wire.HasField("default"):
        tree["default"] = _value_from_wire(where, wire.default)
    return tree | {"secret": wire.secret, "per_folder": wire.per_folder, "restricted": wire.restricted}


def _value_to_wire(value: OptionValue) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    return struct_pb2.Value(number_value=value)


def _value_from_wire(where: str, wire: struct_pb2.Value) -> OptionValue:
    match wire.WhichOneof("kind"):
        case "number_value":
            return _number(wire.number_value)
        case "string_value":
            return wire.string_value
        case "bool_value":
            return wire.bool_value
        case "null_value" | None:
            return None
        case kind:
            message = f"{where}: must be text, a number, true, false or null, got a {str(kind).removesuffix('_value')}"
            raise DriverError(message)


def _number(value: float) -> int | float:
    return int(value) if math.isfinite(value) and value.is_integer() and abs(value) <= _MAX_EXACT else value
