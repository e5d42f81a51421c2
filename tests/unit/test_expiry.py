"""Until when certificates are good, and what is said before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from onitu.certificates import found, issue, read
from onitu.errors import ConfigError
from onitu.expiry import DAY, Term, Whose, shown, terms_of

END = 1_800_000_000.0  # 2027-01-15.


def term(whose: Whose = Whose.CORE) -> Term:
    """Returns the term of a certificate that ends at `END`."""
    return Term(whose=whose, where="certs/onitu.pem", expires=END)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (31 * DAY, ""),
        (30 * DAY, ""),
        (30 * DAY - 1, "is good for 29 more days;"),
        (DAY, "is good for 1 more day;"),
        (DAY - 1, "is good for 0 more days;"),
        (1, "is good for 0 more days;"),
        (0, "was good until 2027-01-15;"),
        (-400 * DAY, "was good until 2027-01-15;"),
    ],
)
def test_the_last_thirty_days_are_told(left: float, said: str) -> None:
    """W2: by a made clock: nothing before, the days while there are some, the date once it is over."""
    warning = term().warning(END - left)

    assert warning.startswith(f"certs/onitu.pem: the certificate {said}") if said else not warning
    assert term().is_over(END - left) is (left <= 0)


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        (Whose.CORE, "`onitu certs issue NAME --replace`"),
        (Whose.DRIVER, "the certificate that the driver shows is good for 9 more days; `onitu certs issue NAME --host"),
        (Whose.AUTHORITY, "the certificate of the authority is good for 9 more days; `onitu certs init`"),
    ],
)
def test_what_to_do_depends_on_whose_it_is(whose: Whose, words: str) -> None:
    """W2: each is made anew in its own way."""
    assert words in term(whose).warning(END - 9.5 * DAY)


def test_terms_are_those_of_the_files(tmp_path: Path) -> None:
    """W2: the authority's and the core's own; a file that is not there has none, and is a fault elsewhere."""
    authority = found(tmp_path, days=100)
    own = issue(tmp_path, "onitu", days=10)

    assert list(terms_of(authority.certificate, own.certificate)) == [
        Term(whose=Whose.AUTHORITY, where=str(authority.certificate), expires=authority.expires.timestamp()),
        Term(whose=Whose.CORE, where=str(own.certificate), expires=own.expires.timestamp()),
    ]
    assert [one.whose for one in terms_of(authority.certificate, tmp_path / "missing.pem")] == [Whose.AUTHORITY]


def test_what_a_driver_shows_is_read(tmp_path: Path) -> None:
    """W2: as it comes over a connection; something else is no certificate."""
    found(tmp_path)
    made = issue(tmp_path, "nas", hosts=["nas.local"], days=5)
    der = read(made.certificate).public_bytes(serialization.Encoding.DER)

    assert shown("nas.local:4000", der) == Term(
        whose=Whose.DRIVER, where="nas.local:4000", expires=made.expires.timestamp()
    )
    with pytest.raises(ConfigError, match="no certificate"):
        shown("nas.local:4000", b"certainly")
