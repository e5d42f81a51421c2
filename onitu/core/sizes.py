"""Sizes as people write them: `500`, `1.5M`, `64Ki`. It does not know what is measured."""

from __future__ import annotations

import re

#: What a number is multiplied with, by unit: powers of 1000, and with an `i` of 1024.
UNITS = {
    "": 1,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "P": 1000**5,
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "Ti": 1024**4,
    "Pi": 1024**5,
}

_FACTORS = {unit.lower(): factor for unit, factor in UNITS.items()}
_WRITTEN = re.compile(r"([0-9]{1,24})(?:\.([0-9]{1,24}))?\s*([kmgtp]i?)?b?", re.IGNORECASE | re.ASCII)
_FORM = "write bytes, or a number with k, M, G, T, P (powers of 1000) or Ki, Mi, Gi, Ti, Pi (powers of 1024)"


def parse_size(value: str | float) -> int:
    """Returns a number of bytes. What a unit leaves of a byte is cut off: no file ends within one.

    Args:
        value: As it stands in a setup, or in a call of the API.

    Raises:
        ValueError: It is no size; says what is wrong with it and how a size is written.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value} is no size: {_FORM}")  # noqa: TRY004  A fault of the setup like all others.
    written = value.strip() if isinstance(value, str) else _plain(value)
    if written.startswith("-"):
        raise ValueError(f"{value!r} is less than nothing: a size is 0 or more")
    parts = _WRITTEN.fullmatch(written)
    if parts is None:
        raise ValueError(f"{value!r} is no size: {_FORM}")
    whole, decimals, unit = parts[1], (parts[2] or "").rstrip("0"), (parts[3] or "").lower()
    if decimals and not unit:
        raise ValueError(f"{value!r} is no whole number of bytes: give it a unit, as in {whole}.{decimals}M")
    return int(whole + decimals) * _FACTORS[unit] // int("1" + "0" * len(decimals))


def _plain(number: float) -> str:
    """Returns a number without an exponent, if it is a whole one."""
    return str(int(number)) if isinstance(number, int) or number.is_integer() else str(number)


def format_size(size: int) -> str:
    """Returns the shortest way to write a size exactly: `parse_size` reads it back.

    Args:
        size: In bytes.
    """
    texts = [_decimal(size, factor) + unit for unit, factor in reversed(UNITS.items()) if unit and _fits(size, factor)]
    return min([*texts, f"{size}B"], key=len)


def _fits(size: int, factor: int) -> bool:
    """Tells whether two decimals are enough for a size of one or more of a unit."""
    return size >= factor and size * 100 % factor == 0


def _decimal(size: int, factor: int) -> str:
    whole, hundredths = divmod(size * 100 // factor, 100)
    return f"{whole}.{hundredths:02}".rstrip("0").rstrip(".")
