"""`onitu serve`: hands a setup over to the supervisor."""

from __future__ import annotations

import argparse

from onitu.config import Setup, data_directory, find_setup, load_setup

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3862


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
    # Imported once the setup is known to be good: a mistake in it is said at once.
    from onitu.supervisor import ServeOptions, serve  # noqa: PLC0415

    options = ServeOptions(
        setup=setup,
        data_dir=data_directory(setup, arguments.data_dir),
        once=arguments.once or arguments.dry_run,
        dry_run=arguments.dry_run,
        verify=verify,
        repair=repair,
        debug=arguments.debug,
        quiet=quiet,
        log_format=arguments.log_format,
        host=arguments.host or setup.api.host or DEFAULT_HOST,
        port=arguments.port or setup.api.port or DEFAULT_PORT,
    )
    if setup.warnings or arguments.host or arguments.port:
        _warn(setup, arguments)
    return serve(options)


def _warn(setup: Setup, arguments: argparse.Namespace) -> None:
    """Logs what is probably not meant."""
    # Most setups give no reason to warn, and need not wait for this import before their drivers are started.
    from onitu.log import LogFormat, get_logger, set_up_logging  # noqa: PLC0415

    set_up_logging(form=LogFormat(arguments.log_format) if arguments.log_format else None)
    log = get_logger()
    for warning in setup.warnings:
        log.warning("setup_doubtful", place=str(warning.place), reason=warning.text)
    if arguments.host or arguments.port:
        log.warning("argument_unused", reason="this version has no REST API yet: --host and --port have no effect")
