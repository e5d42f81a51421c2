"""Which conditions a store keeps, found out by trying: some ignore them without a word, and overwrite.

Everything is tried on objects of our own, which are removed for good afterwards.
"""

from __future__ import annotations

import hashlib
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from onitu.plug import DriverError, Unauthenticated, Unavailable

from .entries import etag_in, quoted
from .parts import Parts

if TYPE_CHECKING:
    from onitu.plug.http import Answer

    from .bucket import Bucket


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What a store keeps.

    Attributes:
        create: That nothing is there, as an object is written.
        replace: That a revision is there, as an object is written.
        delete: The same as one is deleted.
        complete: Either, as an upload in parts ends.
        copy: That nothing is there, as an object is copied.
        marks: Not a condition: an empty object whose key ends in "/" can be made, and so an empty directory.
        md5: Not a condition: its ETags are MD5s where they look like it.
        tells: Not a condition: the ETag that it answers as an upload in parts ends is the one that is seen afterwards.
    """

    create: bool = False
    replace: bool = False
    delete: bool = False
    complete: bool = False
    copy: bool = False
    marks: bool = False
    md5: bool = False
    tells: bool = True

    @property
    def atomic(self) -> bool:
        """Whether nothing is ever overwritten or deleted that was not expected."""
        return self.create and self.replace and self.delete and self.complete


def probe(bucket: Bucket, area: str) -> Conditions:
    """Tries everything out.

    Args:
        bucket: Where.
        area: A prefix that is ours.
    """
    first, second, third = (f"{area}probe-{uuid.uuid4().hex}" for _ in range(3))
    made: list[tuple[str, str]] = []

    def put(key: str, content: bytes, **conditions: str) -> Answer | None:
        headers = {name.replace("_", "-"): value for name, value in conditions.items()}
        answer = _attempt(bucket, "PUT", key, content, headers)
        if answer is not None:
            made.append((key, answer.headers.get("x-amz-version-id", "")))
        return answer

    try:
        answer = bucket.ask("PUT", first, body=b"first")
        made.append((first, answer.headers.get("x-amz-version-id", "")))
        etag = etag_in(answer.headers) or etag_in(bucket.ask("HEAD", first).headers)
        md5 = etag == hashlib.md5(b"first", usedforsecurity=False).hexdigest()
        create = put(first, b"other", If_None_Match="*") is None
        replace = put(first, b"other", If_Match=quoted("0" * 32)) is None and put(second, b"x") is not None
        replace = replace and create and put(first, b"first", If_Match=quoted(etag)) is not None
        source = f"/{bucket.name}/{first}"
        copy = put(second, b"", If_None_Match="*", x_amz_copy_source=source) is None
        wrong = {"If-Match": quoted("0" * 32)}
        ends = [_end_in_vain(bucket, first, one) for one in ({"If-None-Match": "*"}, wrong)]
        try:
            marks = put(f"{third}/", b"") is not None and put(f"{third}/x", b"x") is not None
        except Unavailable:
            marks = False
            bucket.ask("HEAD", first)  # It is this that it cannot do; all else it can.
        delete = _attempt(bucket, "DELETE", first, b"", wrong) is None
        return Conditions(
            create=create,
            replace=replace,
            delete=delete,
            complete=not any(ends),
            copy=copy,
            marks=marks,
            md5=md5,
            tells=all(end is None or end.answered == end.seen for end in ends),
        )
    finally:
        _remove(bucket, made, [first, second, f"{third}/x", f"{third}/"])


class _End(msgspec.Struct, frozen=True):
    """An upload in parts that a store should not have ended: the ETag that it answered, and the one seen afterwards."""

    answered: str
    seen: str


def _end_in_vain(bucket: Bucket, key: str, condition: dict[str, str]) -> _End | None:
    """Ends an upload in parts under a condition that is not met; None where the store refuses that."""
    parts = Parts.begin(bucket, key, {})
    try:
        parts.send(1, b"part")
        answered = parts.complete(condition)
    except (Unavailable, Unauthenticated):
        raise
    except DriverError:
        return None
    else:
        return _End(answered, etag_in(bucket.ask("HEAD", key).headers))
    finally:
        parts.abort()


def _attempt(bucket: Bucket, method: str, key: str, body: bytes, headers: dict[str, str]) -> Answer | None:
    """Does what a store that keeps its conditions refuses; None where it does."""
    try:
        return bucket.ask(method, key, body=body, headers=headers, repeat=True)
    except (Unavailable, Unauthenticated):
        raise
    except DriverError:
        # It knows the condition, and refuses it: as kept, or as something it does not do. Then it fails later as well.
        return None


def _remove(bucket: Bucket, made: list[tuple[str, str]], keys: list[str]) -> None:
    versions = [(key, version) for key, version in made if version not in {"", "null"}]
    for key, version in versions or [(key, "") for key in keys]:
        with suppress(DriverError):
            bucket.ask("DELETE", key, query={"versionId": version} if version else {}, repeat=True)
