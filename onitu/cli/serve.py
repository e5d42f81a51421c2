"""`onitu serve`: hands a setup over to the supervisor."""

from __future__ import annotations

import argparse

from onitu.config import Setup, data_directory, find_setup, load_setup
from onitu.config.secret import given
from onitu.errors import ConfigError
from onitu.loopback import is_loopback
from onitu.rest.address import Address


def run(arguments: argparse.Namespace, *, quiet: bool = False, verify: bool = False, repair: bool = False) -> int:
    """Runs Onitu and returns its exit code.

    Args:
        arguments: What was asked for.
        quiet: Log only what is wrong.
        verify: Read all files again, which implies a dry run.
        repair: With `verify`, have what differs written again.

    Raises:
        ConfigError: The setup cannot be used.
        StoreError: The data directory cannot be used.
    """
    setup = load_setup(find_setup(arguments.config))
    once = arguments.once or arguments.dry_run
    address = Address() if once else _address(setup, arguments)
    # Imported once the setup is known to be good: a mistake in it is said at once.
    from onitu.supervisor import ServeOptions, serve  # noqa: PLC0415

    options = ServeOptions(
        setup=setup,
        data_dir=data_directory(setup, arguments.data_dir),
        once=once,
        dry_run=arguments.dry_run,
        verify=verify,
        repair=repair,
        debug=arguments.debug,
        quiet=quiet,
        log_format=arguments.log_format,
        api=address,
    )
    if setup.warnings:
        _warn(setup, arguments)
    return serve(options)


def _address(setup: Setup, arguments: argparse.Namespace) -> Address:
    """Returns where the API is to be reached.

    Raises:
        ConfigError: The token is not there, or is needed and not given.
    """
    api, usual = setup.api, Address()
    port = next((port for port in (arguments.port, api.port) if port is not None), usual.port)
    token = given(api.token, "'api.token'", setup.directory)
    address = Address(host=arguments.host or api.host or usual.host, port=port, token=token)
    if address.token is None and not is_loopback(address.host):
        raise ConfigError(
            f"the REST API would be open to everybody who reaches {address.host}: set 'api.token', or take 127.0.0.1"
        )
    return address


def _warn(setup: Setup, arguments: argparse.Namespace) -> None:
    """Logs what is probably not meant."""
    # Most setups give no reason to warn, and need not wait for this import before their drivers are started.
    from onitu.log import LogFormat, get_logger, set_up_logging  # noqa: PLC0415

    set_up_logging(form=LogFormat(arguments.log_format) if arguments.log_format else None)
    log = get_logger()
    for warning in setup.warnings:
        log.warning("setup_doubtful", place=str(warning.place), reason=warning.text)
