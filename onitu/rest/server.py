"""The web server: Hypercorn's protocols on our sockets, in our nursery, in our log."""

from __future__ import annotations

import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    ConnectionState,
    Scope,
)
from hypercorn.utils import wrap_app

from onitu.log import get_logger
from onitu.rest.app import make_app

if TYPE_CHECKING:
    from onitu.rest.access import Access
    from onitu.rest.desk import Desk

#: Seconds that a client may take to send a request, or to send another one.
IDLE = 30.0

#: Seconds that a client may take to receive a piece of an answer.
STUCK = 60.0

#: Seconds that the end of an answer may take when nobody waits for it any more.
PARTING = 2.0


class _Log:
    """Hypercorn's log, as far as it is of use: what goes wrong in it."""

    def __init__(self, _config: Config) -> None:
        self._log = get_logger()

    async def _nothing(self, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - whatever is logged
        """Every answer in the log would bury what happens to files."""

    access = debug = info = warning = log = _nothing

    async def error(self, message: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in logging
        """Logs an error."""
        self._log.error("api_failed", error=message % args if args else message, exc_info=kwargs.get("exc_info"))

    critical = error

    async def exception(self, message: str, *args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - as in logging
        """Logs an error with its traceback."""
        await self.error(message, *args, exc_info=True)


class _Connection(TCPServer):
    """A connection that somebody who reads nothing can hold open for a minute, and not for the rest of our life.

    Hypercorn shields what it sends, so that it could never be ended.
    """

    async def protocol_send(self, event: Event) -> None:
        """Does what the protocol asks for."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        try:
            with trio.fail_after(STUCK):
                async with self.send_lock:
                    await self.stream.send_all(event.data)
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            await self.stream.aclose()
            await self.protocol.handle(Closed())


def _ending(app: ASGIFramework) -> ASGIFramework:
    """Returns an application whose answers end, also when the request is over before.

    Quart cancels who answers as soon as it hears of the end of the request, which is also where Hypercorn lets go of
    the connection: one whose client had not sent all of its body would stay open for ever.
    """

    async def ending(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def send_to_the_end(message: ASGISendEvent) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            with trio.move_on_after(PARTING, shield=True) if last else nullcontext():
                await send(message)

        await app(scope, receive, send_to_the_end)

    return ending


class Server:
    """The application, and what its connections share.

    Args:
        desk: The running core.
        access: What a request must show.
    """

    def __init__(self, desk: Desk, access: Access) -> None:
        self._config = Config()
        self._config.logger_class = _Log  # type: ignore[assignment]  # It asks for no more.
        self._config.include_server_header = False
        self._config.keep_alive_timeout = IDLE
        self._app = wrap_app(_ending(make_app(desk, access)), self._config.wsgi_max_body_size, "asgi")
        self._context = WorkerContext(None)

    async def serve(self, listener: socket.socket) -> None:
        """Serves all who connect to a socket, until it is cancelled. The socket stays the caller's."""
        door = trio.SocketListener(trio.socket.from_stdlib_socket(listener.dup()))
        await trio.serve_listeners(self._connected, [door])

    async def _connected(self, stream: trio.SocketStream) -> None:
        await _Connection(self._app, self._config, self._context, ConnectionState({}), stream)  # type: ignore[arg-type]  # No TLS.
