"""Until when certificates are good, and what to do before it is too late.

This module knows neither setups nor connections, and no clock: who asks says what time it is.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from onitu.errors import ConfigError

DAY: Final = 86_400.0

EXPIRES_SOON: Final = 30 * DAY
"""Seconds: with fewer left a certificate is worth a warning."""


class Whose(enum.Enum):
    """Whom a certificate is for."""

    AUTHORITY = "authority"
    CORE = "core"
    DRIVER = "driver"


_CALLED: Final = {
    Whose.AUTHORITY: "the certificate of the authority",
    Whose.CORE: "the certificate",
    Whose.DRIVER: "the certificate that the driver shows",
}

_ADVICE: Final = {
    Whose.AUTHORITY: "`onitu certs init` makes another one elsewhere, which then has to issue all others",
    Whose.CORE: "`onitu certs issue NAME --replace` makes another one",
    Whose.DRIVER: "`onitu certs issue NAME --host HOST --replace` makes another one, for the machine of the driver",
}


@attrs.frozen(kw_only=True)
class Term:
    """Until when a certificate is good.

    Attributes:
        whose: Whom it is for.
        where: Its file, or the address of the driver that shows it.
        expires: Seconds since 1970.
    """

    whose: Whose
    where: str
    expires: float

    def is_over(self, now: float) -> bool:
        """Whether it is good no longer.

        Args:
            now: Seconds since 1970.
        """
        return now >= self.expires

    def warning(self, now: float) -> str:
        """Returns what to say and to do about it, or "" while there is time.

        Args:
            now: Seconds since 1970.
        """
        left = self.expires - now
        if left >= EXPIRES_SOON:
            return ""
        if self.is_over(now):
            said = f"was good until {date_of(self.expires)}"
        else:
            days = math.floor(left / DAY)
            said = f"is good for {days} more {'day' if days == 1 else 'days'}"
        return f"{self.where}: {_CALLED[self.whose]} {said}; {_ADVICE[self.whose]}"


Terms: TypeAlias = Mapping[str, Sequence[Term]]
"""Those of each service that has some."""


def date_of(expires: float) -> str:
    """Returns the day of a time, for a person."""
    return f"{datetime.datetime.fromtimestamp(expires, datetime.UTC):%Y-%m-%d}"


def terms_of(ca: Path, certificate: Path) -> Iterator[Term]:
    """Yields the terms of the two certificates that a core has; one that cannot be read is left out.

    Args:
        ca: The authority's.
        certificate: Its own.
    """
    from onitu import certificates  # noqa: PLC0415  It costs more than all the rest, and few setups need it.

    for whose, path in ((Whose.AUTHORITY, ca), (Whose.CORE, certificate)):
        with contextlib.suppress(ConfigError):
            yield Term(whose=whose, where=str(path), expires=certificates.read(path).not_valid_after_utc.timestamp())


def shown(address: str, certificate: bytes) -> Term:
    """Returns the term of a certificate that a driver shows.

    Args:
        address: Of the driver.
        certificate: In DER.

    Raises:
        ConfigError: It is none.
    """
    from onitu import certificates  # noqa: PLC0415  As above.

    expires = certificates.read_shown(certificate).not_valid_after_utc.timestamp()
    return Term(whose=Whose.DRIVER, where=address, expires=expires)
