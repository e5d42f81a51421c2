"""A private authority, and certificates for the two ends of a connection to a driver elsewhere.

One authority belongs to one person's Onitu. What it signs is either for a core, which dials, or for a driver, which is
dialled at the hosts that stand in its certificate; neither passes for the other. Everything is PEM, in one directory;
keys are readable by their owner alone.

This module knows files and certificates, and neither setups nor connections.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from onitu.errors import ConfigError

CA_DAYS: Final = 3650
DAYS: Final = 365
MAX_DAYS: Final = 100 * 365

CA: Final = "ca"
"""Name of the authority's own files."""

#: Clocks differ: a certificate made just now is good on a machine that is a little behind.
_BACKDATED = datetime.timedelta(hours=1)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ONLY_OWNER = 0o600
_FOR_ALL = 0o644


@attrs.frozen(kw_only=True)
class Issued:
    """A certificate and its key, as files.

    Attributes:
        certificate: The certificate.
        key: Its key.
        expires: When it is no longer good.
        hosts: The hosts of the driver it is for; none where it is for a core or is the authority's own.
    """

    certificate: Path
    key: Path
    expires: datetime.datetime
    hosts: tuple[str, ...] = ()


def found(directory: Path, *, days: int = CA_DAYS) -> Issued:
    """Makes an authority.

    Args:
        directory: Where its files go; made if it is not there, for its owner alone.
        days: How long it is good.

    Raises:
        ConfigError: There is one already, or the files cannot be written.
    """
    certificate, key = _files(directory, CA)
    for path in (certificate, key):
        if path.exists():
            raise ConfigError(f"{path}: there is an authority already; what it has signed needs it")
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Onitu private authority")])
    usage = _usage(signs=True)
    builder = (
        _builder(secret.public_key(), name, name, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    made = builder.sign(secret, hashes.SHA256())
    with _said(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(key, _pem(secret), _ONLY_OWNER)
    _write(certificate, made.public_bytes(serialization.Encoding.PEM), _FOR_ALL)
    return Issued(certificate=certificate, key=key, expires=made.not_valid_after_utc)


def issue(directory: Path, name: str, *, hosts: Sequence[str] = (), days: int = DAYS, replace: bool = False) -> Issued:
    """Makes a key, and has the authority of a directory sign a certificate for it.

    Args:
        directory: Where the authority is, and where the files go.
        name: Name of the files, and of whom the certificate is for.
        hosts: Names or addresses of a driver; without them it is for a core.
        days: How long it is good, at most as long as the authority.
        replace: Whether files that are there are replaced.

    Raises:
        ConfigError: There is no authority, or files of the name are there already.
    """
    if _NAME.fullmatch(name) is None or name == CA:
        raise ConfigError(f"{name!r} is no name for a certificate: letters, digits, '.', '_' and '-', and not {CA!r}")
    authority, authority_key = _authority(directory)
    certificate, key = _files(directory, name)
    for path in (certificate, key):
        if path.exists() and not replace:
            raise ConfigError(f"{path} is there already; --replace makes another one in its place")
    secret = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(secret.public_key(), subject, authority.subject, days, most=authority.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    made = builder.sign(authority_key, hashes.SHA256())
    _write(key, _pem(secret), _ONLY_OWNER)
    _write(certificate, made.public_bytes(serialization.Encoding.PEM), _FOR_ALL)
    return Issued(certificate=certificate, key=key, expires=made.not_valid_after_utc, hosts=tuple(hosts))


def issued(directory: Path) -> list[Issued]:
    """Returns what lies in a directory, the authority first, then by name.

    Raises:
        ConfigError: A certificate there cannot be read.
    """
    paths = sorted(directory.glob("*.pem"), key=lambda path: (path.stem != CA, path.stem))
    return [
        Issued(certificate=path, key=path.with_suffix(".key"), expires=one.not_valid_after_utc, hosts=_hosts(one))
        for path in paths
        for one in [read(path)]
    ]


def read(path: Path) -> x509.Certificate:
    """Returns the certificate that a file holds.

    Raises:
        ConfigError: There is none.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: the certificate cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: this is no certificate in PEM") from error


def read_shown(certificate: bytes) -> x509.Certificate:
    """Returns a certificate that somebody has shown.

    Args:
        certificate: In DER.

    Raises:
        ConfigError: It is none.
    """
    try:
        return x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise ConfigError(f"what is shown is no certificate: {error}") from error


def faults(ca: Path, certificate: Path, key: Path) -> list[str]:
    """Returns what is wrong with the three files that one end has.

    Args:
        ca: The authority's certificate.
        certificate: That of this end.
        key: Its key.
    """
    wrong: list[str] = []
    known: dict[Path, x509.Certificate] = {}
    for path in (ca, certificate):
        try:
            one = known[path] = read(path)
        except ConfigError as error:
            wrong.append(str(error))
            continue
        if one.not_valid_after_utc <= _now():
            until = f"{one.not_valid_after_utc:%Y-%m-%d}"
            wrong.append(f"{path}: the certificate was good until {until}; `onitu certs issue` makes another one")
    own = known.get(certificate)
    try:
        secret = _read_key(key)
    except ConfigError as error:
        wrong.append(str(error))
    else:
        if own is not None and own.public_key() != secret.public_key():
            wrong.append(f"{key}: this is not the key of {certificate}")
    if own is not None and ca in known and not _is_signed_by(own, known[ca]):
        wrong.append(f"{certificate}: it was not signed by the authority in {ca}")
    return wrong


def _is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _files(directory: Path, name: str) -> tuple[Path, Path]:
    return directory / f"{name}.pem", directory / f"{name}.key"


def _authority(directory: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate, key = _files(directory, CA)
    if not certificate.exists():
        raise ConfigError(f"{directory}: there is no authority; `onitu certs init` makes one")
    secret = _read_key(key)
    if not isinstance(secret, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{key}: this is not the key of an authority that `onitu certs init` has made")
    return read(certificate), secret


def _read_key(path: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(f"{path}: the key cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: this is no key in PEM, or one with a password") from error


def _builder(
    public: ec.EllipticCurvePublicKey,
    subject: x509.Name,
    issuer: x509.Name,
    days: int,
    *,
    most: datetime.datetime | None = None,
) -> x509.CertificateBuilder:
    if not 0 < days <= MAX_DAYS:
        raise ConfigError(f"a certificate is good for 1 to {MAX_DAYS} days, not {days}")
    end = _now() + datetime.timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _BACKDATED)
        .not_valid_after(end if most is None else min(end, most))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        return x509.DNSName(host.encode("idna").decode("ascii"))
    except UnicodeError as error:
        raise ConfigError(f"{host!r} is neither the name of a host nor an address") from error


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _pem(secret: ec.EllipticCurvePrivateKey) -> bytes:
    return secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Writes a file that is whole when it is there, and was never open to others."""
    with _said(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be written: {error.strerror}") from error
