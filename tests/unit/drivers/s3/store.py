"""What stores that tests make up have in common."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from onitu_s3.answers import Listed, Page


@attrs.frozen
class Answer:
    """What a store answers."""

    data: bytes = b""
    headers: dict[str, str] = attrs.Factory(dict)


class Keys:
    """Objects in a dictionary, as far as they are listed.

    Attributes:
        objects: Key to content.
        listed: The prefixes that were listed.
    """

    name = "bucket"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.listed: list[str] = []

    def list_page(self, prefix: str, *, deep: bool = False, **_how: object) -> Page:
        """Returns all of them on one page."""
        self.listed.append(prefix)
        keys = list(self.list_all(prefix))
        below = [] if deep else [key for key in keys if "/" in key[len(prefix) :]]
        prefixes = sorted({prefix + key[len(prefix) :].partition("/")[0] + "/" for key in below})
        return Page([Listed(key, "e", 1, "now") for key in keys if key not in below], prefixes, None)

    def list_all(self, prefix: str) -> Iterator[str]:
        """Yields the keys."""
        yield from sorted(key for key in self.objects if key.startswith(prefix))
