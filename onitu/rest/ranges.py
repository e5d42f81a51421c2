"""Parts of a file that a request asks for (RFC 9110). Pure."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def part_of(header: str | None, size: int) -> range | None:
    """Returns the bytes that a `Range` asks for, or None where the whole is to be answered.

    Several ranges at once, and what is no range, are answered with the whole, as a server may.

    Args:
        header: What the request has.
        size: Bytes of the file.

    Raises:
        ValueError: It asks for nothing that is there.
    """
    match = _RANGE.match(header.replace(" ", "")) if header is not None else None
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        begin, end = max(0, size - int(match[2])), size
    else:
        begin, end = int(match[1]), size if match[2] == "" else min(size, int(match[2]) + 1)
        if match[2] and int(match[2]) < begin:
            return None
    if begin >= end:
        raise ValueError(header)
    return range(begin, end)
