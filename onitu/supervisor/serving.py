"""`onitu driver serve`: keeps an installed driver running for a core that dials it.

Each process of the driver serves one configuration and ends by itself (`onitu.plug.dialled`); the next one is started
at once. One that fails is started again with a growing delay. This module knows no call of the contract.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from onitu.host.spawn import kill_group
from onitu.supervisor.restart import History, Run, next_delay, remember

_STOP: Final = (signal.SIGTERM, signal.SIGINT)
_GRACE: Final = 3.0


class _Stopped(BaseException):
    """Somebody wants it to end."""


def keep_serving(name: str, address: str, files: Sequence[str]) -> int:
    """Runs a driver until a signal comes; returns the exit code.

    Args:
        name: The installed driver.
        address: Where it listens.
        files: For TLS: the authority's certificate, the driver's, its key.
    """
    command = [sys.executable, "-P", "-m", "onitu.plug.dialled", name, address, *files]
    history: History = ()
    try:
        with _signals():
            while True:
                began = time.monotonic()
                code = _run(command)
                if code == 0:
                    history = ()
                    continue
                ended = time.monotonic()
                history = remember(history, Run(active=began, ended=ended))
                time.sleep(next_delay(history, ended, jitter=random.random()))  # noqa: S311
    except _Stopped:
        return 0


def _run(command: list[str]) -> int:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
    assert process.stdin is not None  # noqa: S101  # It was asked for.
    try:
        return process.wait()
    finally:
        process.stdin.close()
        if process.returncode is None:
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                kill_group(process.pid)
                process.wait()


@contextmanager
def _signals() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in _STOP:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in _STOP}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
