"""The installed drivers, and whether a setup's services suit them.

Asked by `onitu check` and `onitu drivers`, so that a wrong option is found without starting anything. A driver's
package is found but never imported: importing a driver may cost a second, and may fail.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TypeAlias

import attrs

from onitu.config.doubts import doubts
from onitu.config.faults import Fault, Place, SetupError, nearest
from onitu.config.keys import MAPPING, SERVICE, Keys
from onitu.config.load import read_file
from onitu.config.secret import Reference, is_open_to_others, look_up_all
from onitu.config.values import DriverAddress, ServiceSetup, Setup
from onitu.config.values import Keys as KeyPath
from onitu.core.manifest import Manifest, OptionFault, load_manifest, option_faults
from onitu.errors import DriverError
from onitu.expiry import terms_of
from onitu.utils import get_available_drivers

#: What is known of an installed driver: its manifest, or why there is none.
Known: TypeAlias = Manifest | DriverError

MANIFEST_NAME = "manifest.json"


def installed_drivers() -> dict[str, Known]:
    """Returns the installed drivers by name, sorted."""
    return {name: _manifest(entry_point) for name, entry_point in sorted(get_available_drivers().items())}


def check_setup(path: Path) -> Setup:
    """Reads a settings file and asks of each service whether its driver is installed and takes its options.

    Secrets are looked up as well, and forgotten again.

    Args:
        path: The file, as the user named it; messages repeat it.

    Raises:
        SetupError: The file or the services have faults; all of them are in it, with their places.
        ConfigError: The file cannot be read.
    """
    setup, faults = read_file(path)
    warnings: list[Fault] = []
    if setup is not None:
        faults += driver_faults(setup)
        warnings += (*_secrets_in_plain_text(setup), *_expiring(setup), *doubts(setup))
    if setup is None or faults:
        raise SetupError(faults)
    return attrs.evolve(setup, warnings=tuple(sorted((*setup.warnings, *warnings))))


def driver_faults(setup: Setup) -> list[Fault]:
    """Returns what keeps services of a setup from starting: drivers that are not there, options they refuse.

    A driver that is started by a command, or dialled, is asked for its manifest at start, not here.

    Args:
        setup: The setup.
    """
    known = installed_drivers()
    return [fault for service in setup.services.values() for fault in _service_faults(setup, service, known)]


def _manifest(entry_point: EntryPoint) -> Known:
    """Reads the manifest beside a driver's code."""
    package = entry_point.value.partition(":")[0]
    try:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            return DriverError(f"driver '{entry_point.name}': its package '{package}' is not there")
        path = Path(spec.origin).parent / MANIFEST_NAME
        return load_manifest(path.read_bytes(), entry_point.name)
    except ImportError as error:
        return DriverError(f"driver '{entry_point.name}': its package '{package}' cannot be found: {error}")
    except OSError as error:
        return DriverError(f"driver '{entry_point.name}': its manifest cannot be read: {error}")
    except DriverError as error:
        return error


def _service_faults(setup: Setup, service: ServiceSetup, known: dict[str, Known]) -> Iterator[Fault]:
    if isinstance(service.driver, DriverAddress):
        yield from _certificate_faults(setup, service, service.driver)
        return
    if not isinstance(service.driver, str) or not service.driver:
        return  # A missing driver has been reported already.
    place = setup.place(_services_of(setup), service.name, "driver")
    manifest = known.get(service.driver)
    if manifest is None:
        names = ", ".join(known) or "none"
        hint = nearest(service.driver, known)
        yield Fault(place, f"driver '{service.driver}' is not installed{hint} (installed: {names})")
    elif isinstance(manifest, DriverError):
        yield Fault(place, str(manifest))
    else:
        yield from _option_faults(setup, service, manifest)


def _certificate_faults(setup: Setup, service: ServiceSetup, driver: DriverAddress) -> Iterator[Fault]:
    """Yields what is wrong with the files that prove who dials a driver."""
    if driver.tls is None:
        return
    from onitu import certificates  # noqa: PLC0415  It costs more than all the rest, and few setups need it.

    place = setup.place(_services_of(setup), service.name, "driver", "tls")
    for wrong in certificates.faults(driver.tls.ca, driver.tls.certificate, driver.tls.key):
        yield Fault(place, wrong)


