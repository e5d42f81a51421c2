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
    """

    name = "bucket"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list_page(self, prefix: str, **_how: object) -> Page:
        """Returns all of them on one page."""
        return Page([Listed(key, "e", 1, "now") for key in self.list_all(prefix)], [], None)

    def list_all(self, prefix: str) -> Iterator[str]:
        """Yields the keys."""
        yield from sorted(key for key in self.objects if key.startswith(prefix))
