"""Connections that are kept for whoever needs one next, and what goes wrong on them in the words of the contract.

Servers drop connections that nobody has used for a while: one that has been idle is asked whether it lives.
"""

from __future__ import annotations

import ftplib
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from onitu.plug import (
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    ServiceError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

from .session import Access, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

IDLE: Final = 10.0
"""Seconds after which a connection is asked whether it lives before it is used."""

PATIENCE: Final = 120.0
"""Seconds to wait for a connection that is in use."""

ATTEMPTS: Final = 3

_BROKEN: Final = (OSError, EOFError)


class Pool:
    """The connections to one server. May be used from any thread.

    Args:
        access: Where to, and who.
        most: How many at once.
    """

    def __init__(self, access: Access, most: int) -> None:
        self._access = access
        self._free = threading.Semaphore(most)
        self._mutex = threading.Lock()
        self._idle: deque[tuple[float, Session]] = deque()
        self._closed = False

    def ask(self, about: str, question: Callable[[Session], T]) -> T:
        """Asks something that may be asked twice.

        Args:
            about: The path, for a person.
            question: Asks it on a connection.

        Raises:
            DriverError: The server refuses it, or cannot be reached.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self.tell(about, question)
            except OutcomeUnknown as error:
                if attempt == ATTEMPTS - 1:
                    raise Unavailable(str(error)) from error
        raise AssertionError

    def tell(self, about: str, command: Callable[[Session], T]) -> T:
        """Does something that must not be done twice without looking.

        Raises:
            OutcomeUnknown: The connection broke before the answer came.
            DriverError: The server refuses it, or cannot be reached.
        """
        with self._connection() as session:
            return _told(session, about, command)

    def tell_alone(self, about: str, command: Callable[[Session], T]) -> T:
        """Does something that may take long on a connection of its own, so that nobody waits for it.

        Raises:
            OutcomeUnknown: The connection broke before the answer came.
            DriverError: The server refuses it, or cannot be reached.
        """
        session = Session(self._access)
        try:
            return _told(session, about, command)
        finally:
            session.close()

    @contextmanager
    def _connection(self) -> Iterator[Session]:
        if not self._free.acquire(timeout=PATIENCE):
            raise Unavailable(f"{self._access.host}: all connections are in use")
        try:
            session = self._take()
            try:
                yield session
            finally:
                self._keep(session)
        finally:
            self._free.release()

    def _take(self) -> Session:
        while True:
            with self._mutex:
                if not self._idle:
                    break
                since, session = self._idle.pop()
            if time.monotonic() - since < IDLE or session.is_alive():
                return session
            session.close()
        return Session(self._access)

    def _keep(self, session: Session) -> None:
        if session.ftp.sock is None or self._closed:
            session.close()
            return
        with self._mutex:
            self._idle.append((time.monotonic(), session))

    def close(self) -> None:
        """Ends all connections that nobody uses now."""
        self._closed = True
        with self._mutex:
            idle, self._idle = self._idle, deque()
        for _, session in idle:
            session.close()


def _told(session: Session, about: str, command: Callable[[Session], T]) -> T:
    """Does something on a connection, which is closed where nobody knows any more what comes next on it."""
    try:
        return command(session)
    except _BROKEN as error:
        session.close()
        raise OutcomeUnknown(f"{about}: the connection broke: {str(error) or type(error).__name__}") from error
    except (ftplib.error_perm, ftplib.error_temp) as error:
        raise refusal(error, about) from error
    except ftplib.Error as error:
        session.close()
        raise OutcomeUnknown(f"{about}: the server's answer is not understood: {error}") from error
    except DriverError:
        raise  # What was asked is answered, and the answer is understood.
    except BaseException:
        session.close()
        raise


def refusal(error: ftplib.Error, about: str) -> DriverError:
    """Returns the error that an answer of the server stands for."""
    text = str(error)
    message = f"{about}: {text}"
    kinds: dict[str, type[DriverError]] = {
        "421": Unavailable,
        "425": Unavailable,
        "426": Unavailable,
        "430": Unauthenticated,
        "450": ServiceError,
        "451": ServiceError,
        "452": QuotaExceeded,
        "500": Unsupported,
        "501": InvalidPath,
        "502": Unsupported,
        "504": Unsupported,
        "530": Unauthenticated,
        "532": PermissionDenied,
        "550": NotFound,
        "552": QuotaExceeded,
        "553": InvalidPath,
    }
    if text.startswith("421") and "many" in text.lower():
        return RateLimited(message)
    if text.startswith(("550", "553")) and "denied" in text.lower():
        return PermissionDenied(message)
    # What nobody knows the meaning of, nobody knows to last.
    return kinds.get(text[:3], ServiceError)(message)
