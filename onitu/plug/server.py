"""The gRPC server of a driver process: who may call, on which threads, and how errors travel.

Every call must carry the token that the core handed over; health and reflection are no exception. A stream that idles
holds its thread, so there are always threads for those who come after it, and health checks have theirs alone. This
file knows grpcio and no RPC by name: the methods of `servicer` are found by the service's descriptor.
"""

from __future__ import annotations

import hmac
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, NoReturn

import attrs
import grpc
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from onitu.core.capability import DEFAULT_MAX_MESSAGE
from onitu.errors import DriverError, Unauthenticated
from onitu.loopback import is_at_loopback
from onitu.rpc.gen import driver_pb2
from onitu.rpc.status import to_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from google.protobuf.descriptor import MethodDescriptor

    from onitu.plug.plug import Plug
    from onitu.plug.servicer import Servicer

SERVICE: Final = driver_pb2.DESCRIPTOR.services_by_name["Driver"]
"""The service as the contract describes it."""

MAX_WORKERS: Final = 512
"""Threads for calls. They are made only when all others are busy: the real number is that of the streams plus the
calls the core makes at once, and both are the core's to bound. Fewer could let idle streams starve the calls."""

HEALTH_WORKERS: Final = 2
"""Threads for health checks alone."""

_HEADROOM: Final = 1024 * 1024


class Server:
    """The server of one driver process.

    Args:
        plug: The driver's Plug.
        servicer: What serves its calls.
        token: What every call must carry, in hexadecimal; None where something else proves who calls.
    """

    def __init__(self, plug: Plug, servicer: Servicer, *, token: str | None) -> None:
        largest = max(DEFAULT_MAX_MESSAGE, plug.limits.max_message_bytes) + _HEADROOM
        self._server = grpc.server(
            ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="call"),
            interceptors=[] if token is None else [_TokenCheck(token)],
            options=(
                ("grpc.max_receive_message_length", largest),
                ("grpc.max_send_message_length", largest),
                ("grpc.so_reuseport", 0),
            ),
        )
        self._server.add_generic_rpc_handlers((_methods(plug, servicer), _Reflection()))
        self._health = _add_health(self._server)

    def start(self, address: str, tls: Tls | None = None) -> str:
        """Begins to serve and returns the address, with the port that was chosen where it asks for any.

        Args:
            address: `unix:<path>`, which nobody but this user can open, or host and port; without `tls` those of this
                machine alone.
            tls: What proves who the two ends are: only a core with a certificate of the same authority may call.

        Raises:
            OSError: The address cannot be listened at.
        """
        if tls is None and not address.startswith("unix:") and not is_at_loopback(address):
            # Calls would cross a network in clear text, the token and all secrets with them.
            message = (
                f"a driver listens at a socket or at this machine's own address, not at {address}; with certificates "
                "(`onitu certs`) it may listen at any"
            )
            raise OSError(message)
        try:
            with _private() if address.startswith("unix:") else nullcontext():
                if tls is None:
                    port = self._server.add_insecure_port(address)
                else:
                    port = self._server.add_secure_port(address, _credentials(tls))
        except RuntimeError as error:
            message = f"cannot listen at {address}: {error}"
            raise OSError(message) from error
        self._server.start()
        for name in ("", SERVICE.full_name):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"

    def stop(self, grace: float | None = None) -> None:
        """Stops serving; calls under way have `grace` seconds to end."""
        self._server.stop(grace).wait()


