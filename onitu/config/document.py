"""From YAML text to a tree of items that know their places.

PyYAML's nodes carry the places; its constructor would drop them, hand names like `on` over as booleans and let the
second of two equal keys win in silence. This file knows YAML and nothing of what a setup may hold. JSON is YAML here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TypeAlias

import attrs
import yaml

from onitu.config.faults import Faults, Place

#: Far more than any setup holds. Aliases of aliases can name billions of items in a few lines.
MAX_ITEMS = 100_000

#: Deeper than any setup; keeps an alias that contains itself from going on for ever.
MAX_DEPTH = 50

_TOO_DEEP = "the setup is nested too deeply or repeats itself by aliases"

#: Parts of YAML's messages, and what they mean. No words repeat what stands in the file: it may be a secret.
_MISTAKES = {
    "found undefined alias": "a '*' begins an alias, and there is none; a text that begins with '*' needs quotes",
    "scanning an alias": "a text that begins with '*' needs quotes",
    "scanning an anchor": "a text that begins with '&' needs quotes",
    "a tag": "a '!' begins a tag, which a setup cannot hold; a text that begins with '!' needs quotes",
    "scanning a block scalar": "a text that begins with '|' or '>' needs quotes",
    "found unknown escape character": "in double quotes a '\\' is written '\\\\', in single ones '\\'",
    "found character '%'": "a text that begins with '%' needs quotes",
    "found character '@'": "a text that begins with '@' needs quotes",
    "found character '`'": "a text that begins with '`' needs quotes",
    "mapping values are not allowed here": "this ':' does not fit: a text with ': ' in it needs quotes, and every key "
    "before this needs its own ': '",
    "found unexpected end of stream": "this quote is never closed",
    "expected ',' or ']', but got '<stream end>'": "this '[' is never closed",
    "expected ',' or '}', but got '<stream end>'": "this '{' is never closed",
    "expected ',' or ']'": "a ',' or ']' is missing before this",
    "expected ',' or '}'": "a ',' or '}' is missing before this",
    "expected <block end>, but found '<scalar>'": "this does not belong here: the value ends before it",
    "expected <block end>, but found '?'": "a list and a map are mixed here (lines with and without '- ')",
    "expected <block end>, but found '-'": "a list and a map are mixed here (lines with and without '- ')",
    "expected <block end>": "this is indented unlike the lines above it",
    "could not find expected ':'": "a ':' is missing in the line above",
    "but found another document": "a setup is one document: take out the '---'",
}

_MERGE = "tag:yaml.org,2002:merge"
_STR = "tag:yaml.org,2002:str"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"

#: What a plain value can be.
Plain: TypeAlias = str | int | float | bool | None


@attrs.frozen(eq=False)
class Item:
    """A value in the file.

    Attributes:
        place: Where it stands.
        value: A plain value, the members of a map by their keys, or the members of a list.
        text: A plain value as it was written; "" for maps and lists.
        key_place: Where its key stands; its own place where it has none.
        is_readable: Whether what stands there could be read; if not, that is a fault already.
    """

    place: Place
    value: Plain | dict[str, Item] | list[Item]
    text: str = ""
    key_place: Place = attrs.field(default=attrs.Factory(lambda self: self.place, takes_self=True))
    is_readable: bool = True

    @property
    def shown(self) -> str:
        """The value as an error message names it."""
        if isinstance(self.value, dict):
            return "a map"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.value is None else f"'{self.text}'"


def plain(item: Item) -> object:
    """Returns what stands in an item, without its places."""
    if isinstance(item.value, dict):
        return {key: plain(child) for key, child in item.value.items()}
    if isinstance(item.value, list):
        return [plain(child) for child in item.value]
    return item.value


def written(item: Item) -> object:
    """Returns what stands in an item as values that read the same again: `007` is a text then, and no number."""
    if isinstance(item.value, dict):
        return {key: written(child) for key, child in item.value.items()}
    if isinstance(item.value, list):
        return [written(child) for child in item.value]
    if item.value is None or isinstance(item.value, str):
        return item.value
    return item.value if item_of(item.value, "").text == item.text else item.text


def item_of(value: object, name: str) -> Item:
    """Returns the item of something that was not read from a file, such as JSON.

    Args:
        value: Plain values, in dicts and lists.
        name: What it is called; what lies in it is called `name.key` or `name[0]`.
    """
    place = Place(name, 0, 0)
    if isinstance(value, dict):
        return Item(place, {str(key): item_of(child, f"{name}.{key}") for key, child in value.items()})
    if isinstance(value, (list, tuple)):
        return Item(place, [item_of(child, f"{name}[{number}]") for number, child in enumerate(value)])
    if isinstance(value, bool):
        return Item(place, value, text=str(value).lower())
    if isinstance(value, (str, int, float)):
        return Item(place, value, text=str(value))
    return Item(place, None, text="null")


def parse_document(text: str, file: str, faults: Faults) -> Item | None:
    """Reads YAML text.

    Args:
        text: The whole file.
        file: Its name for places.
        faults: Takes every fault; what could be read is returned all the same.

    Returns:
        The top item, or None where the text is no YAML at all.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        faults.add(*_mistake(error, text, file))
        return None
    except RecursionError:
        faults.add(Place(file, 1, 1), _TOO_DEEP)
        return None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        faults.add(place, f"a setup may not hold the character U+{error.character:04X}")
        return None
    if node is None:
        return Item(Place(file, 1, 1), None)
    return _Reader(file, faults).item(node, depth=0)


