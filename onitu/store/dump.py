"""All records as JSON lines, for people and for another data directory.

The first line says what this is, the last one how many lines lie between, so that half a file is never taken for a
whole one. What lies between is sorted: what the shell keeps by name, nodes by number, history by node and version,
and what became of entries (`departure`) by node and time.
Fields are written under their names, without those that have their default; enumerations by name; bytes as
hexadecimal digits. What is derived is left out, it is made anew.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
from msgspec import inspect

from onitu.core.node import Node, Version
from onitu.core.past import Departure
from onitu.errors import StoreError
from onitu.store.transaction import SCHEMA

if TYPE_CHECKING:
    from onitu.store.transaction import Transaction

#: Version of this form. A reader takes those it knows.
FORMAT = 1

#: Kept names that are derived, or belong to the directory they are in.
_LEFT_OUT = ("name ", "shape", "schema")

_NODE = inspect.type_info(Node)
_VERSION = inspect.type_info(Version)
_DEPARTURE = inspect.type_info(Departure)


def export_records(transaction: Transaction) -> Iterator[bytes]:
    """Yields all records, a line each."""
    yield _line({"onitu": "state", "format": FORMAT, "schema": SCHEMA})
    count = 0
    for line in _records(transaction):
        yield _line(line)
        count += 1
    yield _line({"end": count})


def import_records(transaction: Transaction, lines: BinaryIO) -> int:
    """Takes in records that were exported, and returns how many.

    Args:
        transaction: A write transaction on a store without records.
        lines: The export.

    Raises:
        StoreError: It is no export, not whole, or of another Onitu. The transaction must not be committed.
    """
    read = _parsed(lines)
    _number, header = next(read, (1, {}))
    if header.get("onitu") != "state":
        raise StoreError("line 1: this is no export of `onitu state export`")
    if (header.get("format"), header.get("schema")) != (FORMAT, SCHEMA):
        found = f"format {header.get('format')}, schema {header.get('schema')}"
        raise StoreError(f"line 1: this is the export of another Onitu ({found}); this one reads {FORMAT} and {SCHEMA}")
    count = 0
    for number, line in read:
        if "end" in line:
            if line["end"] != count or next(read, None) is not None:
                raise StoreError(f"line {number}: {count} records came before this end, not {line['end']}")
            return count
        try:
            _take(transaction, line)
        except (KeyError, ValueError, TypeError, AttributeError, msgspec.ValidationError) as error:
            raise StoreError(f"line {number}: this is no record: {error!r}") from error
        count += 1
    raise StoreError(f"the export ends after {count} records without its last line: it is not whole")


def _records(transaction: Transaction) -> Iterator[dict[str, object]]:
    for key, value in transaction.raw("meta"):
        name = key.decode()
        if not name.startswith(_LEFT_OUT):
            yield {"meta": name, "value": _text_or_hex(value)}
    for node in transaction.nodes():
        yield {"node": to_plain(node)}
    for node_id, version in transaction.histories():
        at = transaction.past.taken(node_id).get(version.number)
        yield {"history": node_id, "version": to_plain(version), **({"at": at} if at is not None else {})}
    for _, node_id, departure in transaction.past.all_departures():
        yield {"departure": node_id, "left": to_plain(departure)}


def _take(transaction: Transaction, line: dict[str, Any]) -> None:
    match line:
        case {"meta": str(name), "value": {"hex": str(digits)}}:
            transaction.set_meta(name, bytes.fromhex(digits))
        case {"meta": str(name), "value": str(text)}:
            transaction.set_meta(name, text.encode())
        case {"node": dict(fields)}:
            transaction.restore(msgspec.convert(from_plain(_NODE, fields), Node))
        case {"history": int(node), "version": dict(fields)}:
            version = msgspec.convert(from_plain(_VERSION, fields), Version)
            transaction.restore_version(node, version)
            if "at" in line:
                transaction.past.take(node, version.number, float(line["at"]))
        case {"departure": int(node), "left": dict(fields)}:
            transaction.past.depart(node, msgspec.convert(from_plain(_DEPARTURE, fields), Departure))
        case _:
            raise ValueError(f"neither meta, node, history nor departure: {', '.join(line)}")


def _parsed(lines: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for number, line in enumerate(lines, 1):
        try:
            yield number, decode(line)
        except msgspec.MsgspecError as error:
            raise StoreError(f"line {number}: this is no export of `onitu state export`: {error}") from error


def _line(value: dict[str, object]) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _text_or_hex(value: bytes) -> object:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\0"
    return text if text.isprintable() else {"hex": value.hex()}


def to_plain(value: object) -> object:
    """Returns a value of the records as JSON has it: structs by the names of their fields, defaults left out."""
    match value:
        case msgspec.Struct():
            fields = msgspec.structs.fields(value)
            return {
                field.name: to_plain(getattr(value, field.name))
                for field in fields
                if field.required or getattr(value, field.name) != _default(field)
            }
        case enum.Enum():
            return value.name.lower()
        case bytes():
            return value.hex()
        case dict():
            return {str(key): to_plain(member) for key, member in value.items()}
        case tuple() | list():
            return [to_plain(member) for member in value]
        case _:
            return value


def from_plain(kind: inspect.Type, value: Any) -> object:  # noqa: ANN401 - JSON of any kind
    """Returns what `to_plain` made of a value as msgspec converts it back: structs as arrays.

    Args:
        kind: What it is to be.
        value: From JSON.
    """
    if value is None:
        return None
    match kind:
        case inspect.UnionType(types=types):
            return from_plain(next(one for one in types if not isinstance(one, inspect.NoneType)), value)
        case inspect.StructType(fields=fields):
            unknown = value.keys() - {field.name for field in fields}
            if unknown:
                raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
            return [
                from_plain(field.type, value[field.name])
                if field.required or field.name in value
                else msgspec.to_builtins(_default(field))
                for field in fields
            ]
        case inspect.EnumType(cls=names):
            return names[value.upper()].value
        case inspect.BytesType():
            return bytes.fromhex(value)
        case inspect.DictType(key_type=key, value_type=member):
            number = isinstance(key, inspect.IntType)
            return {int(name) if number else name: from_plain(member, one) for name, one in value.items()}
        case inspect.VarTupleType(item_type=item):
            return [from_plain(item, one) for one in value]
        case _:
            return value


def _default(field: Any) -> object:  # noqa: ANN401 - msgspec has two classes with the same attributes
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default
