"""Certificates for the two ends of a connection to a driver elsewhere (CONTRACT W2)."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from onitu import certificates
from onitu.certificates import faults, found, issue, issued, read
from onitu.errors import ConfigError

LATER = datetime.timedelta(days=500)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with an authority, a core's certificate and a driver's."""
    found(tmp_path / "certs")
    issue(tmp_path / "certs", "onitu")
    issue(tmp_path / "certs", "nas", hosts=["nas.local", "192.168.1.5", "::1"])
    return tmp_path / "certs"


def purposes(path: Path) -> list[x509.ObjectIdentifier]:
    """Returns what a certificate may be used for."""
    return list(read(path).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def faults_of(place: Path, name: str = "onitu", *, key: str | None = None, ca: Path | None = None) -> list[str]:
    """Returns what is wrong with the files of one end."""
    return faults((ca or place) / "ca.pem", place / f"{name}.pem", place / f"{key or name}.key")


def test_keys_are_secret(place: Path) -> None:
    """W2: keys are readable by their owner alone, and so is the directory; nothing else is left there."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}

    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {mode for name, mode in modes.items() if name.endswith(".key")} == {0o600}
    assert sorted(modes) == ["ca.key", "ca.pem", "nas.key", "nas.pem", "onitu.key", "onitu.pem"]


def test_neither_end_passes_for_the_other(place: Path) -> None:
    """W2: a certificate is for one who dials, or for one who is dialled; what is signed cannot sign."""
    assert purposes(place / "onitu.pem") == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert purposes(place / "nas.pem") == [ExtendedKeyUsageOID.SERVER_AUTH]
    for name, signs in (("ca", True), ("onitu", False), ("nas", False)):
        constraints = read(place / f"{name}.pem").extensions.get_extension_for_class(x509.BasicConstraints).value
        assert constraints.ca is signs


def test_what_is_there_is_listed(place: Path) -> None:
    """W2: the authority first, then by name, with the hosts of each."""
    assert [(one.certificate.stem, one.hosts) for one in issued(place)] == [
        ("ca", ()),
        ("nas", ("nas.local", "192.168.1.5", "::1")),
        ("onitu", ()),
    ]


def test_what_is_right_has_no_faults(place: Path) -> None:
    """W2: both ends of a connection, as they were made."""
    assert faults_of(place) == faults_of(place, "nas") == []


def test_files_of_others_are_told_apart(place: Path, tmp_path: Path) -> None:
    """W2: another authority, another's key, no file, and a file that is something else are each said."""
    found(tmp_path / "other")
    (place / "text.pem").write_text("certainly")
    (place / "text.key").write_text("certainly")

    assert faults_of(place, ca=tmp_path / "other") == [
        f"{place}/onitu.pem: it was not signed by the authority in {tmp_path}/other/ca.pem"
    ]
    assert faults_of(place, key="nas") == [f"{place}/nas.key: this is not the key of {place}/onitu.pem"]
    assert faults_of(place, "missing") == [
        f"{place}/missing.pem: the certificate cannot be read: No such file or directory",
        f"{place}/missing.key: the key cannot be read: No such file or directory",
    ]
    assert faults_of(place, "text") == [
        f"{place}/text.pem: this is no certificate in PEM",
        f"{place}/text.key: this is no key in PEM, or one with a password",
    ]


def test_certificates_expire(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """W2: what is no longer good is said, with what helps."""
    then = datetime.datetime.now(datetime.UTC) + LATER
    monkeypatch.setattr(certificates, "_now", lambda: then)

    (fault,) = faults_of(place)
    assert "the certificate was good until" in fault


def test_nothing_outlives_the_authority(tmp_path: Path) -> None:
    """W2: a certificate is good as long as who has signed it, at most."""
    authority = found(tmp_path, days=10)

    assert issue(tmp_path, "onitu", days=300).expires == authority.expires


def test_nothing_is_replaced_unasked(place: Path) -> None:
    """W2: what others rely on stays; a certificate is replaced when that is asked for, with its key."""
    before = (place / "nas.pem").read_bytes()
    with pytest.raises(ConfigError, match="there is an authority already"):
        found(place)
    with pytest.raises(ConfigError, match="--replace makes another one"):
        issue(place, "nas", hosts=["nas.local"])
    assert (place / "nas.pem").read_bytes() == before

    issue(place, "nas", hosts=["nas.local"], replace=True)
    assert (place / "nas.pem").read_bytes() != before
    assert faults_of(place, "nas") == []


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("../onitu", {}, "is no name for a certificate"),
        ("ca", {}, "is no name for a certificate"),
        ("onitu2", {"days": 0}, "is good for 1 to"),
        ("nas2", {"hosts": ["n" * 70]}, "neither the name of a host nor an address"),
    ],
)
def test_what_cannot_be_issued(place: Path, name: str, options: dict[str, object], words: str) -> None:
    """W2: the fault is named, and no file is left."""
    before = sorted(place.iterdir())
    with pytest.raises(ConfigError, match=words):
        issue(place, name, **options)  # type: ignore[arg-type]  # Each set of options has other types.

    assert sorted(place.iterdir()) == before


def test_without_an_authority(tmp_path: Path) -> None:
    """W2: what to do first is said."""
    with pytest.raises(ConfigError, match="`onitu certs init` makes one"):
        issue(tmp_path, "onitu")