def _expiring(setup: Setup) -> Iterator[Fault]:
    """Yields a warning for each certificate that is not good for much longer."""
    for service in setup.services.values():
        if not isinstance(service.driver, DriverAddress) or service.driver.tls is None:
            continue
        place = setup.place(_services_of(setup), service.name, "driver", "tls")
        for term in terms_of(service.driver.tls.ca, service.driver.tls.certificate):
            if warning := term.warning(time.time()):
                yield Fault(place, warning)


def _option_faults(setup: Setup, service: ServiceSetup, manifest: Manifest) -> Iterator[Fault]:
    above = (_services_of(setup), service.name)
    options, without = look_up_all(service.options, manifest, setup.directory)
    yield from (Fault(_option_place(setup, above, fault.key), fault.message) for fault in without if fault.message)
    reported = {option.key for fault in without if (option := manifest.option(fault.key)) is not None}
    for fault in option_faults(manifest, options):
        if fault.key not in reported and not _given_per_folder(fault, service, manifest):
            place = _option_place(setup, above, fault.key)
            yield Fault(place, _text(fault, manifest, SERVICE))
    for mapping in service.folders.values():
        keys = (*above, "folders", mapping.folder)
        options, without = look_up_all(mapping.options, manifest, setup.directory)
        yield from (Fault(_option_place(setup, keys, fault.key), fault.message) for fault in without if fault.message)
        for fault in option_faults(manifest, options):
            if fault.key in options:  # What is missing here may stand at the service.
                yield Fault(_option_place(setup, keys, fault.key), _text(fault, manifest, MAPPING))
        for key in mapping.options:
            option = manifest.option(key)
            if option is not None and not option.per_folder:
                text = f"Option '{key}' belongs to the service: it cannot differ from folder to folder."
                yield Fault(_option_place(setup, keys, key), text)


def _given_per_folder(fault: OptionFault, service: ServiceSetup, manifest: Manifest) -> bool:
    """Whether an option that the service lacks stands at every one of its folders instead."""
    option = manifest.option(fault.key)
    if option is None or not option.per_folder or fault.key in service.options or not service.folders:
        return False
    return all(any(manifest.option(key) is option for key in one.options) for one in service.folders.values())


def _text(fault: OptionFault, manifest: Manifest, keys: Keys) -> str:
    """Returns the message of a fault, with the nearest known name behind one that nobody knows."""
    if manifest.option(fault.key) is not None:
        return str(fault)
    # It may have been meant for the driver or for Onitu.
    known = [*(option.key for option in manifest.options), *sorted(keys.reserved)]
    return f"{fault}{nearest(fault.key, known)}"


def _secrets_in_plain_text(setup: Setup) -> Iterator[Fault]:
    """Yields a warning for each secret that stands in the setup, if others may read it (B12)."""
    if not is_open_to_others(setup.path):
        return
    known = installed_drivers()
    advice = "give it as {env: NAME} or {file: PATH}, or keep the setup to yourself with `chmod go-rwx`"
    for service in setup.services.values():
        manifest = known.get(service.driver) if isinstance(service.driver, str) else None
        if not isinstance(manifest, Manifest):
            continue
        above: KeyPath = (_services_of(setup), service.name)
        levels = [(above, service.options)]
        levels += [((*above, "folders", mapping.folder), mapping.options) for mapping in service.folders.values()]
        for keys, options in levels:
            for key, given in options.items():
                option = manifest.option(key)
                if option is not None and option.secret and given and not isinstance(given, Reference):
                    text = f"the secret '{key}' stands in a file that others on this machine may read: {advice}"
                    yield Fault(_option_place(setup, keys, key), text)
    if isinstance(setup.api.token, str):
        text = f"the secret 'token' stands in a file that others on this machine may read: {advice}"
        yield Fault(setup.place("api", "token"), text)


def _services_of(setup: Setup) -> str:
    """Returns the key that the services of a setup stand under."""
    return "entries" if setup.is_entries else "services"


def _option_place(setup: Setup, keys: tuple[str, ...], option: str) -> Place:
    """Returns where an option stands: beside `driver`, or under `options`."""
    nested = (*keys, "options", option)
    return setup.place(*(nested if nested in setup.places else (*keys, option)))
