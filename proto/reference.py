"""Writes `docs/driver-contract.md` from the comments in `proto/`. Run by `just proto`."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)
from grpc_tools import protoc

PROTO: Final = Path(__file__).parent
PACKAGE: Final = "onitu.driver.v1"
FILES: Final = ("driver", "watch", "observation", "operation", "manifest")
"""In the order of the page: the calls first, then what they carry."""

INTRODUCTION: Final = """# The driver contract

Every call and message of `onitu.driver.v1`, made from the comments in
[`proto/onitu/driver/v1`](../proto/onitu/driver/v1) by `just proto`. [drivers.md](drivers.md) explains how it all goes
together, and is to be read first.
"""

# Numbers of fields in descriptor.proto, of which the paths of comments are made.
_PACKAGE, _MESSAGE, _ENUM, _SERVICE = 2, 4, 5, 6
_FIELD_OF_MESSAGE, _VALUE_OF_ENUM, _METHOD_OF_SERVICE = 2, 2, 2

_PART = re.compile(r"(Idempotent|Order|Codes): ?(.*)")


def main(target: Path) -> None:
    """Writes the page."""
    lines = [INTRODUCTION]
    files = {Path(file.name).stem: file for file in _described().file}
    for name in FILES:
        lines += _file(files[name])
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    target.write_text(text.rstrip() + "\n", "utf-8")


def _described() -> FileDescriptorSet:
    """Returns the contract, with its comments."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "set"
        sources = [f"{PACKAGE.replace('.', '/')}/{name}.proto" for name in FILES]
        includes = Path(protoc.__file__).parent / "_proto"
        command = ["protoc", f"-I{PROTO}", f"-I{includes}", "--include_source_info", f"--descriptor_set_out={out}"]
        if protoc.main([*command, *sources]) != 0:
            sys.exit(1)
        return FileDescriptorSet.FromString(out.read_bytes())


class _Comments:
    """The comments of a file, by the path of what they are about."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._by_path = {
            tuple(one.path): one.leading_comments or one.trailing_comments for one in file.source_code_info.location
        }

    def of(self, *path: int) -> list[str]:
        """Returns the lines of a comment."""
        text = self._by_path.get(path, "")
        return [line.removeprefix(" ").rstrip() for line in text.strip("\n").splitlines()]


def _file(file: FileDescriptorProto) -> Iterator[str]:
    comments = _Comments(file)
    yield f"## {Path(file.name).name}\n"
    yield from _prose(comments.of(_PACKAGE))
    for number, service in enumerate(file.service):
        yield f"### service {service.name}\n"
        yield from _prose(comments.of(_SERVICE, number))
        for place, method in enumerate(service.method):
            yield from _method(method, comments.of(_SERVICE, number, _METHOD_OF_SERVICE, place))
    for number, enum in enumerate(file.enum_type):
        yield from _enum(enum, comments, number)
    for number, message in enumerate(file.message_type):
        yield from _message(message, comments, number)


def _method(method: MethodDescriptorProto, comment: list[str]) -> Iterator[str]:
    yield f"#### {method.name}\n"
    asked = ("stream " if method.client_streaming else "") + _link(method.input_type)
    answered = ("stream " if method.server_streaming else "") + _link(method.output_type)
    yield f"{asked} → {answered}\n"
    yield from _prose(comment)


def _enum(enum: EnumDescriptorProto, comments: _Comments, number: int) -> Iterator[str]:
    yield f"### {enum.name}\n"
    yield from _prose(comments.of(_ENUM, number))
    yield "| value | number | |\n|---|---|---|"
    for place, value in enumerate(enum.value):
        yield f"| `{value.name}` | {value.number} | {_cell(comments.of(_ENUM, number, _VALUE_OF_ENUM, place))} |"
    yield ""


def _message(message: DescriptorProto, comments: _Comments, number: int) -> Iterator[str]:
    yield f"### {message.name}\n"
    yield from _prose(comments.of(_MESSAGE, number))
    if not message.field:
        return
    yield "| field | type | |\n|---|---|---|"
    for place, field in enumerate(message.field):
        comment = _cell(comments.of(_MESSAGE, number, _FIELD_OF_MESSAGE, place))
        yield f"| `{field.name}` = {field.number} | {_type(field, message)} | {comment} |"
    yield ""


def _type(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    kind = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    name = _link(field.type_name) if field.type_name else f"`{kind}`"
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {name}"
    if field.proto3_optional:
        return f"optional {name}"
    if field.HasField("oneof_index"):
        return f"{name}, one of `{message.oneof_decl[field.oneof_index].name}`"
    return name


def _link(name: str) -> str:
    """Returns the name of a type, linked where it stands on the page."""
    short = name.removeprefix(f".{PACKAGE}.")
    return f"`{name.removeprefix('.')}`" if short == name else f"[{short}](#{short.lower()})"


def _prose(lines: list[str]) -> Iterator[str]:
    """Yields a comment as Markdown: paragraphs as they are, tables and the parts of a call as such."""
    for paragraph in _paragraphs(lines):
        if any(_PART.match(line) for line in paragraph):
            yield from _parts(paragraph)
        else:
            yield from _tabled(paragraph)
        yield ""


def _paragraphs(lines: Iterable[str]) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line:
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []


def _parts(lines: list[str]) -> Iterator[str]:
    """Yields what is said of a call: idempotence, order, codes."""
    part: list[str] = []
    parts = [part]
    for line in lines:
        if _PART.match(line):
            part = []
            parts.append(part)
        part.append(line)
    for found in filter(None, parts):
        match = _PART.match(found[0])
        head = found[0] if match is None else f"**{match[1]}:** {match[2]}".rstrip()
        yield from _tabled([head, *found[1:]])
        yield ""


def _tabled(lines: list[str]) -> Iterator[str]:
    """Yields lines, with rows between "|" as a table; a row without a first cell goes on with the one before."""
    rows: list[list[str]] = []
    for line in lines:
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 1:
            yield from _table(rows)
            rows = []
            yield _escaped(line.strip())
        elif set(line) <= set("-| "):
            continue
        elif cells[0] and not (rows and rows[-1][0].endswith(",")):
            rows.append(cells)
        else:
            # The code of a table of two codes may itself go on in the next line.
            rows[-1] = [" ".join(filter(None, pair)) for pair in zip(rows[-1], cells, strict=True)]
    yield from _table(rows)


def _table(rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        return
    has_head = rows[0][0] == "code"
    head = rows[0] if has_head else ["code", "when", "what the caller does"][: len(rows[0])]
    yield ""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows[1:] if has_head else rows:
        yield f"| {' | '.join(map(_escaped, row))} |"
    yield ""


def _cell(lines: list[str]) -> str:
    return _escaped(" ".join(filter(None, lines))).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Returns text in which nothing outside of code is taken for a tag."""
    return "".join(
        part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(re.split(r"(`[^`]*`)", text))
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
