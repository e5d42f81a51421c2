"""The names of conflict copies.

`stem (conflict <service> <date> <digest8>).ext`: the digest makes a replay after a crash find its own copy instead of
making a second one.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from blake3 import blake3

#: In the name of every conflict copy.
CONFLICT_MARK = " (conflict "

#: Longest name in bytes on the file systems of Linux and macOS (NAME_MAX).
NAME_BYTES = 255

#: What stands after the last dot of a longer name is no extension.
LONGEST_EXTENSION = 16


def conflict_name(name: str, *, service: str, now_ns: int, mark: str, attempt: int = 1) -> str:
    """Returns the name under which the loser of a conflict is kept.

    Args:
        name: The name both sides wanted.
        service: The service the content was seen on. A "/" in it is replaced.
        now_ns: Time of the decision, nanoseconds since 1970; its day in UTC is used.
        mark: First eight hexadecimal digits of the content's digest, or another stable mark.
        attempt: From 2 on a number is added.
    """
    day = datetime.datetime.fromtimestamp(now_ns / 1e9, tz=datetime.UTC).date().isoformat()
    tail = f"{CONFLICT_MARK}{service.replace('/', '_')} {day} {mark})"
    if attempt > 1:
        tail += f" {attempt}"
    return _with_tail(name, tail)


def restored_name(name: str, *, day: str, attempt: int = 1) -> str:
    """Returns the name under which a retained copy comes back where its own is taken.

    Args:
        name: Its own.
        day: When it was kept, as in 2026-01-31.
        attempt: From 2 on a number is added.
    """
    return _with_tail(name, f" (restored {day})" if attempt == 1 else f" (restored {day}) {attempt}")


def _with_tail(name: str, tail: str) -> str:
    """Puts something between a name and its extension; what is too long is cut before it."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > LONGEST_EXTENSION:
        stem, dot, extension = name, "", ""
    tail += dot + extension
    return _cut(stem, NAME_BYTES - len(tail.encode())) + tail


def plain_name(name: str) -> str:
    """Returns the name that a conflict copy was made of, as far as that can be told; any other name as it is."""
    stem, mark, rest = name.partition(CONFLICT_MARK)
    return stem + rest.rpartition(")")[2].lstrip(" 0123456789") if mark else name


def service_in(name: str) -> str:
    """Returns the service that is named in the name of a conflict copy."""
    return name.partition(CONFLICT_MARK)[2].rpartition(")")[0].rsplit(" ", 2)[0]


def content_mark(digests: Mapping[str, bytes], target: str | None) -> str | None:
    """Returns the eight characters that tell a content from another of the same name, or None where nothing does.

    Args:
        digests: Those of a file, as far as known.
        target: Where a symbolic link points.
    """
    if target is not None:
        return blake3(target.encode()).hexdigest()[:8]
    return min(digests.items())[1].hex()[:8] if digests else None


def _cut(text: str, size: int) -> str:
    """Cuts a text to a number of UTF-8 bytes without splitting a character."""
    encoded = text.encode()
    return text if len(encoded) <= size else encoded[: max(size, 0)].decode(errors="ignore")


def aside_name(name: str, node: int, *, attempt: int = 1) -> str:
    """Returns the name an entry takes for a moment while another one takes its own.

    Args:
        name: Its name.
        node: Its number, which makes the name its own.
        attempt: From 2 on a number is added: what it has left may still have the name before.
    """
    tail = f" (moving {node:x})" if attempt == 1 else f" (moving {node:x}) {attempt}"
    return _cut(name, NAME_BYTES - len(tail)) + tail