@contextmanager
def _private() -> Iterator[None]:
    """Makes files meanwhile that are this user's alone: changed later, a socket is everybody's for a moment."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@attrs.frozen(kw_only=True)
class Tls:
    """Files in PEM that prove who the two ends of a connection are.

    Attributes:
        ca: Certificate of the authority that must have signed the core's.
        certificate: The driver's own.
        key: Its key.
    """

    ca: Path
    certificate: Path
    key: Path


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    own = (tls.key.read_bytes(), tls.certificate.read_bytes())
    return grpc.ssl_server_credentials([own], root_certificates=tls.ca.read_bytes(), require_client_auth=True)


class _TokenCheck(grpc.ServerInterceptor):  # type: ignore[type-arg]  # Generic in the stubs alone.
    """Refuses every call that does not carry the token."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()
        # A stream in both directions ends at once whatever the caller wanted to send or to receive.
        self._refusal = grpc.stream_stream_rpc_method_handler(_refuse)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Lets a call through, or has it refused."""
        for key, value in handler_call_details.invocation_metadata or ():
            if key == "authorization":
                given = value if isinstance(value, bytes) else value.encode()
                if hmac.compare_digest(given, self._expected):
                    return continuation(handler_call_details)
        return self._refusal


def _refuse(_requests: object, context: grpc.ServicerContext) -> Iterator[object]:
    _abort(context, Unauthenticated("the call does not carry the token of this driver"))


def _methods(plug: Plug, servicer: Servicer) -> grpc.GenericRpcHandler[Any, Any]:
    handlers = {method.name: _handler(plug, servicer, method) for method in SERVICE.methods}
    return grpc.method_handlers_generic_handler(SERVICE.full_name, handlers)


def _handler(plug: Plug, servicer: Servicer, method: MethodDescriptor) -> grpc.RpcMethodHandler[Any, Any]:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower()
    serve = _Method(plug, name, getattr(servicer, name))
    decode = GetMessageClass(method.input_type).FromString
    encode = GetMessageClass(method.output_type).SerializeToString
    if method.client_streaming and method.server_streaming:
        return grpc.stream_stream_rpc_method_handler(serve.watching, decode, encode)
    if method.client_streaming:
        return grpc.stream_unary_rpc_method_handler(serve.receiving, decode, encode)
    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(serve.sending, decode, encode)
    return grpc.unary_unary_rpc_method_handler(serve.calling, decode, encode)


class _Method:
    """One RPC: calls the servicer's method and turns what it raises into a status."""

    def __init__(self, plug: Plug, name: str, serve: Callable[..., Any]) -> None:
        self._plug = plug
        self._name = name
        self._serve = serve

    def calling(self, request: object, context: grpc.ServicerContext) -> object:
        try:
            return self._serve(request)
        except Exception as error:  # noqa: BLE001  A supervised border: no fault may end the driver (CONTRACT D8).
            _abort(context, self._plug.wrapped(self._name, error))

    def sending(self, request: object, context: grpc.ServicerContext) -> Iterator[object]:
        try:
            yield from self._serve(request)
        except Exception as error:  # noqa: BLE001  As above.
            _abort(context, self._plug.wrapped(self._name, error))

    def receiving(self, requests: Iterator[object], context: grpc.ServicerContext) -> object:
        try:
            return self._serve(requests)
        except grpc.RpcError:
            # The caller hung up in the middle: nobody is there to be told.
            raise
        except Exception as error:  # noqa: BLE001  As above.
            _abort(context, self._plug.wrapped(self._name, error))

    def watching(self, requests: Iterator[object], context: grpc.ServicerContext) -> Iterator[object]:
        try:
            yield from self._serve(_until_hung_up(requests), context.add_callback)
        except Exception as error:  # noqa: BLE001  As above.
            _abort(context, self._plug.wrapped(self._name, error))


def _until_hung_up(requests: Iterator[object]) -> Iterator[object]:
    try:
        yield from requests
    except grpc.RpcError:
        # The call has ended; its callback closes the stream.
        return


def _abort(context: grpc.ServicerContext, error: DriverError) -> NoReturn:
    context.abort_with_status(to_status(error))  # type: ignore[arg-type]  # The stubs want a class, gRPC three names.
    raise AssertionError  # Never reached: abort raises.


class _Pooled:
    """A handler that runs on threads of its own."""

    def __init__(self, behavior: Callable[[Any, grpc.ServicerContext], Any], pool: ThreadPoolExecutor) -> None:
        self._behavior = behavior
        self.experimental_thread_pool = pool  # The name under which grpcio looks for it.

    def __call__(self, request: object, context: grpc.ServicerContext) -> object:
        return self._behavior(request, context)


def _add_health(server: grpc.Server) -> health.HealthServicer:
    pool = ThreadPoolExecutor(HEALTH_WORKERS, thread_name_prefix="health")
    servicer = health.HealthServicer(experimental_non_blocking=True, experimental_thread_pool=pool)
    servicer.Check = _Pooled(servicer.Check, pool)  # type: ignore[method-assign]  # grpcio offers no other way.
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    return servicer


class _Reflection(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # Generic in the stubs alone.
    """Reflection, made when somebody asks for it first: nobody else waits for its imports."""

    def __init__(self) -> None:
        self._handlers = _Collected()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Returns the handler of a call of reflection, None for any other."""
        if not (handler_call_details.method or "").startswith("/grpc.reflection."):
            return None
        if not self._handlers.generic:
            from grpc_reflection.v1alpha import reflection  # noqa: PLC0415  Costs a third of the start; see above.

            names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._handlers)  # type: ignore[arg-type]  # It only adds.
        found = (handler.service(handler_call_details) for handler in self._handlers.generic)
        return next((handler for handler in found if handler is not None), None)


class _Collected:
    """Stands in for a server to whom a library adds its handlers."""

    def __init__(self) -> None:
        self.generic: list[grpc.GenericRpcHandler[Any, Any]] = []

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler[Any, Any]]) -> None:
        """Takes handlers."""
        self.generic.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Takes the same handlers in the other form that generated code offers; the generic one is enough here."""
