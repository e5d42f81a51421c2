"""What of the documents is made from the code: docs/api.md, and the arguments in docs/cli.md (`just docs`)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from onitu.cli.main import parser
from onitu.rest.access import Access
from onitu.rest.address import PREFIX
from onitu.rest.app import make_app
from onitu.rest.openapi import document

DOCS = Path(__file__).parent.parent / "docs"

#: What stands once, before all commands.
COMMON = {"config", "data_dir"}

API = f"""\
# The REST API

<!-- Made from the routes by `just docs`. -->

A running `onitu serve` answers at `http://127.0.0.1:3862{PREFIX}`; [`api`](configuration.md#api) in the setup, `--host`
and `--port` choose another place. What a program needs of this page, it finds at `{PREFIX}/openapi.json` (OpenAPI 3.1).

- Bodies are JSON in UTF-8, read as such whatever their `Content-Type`. Times are in seconds since 1970.
- Names in an address are percent-encoded, slashes in a name too; a path keeps the slashes between its parts.
- An answer that is not 200 says why: `{{"reason": "...", "status": "error"}}`. 400: what was asked makes no sense;
  401: the token is missing; 403: the page or the host name is a foreign one, or this takes a token and none is set;
  404: there is no such thing; 405: the route does not take that method; 408, 413: the body is too late, or larger than
  1 MiB; 409: it does not go with the state of things; 500: an error in Onitu, of which the log has more.
- Where a token is set, and at every address that other machines can reach, a request needs the header
  `Authorization: Bearer TOKEN`. Requests for another host name are refused, and those of other pages, for what they
  only embed too; no answer can be taken into one. Nothing is changed by GET.
- `/health` and `/metrics` are also found without the prefix. What the events say is in [events.md](events.md), what
  there is to measure in [metrics.md](metrics.md).
- Services are also found under their name of Onitu 0.1: `/entries` answers as `/services` does, with `entry` in its
  texts.

```sh
curl http://127.0.0.1:3862{PREFIX}/status
curl -X PUT http://127.0.0.1:3862{PREFIX}/services/nas/pause
```
"""

#: Chapters in their order, each with the first words of its addresses.
CHAPTERS = {
    "Files and their past": ("files", "log", "trash", "repair", "why"),
    "How it goes": ("status", "transfers", "events", "health", "metrics", "sync", "pause", "resume", "schedule"),
    "What waits for a person": ("conflicts", "holds"),
    "Services and folders": ("services", "folders", "drivers"),
    "Rules": ("rules",),
}


def api_page() -> str:
    """Returns docs/api.md."""
    nobody = cast(
        "Any", SimpleNamespace(referee=SimpleNamespace(writer=None, telling=SimpleNamespace(events=SimpleNamespace())))
    )
    described = document(make_app(nobody, Access()))
    routes: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        first = path.removeprefix(PREFIX).split("/")[1]
        if first != "entries":
            routes.setdefault(first, []).extend(_operations(path, methods))
    lines = [API]
    for title, words in CHAPTERS.items():
        lines += [f"## {title}\n", *(line for word in words for line in routes.pop(word, []))]
    if routes:
        lines += ["## More\n", *(line for found in routes.values() for line in found)]
    lines.append("## Bodies\n")
    for name, schema in sorted(described["components"]["schemas"].items()):
        lines += _body(name, schema)
    return "\n".join(lines)


def _operations(path: str, methods: dict[str, Any]) -> Iterator[str]:
    """Yields what is said of a route."""
    for method, operation in sorted(methods.items()):
        yield f"### {method.upper()} {path.removeprefix(PREFIX)}\n"
        yield f"{operation['summary']} {operation.get('description', '')}".strip() + "\n"
        facts = [f"`{one['name']}`: {_kind(one['schema'])}" for one in operation["parameters"] if one["in"] == "query"]
        if facts:
            yield f"- Query: {'; '.join(facts)}"
        if "requestBody" in operation:
            yield f"- Takes: {_kind(_content(operation['requestBody'])[1])}"
        media, schema = _content(operation["responses"]["200"])
        yield f"- Answers: {_kind(schema) if media == 'application/json' else f'`{media}`'}"
        codes = [code for code in operation["responses"] if code not in ("200", "default")]
        if codes:
            yield f"- Or: {', '.join(codes)}"
        yield ""


def _content(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the media type of a body, and its schema."""
    ((media, content),) = body["content"].items()
    return media, content["schema"]


def _body(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Yields what is said of a body."""
    yield f"### {name}\n"
    yield f"{schema.get('description', '')}\n"
    if not schema.get("properties"):
        return
    yield "| field | |\n|---|---|"
    for field, kind in schema["properties"].items():
        free = "" if field in schema["required"] or "default" not in kind else "; may be left out"
        yield f"| `{field}` | {_kind(kind)}{free} |"
    yield ""


def _kind(schema: dict[str, Any]) -> str:
    """Returns a type in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    match schema.get("type"):
        case "array":
            return f"a list of {_kind(schema.get('items', {}))}"
        case "object":
            below = schema.get("additionalProperties")
            return f"a map to {_kind(below)}" if isinstance(below, dict) else "an object"
        case None:
            return "anything"
        case kind:
            return _WORDS.get(str(kind), str(kind))


_WORDS = {"integer": "whole number", "string": "text", "boolean": "true or false"}


def cli_page(page: str) -> str:
    """Returns docs/cli.md with the arguments as the commands take them.

    Args:
        page: As it is; of it the tables are made anew.
    """
    commands = dict(parsers(parser()))
    sections = re.split(r"(?m)^(?=#{2,3} `onitu )", page)
    return "".join(_section(text, commands) for text in sections)


def _section(text: str, commands: dict[str, argparse.ArgumentParser]) -> str:
    """Returns the section of a command with its table."""
    heading = re.match(r"#+ `(onitu [a-z -]+)`\n", text)
    command = commands.get(heading[1]) if heading else None
    if command is None:
        return text
    table = "\n".join(_table(command))
    parts = re.split(r"(?m)^\| (?:argument|option) \| \|\n(?:\|.*\n)+", text, maxsplit=1)
    if len(parts) == 1 and table:
        # The last section goes on after its last paragraph: the page's own words follow the commands.
        body, mark, rest = text.partition("\n## When")
        return f"{body.rstrip()}\n\n{table}\n{mark or chr(10)}{rest}"
    return f"{table}\n".join(parts) if table else "".join(parts)


def _table(command: argparse.ArgumentParser) -> Iterator[str]:
    """Yields the table of what can be given to a command."""
    own = [action for action in command._actions if action.help is not None and action.dest not in ("help", "action")]
    if not own:
        return
    yield f"| {'argument' if any(not action.option_strings for action in own) else 'option'} | |\n|---|---|"
    common = [flag for action in own if action.dest in COMMON for flag in action.option_strings]
    for action in (one for one in own if one.dest not in COMMON):
        text = (action.help or "") % {"default": action.default}
        yield f"| {', '.join(f'`{name}`' for name in _names(action))} | {text[0].upper()}{text[1:]} |"
    if common:
        yield f"| {', '.join(f'`{flag}`' for flag in common)} | As above |"


def _names(action: argparse.Action) -> list[str]:
    """Returns how an argument is written."""
    what = action.metavar or (action.dest.upper().replace("-", "_") if action.nargs != 0 else "")
    if not action.option_strings:
        return [f"{what} ..." if action.nargs == "*" else str(what)]
    return [f"{flag} {what}".strip() for flag in action.option_strings]


def parsers(above: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yields every command and action with its parser."""
    for action in above._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in dict.fromkeys(action.choices.values()):
                yield below.prog, below
                yield from parsers(below)


def main() -> None:
    """Writes the documents."""
    (DOCS / "api.md").write_text(api_page(), "utf-8")
    page = DOCS / "cli.md"
    page.write_text(cli_page(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
