"""A driver program that does not get as far as serving the contract, in one of several ways.

Run as ``python broken.py WAY`` by ``driver: {command: [...]}``.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from concurrent import futures

import grpc


def crash() -> None:
    """Ends at once, with a message."""
    sys.exit("cannot find the library for the moon")


def silent() -> None:
    """Runs, and never listens."""
    threading.Event().wait()


def garbage() -> None:
    """Listens, and answers every connection with bytes that are no HTTP/2."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.environ["ONITU_DRIVER_LISTEN"].removeprefix("unix:"))
        listener.listen()
        while True:
            connection, _ = listener.accept()
            # Whoever does not like the answer hangs up, and is answered again.
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"220 this is a mail server, is it not?\r\n" * 100)


def deaf() -> None:
    """Speaks gRPC, and knows none of our services."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_insecure_port(os.environ["ONITU_DRIVER_LISTEN"])
    server.start()
    server.wait_for_termination()


def end_with_core() -> None:
    """Ends the process when the core is gone, as every driver must."""
    while sys.stdin.readline():
        pass
    os._exit(0)


WAYS = {function.__name__: function for function in (crash, silent, garbage, deaf)}

if __name__ == "__main__":
    threading.Thread(target=end_with_core, daemon=True).start()
    WAYS[sys.argv[1]]()
