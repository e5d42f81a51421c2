"""Copies within a store: in one request where it can be, else in parts of the source.

The parts are for objects above 5 GiB, and for a store that keeps the condition that nothing is there as an upload ends
but not as an object is copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onitu.plug import DriverError, OutcomeUnknown

from .entries import etag_in, quoted
from .failures import etag_after
from .parts import Parts
from .signing import encode_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onitu.plug import Present

    from .root import Root

LARGEST: Final = 5 * 1024**3
"""Bytes: what S3 copies in one request."""

PART: Final = 1024**3
"""Bytes of a part that is copied; 10,000 of them are more than an object may have."""


def copy_object(root: Root, source: Present, key: str, target: str, headers: Mapping[str, str]) -> str:
    """Copies an object and returns the ETag of the copy. Where the keys differ, nothing may be at the target.

    Raises:
        RevisionMismatch: The source has changed, or something is at the target.
        OutcomeUnknown: Nobody knows whether the copy is there.
    """
    pinned = {
        "x-amz-copy-source": _source(root, key),
        "x-amz-copy-source-if-match": quoted(source.revision),
    }
    condition = {"If-Match": quoted(source.revision)} if key == target else {"If-None-Match": "*"}
    kept = root.conditions
    in_one = kept.copy or not kept.complete or key == target
    if source.size <= LARGEST and in_one:
        replaced = {"x-amz-metadata-directive": "REPLACE"}
        # Onto itself it is pinned already: not every store knows both at once.
        expected = {} if key == target else condition
        answer = root.bucket.ask("PUT", target, headers={**headers, **pinned, **expected, **replaced})
        return etag_after(answer, target) or _etag_at(root, target)
    if source.size == 0:
        answer = root.bucket.ask("PUT", target, headers={**headers, **condition})
        return etag_in(answer.headers) or _etag_at(root, target)
    return _in_parts(root, source, target, headers, pinned, condition)


def _in_parts(
    root: Root,
    source: Present,
    target: str,
    headers: Mapping[str, str],
    pinned: Mapping[str, str],
    condition: Mapping[str, str],
) -> str:
    parts = Parts.begin(root.bucket, target, headers)
    try:
        for number, begin in enumerate(range(0, source.size, PART), 1):
            last = min(begin + PART, source.size) - 1
            parts.copy(number, {**pinned, "x-amz-copy-source-range": f"bytes={begin}-{last}"})
        return parts.complete(condition)
    except BaseException:
        parts.abort()
        raise


def _etag_at(root: Root, target: str) -> str:
    """Looks for the ETag that the answer to a copy did not tell.

    Raises:
        OutcomeUnknown: The copy cannot be seen: that is no reason to say that it was not made.
    """
    try:
        etag = etag_in(root.bucket.ask("HEAD", target).headers)
    except DriverError as error:
        raise OutcomeUnknown(f"{target}: was copied, and cannot be looked at: {error}") from error
    if not etag:
        raise OutcomeUnknown(f"{target}: was copied, and has no ETag")
    return etag


def _source(root: Root, key: str) -> str:
    return encode_path(f"/{root.bucket.name}/{key}")
