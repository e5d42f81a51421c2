"""The generated code and the contract it comes from."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from onitu.rpc import gen
from onitu.rpc.transport import DRIVER_SERVICE

ROOT = Path(__file__).parents[3]
PROTOS = sorted((ROOT / "proto/onitu/driver/v1").glob("*.proto"))


def _module(name: str) -> Any:  # noqa: ANN401  A script of `proto/`.
    spec = importlib.util.spec_from_file_location(name, ROOT / f"proto/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_current(tmp_path: Path) -> None:
    """W1: docs/driver-contract.md has every call and message, with its comment, as `proto/` has it today."""
    _module("reference").main(tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text("utf-8")

    assert page == (ROOT / "docs/driver-contract.md").read_text("utf-8")
    for proto in PROTOS:
        for name in re.findall(r"^ *(?:rpc|message|enum) (\w+)", proto.read_text(), re.MULTILINE):
            assert re.search(rf"^#+ {name}$", page, re.MULTILINE)


def test_generated_code_is_current(tmp_path: Path) -> None:
    """`onitu/rpc/gen` is what `proto/` generates today; `just proto` makes it so."""
    _module("generate").generate(tmp_path)

    assert gen.__file__ is not None
    committed = {path.name: path.read_text() for path in Path(gen.__file__).parent.glob("*_pb2*.py*")}
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == committed


FIELD = r"(?:optional |repeated )?[\w.]+ (\w+) = \d+;"
ONEOF = r"oneof (\w+) \{"
RPC = r"rpc (\w+)\("


def elements(pattern: str) -> list[tuple[str, str]]:
    """The (name, comment) of every element of the contract that matches, alternatives of a oneof left out."""
    found = []
    for proto in PROTOS:
        comment: list[str] = []
        block = ""
        for line in map(str.strip, proto.read_text().splitlines()):
            if line.startswith("//"):
                comment.append(line.removeprefix("//").strip())
                continue
            match = re.match(pattern, line)
            if match and block not in ("oneof", "enum"):
                found.append((f"{proto.stem}.{match[1]}", " ".join(comment)))
            if opened := re.match(r"(message|enum|oneof|service) \w+ \{$", line):
                block = opened[1]
            elif line == "}":
                block = ""  # What follows a oneof stands in its message again.
            comment = []
    return found


def name_of(value: str) -> str:
    """The name of an element, to name its test by."""
    return value if " " not in value else ""


def test_elements_are_found() -> None:
    """The tests below look at something."""
    assert len(elements(FIELD)) > 150
    assert len(elements(ONEOF)) > 5
    assert len(elements(RPC)) == len(DRIVER_SERVICE.methods)


@pytest.mark.parametrize(("name", "comment"), elements(FIELD) + elements(ONEOF), ids=name_of)
def test_field_says_whether_it_is_required(name: str, comment: str) -> None:
    """Every field says REQUIRED or OPTIONAL, an optional one also what its absence means."""
    assert re.search(r"\b(REQUIRED|OPTIONAL)\b", comment), f"{name}: {comment}"
    if "OPTIONAL" in comment:
        assert re.search(r"\b(absent|empty)\b", comment, re.IGNORECASE), f"{name}: {comment}"


@pytest.mark.parametrize(("name", "comment"), elements(RPC), ids=name_of)
def test_rpc_says_how_it_may_be_called(name: str, comment: str) -> None:
    """Every RPC says whether it is idempotent, in which order it may be called, and which codes it answers."""
    for word in ("Idempotent:", "Order:", "Codes:"):
        assert word in comment, f"{name}: {comment}"
