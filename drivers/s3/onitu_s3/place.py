"""The root of a folder and what lies above it, as `onitu.plug.roots` looks at them. A bucket has no directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onitu.plug import NotFound
from onitu.plug.marker import AREA

if TYPE_CHECKING:
    from .bucket import Bucket


class BucketPlace:
    """Prefixes of a bucket.

    Args:
        bucket: The bucket.
        prefix: The service's; it ends in "/", or is "".
    """

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    def below(self, path: str) -> str:
        """Returns what all keys of a folder begin with."""
        return self._prefix if path == "." else f"{self._prefix}{path}/"

    def describe(self, path: str) -> str:
        """Says where it is."""
        return f"{self.below(path) or '/'!r} in the bucket {self._bucket.name!r}"

    def is_there(self, path: str) -> bool:
        """Makes sure that the bucket is; a prefix always is."""
        self._bucket.list_page(self.below(path), most=1)
        return True

    def is_empty(self, path: str) -> bool:
        """Whether no object lies there but Onitu's own."""
        below = self.below(path)
        page = self._bucket.list_page(below, most=3)
        return not [one for one in page.objects if one.key != below] and set(page.prefixes) <= {f"{below}{AREA}/"}

    def make(self, path: str) -> None:
        """Makes nothing: a prefix is there with what lies below it."""

    def read(self, path: str) -> bytes | None:
        """Returns the content of a small object."""
        try:
            return self._bucket.ask("GET", self._prefix + path).data
        except NotFound:
            return None

    def write(self, path: str, content: bytes) -> None:
        """Writes a small object."""
        self._bucket.ask("PUT", self._prefix + path, body=content, repeat=True)