def _mistake(error: yaml.MarkedYAMLError, text: str, file: str) -> tuple[Place, str]:
    """Returns where a text is no YAML, and why, in words for those who do not know how YAML is parsed."""
    problem = error.problem or error.context or ""
    mark = error.problem_mark or error.context_mark
    if "end of stream" in problem or "<stream end>" in problem:
        # That the file ends is no help: what is missing was opened where the context is.
        mark = error.context_mark or mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    lines = text.splitlines()
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in problem:
        return place, "this is not YAML: it indents with spaces, never with tabs"
    said = f"{problem} {error.context or ''}"
    words = next((words for beginning, words in _MISTAKES.items() if beginning in said), problem)
    opened = error.context_mark
    if words.startswith("a ',' or") and opened is not None and opened.line < place.line - 1:
        words += f", or the one that is opened in line {opened.line + 1} is never closed"
    return place, f"this is not YAML: {words}"


def _no_value(tag: str) -> str:
    """Returns why a value cannot be read."""
    kind = tag.removeprefix("tag:yaml.org,2002:")
    if kind == tag or "/" in kind:
        return "a '!' begins a tag, which a setup cannot hold; a text that begins with '!' needs quotes"
    return f"this cannot be read as '{kind}'; a text needs quotes"


class _Reader:
    """Turns nodes into items."""

    def __init__(self, file: str, faults: Faults) -> None:
        self._file = file
        self._faults = faults
        self._constructor = yaml.constructor.SafeConstructor()
        self._left = MAX_ITEMS

    def item(self, node: yaml.Node, *, depth: int, key: yaml.Node | None = None) -> Item:
        """Returns the item of a node, with everything below it."""
        place = self._place(node)
        key_place = place if key is None else self._place(key)
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            if self._left >= -1:  # Once, not for each of what is left out.
                self._faults.add(place, _TOO_DEEP)
            self._left = min(self._left, -1)
            return Item(place, None, key_place=key_place)
        if isinstance(node, yaml.MappingNode):
            members = {name: self.item(child, depth=depth + 1, key=own) for name, own, child in self._members(node)}
            return Item(place, members, key_place=key_place)
        if isinstance(node, yaml.SequenceNode):
            return Item(place, [self.item(child, depth=depth + 1) for child in node.value], key_place=key_place)
        try:
            return Item(place, self._plain(node), text=node.value, key_place=key_place)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError):
            # Tags such as !!python/object end here: the loader is safe.
            self._faults.add(place, _no_value(node.tag))
            return Item(place, None, key_place=key_place, is_readable=False)

    def _members(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Yields the members of a map as (key, key's node, value's node), those merged by `<<` after its own."""
        own: dict[str, yaml.Node] = {}
        for key, child in node.value:
            if key.tag == _MERGE:
                continue
            if not isinstance(key, yaml.ScalarNode):
                self._faults.add(self._place(key), "a key must be a text, not a map or a list")
            elif key.value in own:
                first = self._place(own[key.value])
                self._faults.add(self._place(key), f"'{key.value}' stands here twice, first in line {first.line}")
            else:
                own[key.value] = key
                # The text as written: a service may be called `on` or `2024`.
                yield key.value, key, child
        for key, child in node.value:
            if key.tag == _MERGE:
                yield from self._merged(child, own)

    def _merged(self, source: yaml.Node, taken: dict[str, yaml.Node]) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Yields what a `<<` adds to the keys that are taken already."""
        maps = source.value if isinstance(source, yaml.SequenceNode) else [source]
        for merged in maps:
            if not isinstance(merged, yaml.MappingNode):
                self._faults.add(self._place(merged), "'<<' takes a map or a list of maps")
                continue
            for key, child in merged.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE and key.value not in taken:
                    taken[key.value] = key
                    yield key.value, key, child

    def _plain(self, node: yaml.Node) -> Plain:
        """Returns a plain value.

        Raises:
            yaml.YAMLError, ValueError, LookupError, AttributeError: It is none.
        """
        if node.tag == _STR:
            return str(node.value)
        try:
            value = self._constructor.construct_object(node)
        except (ValueError, AttributeError):
            if node.tag == _TIMESTAMP:
                return str(node.value)  # It looks like a date, and is none.
            raise
        if isinstance(value, (datetime.date, bytes)):
            return str(node.value)  # No option is a date; a folder may well be called like one.
        if value is None or isinstance(value, (str, int, float)):
            return value
        raise ValueError(node.tag)

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)
