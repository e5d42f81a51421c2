"""Runs `onitu` and counts what is dear: `python counted.py FILE python -m onitu serve ...`.

Nothing is done in another way; who does it also counts. What was counted goes to FILE, as JSON, at the end.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

import onitu.log
import onitu.store.env
from onitu.cli.main import run
from onitu.rpc.transport import Connection
from onitu.store import Store, Transaction

COUNTS: Counter[str] = Counter()


class _CountedTxn:
    """LMDB's transaction."""

    def __init__(self, txn: Any) -> None:  # noqa: ANN401 - it has no type of its own.
        self._txn = txn
        self.get = self._counted("gets", txn.get)
        self.put = self._counted("puts", txn.put)
        self.delete = self._counted("puts", txn.delete)
        self.cursor = self._counted("cursors", txn.cursor)
        self.drop = txn.drop

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **keys: Any) -> Any:  # noqa: ANN401 - whatever LMDB takes
            COUNTS[name] += 1
            return function(*args, **keys)

        return counted


class _CountedTransaction(Transaction):
    """A transaction that counts what it asks of LMDB."""

    def __init__(self, txn: Any, *args: Any) -> None:  # noqa: ANN401 - see above
        super().__init__(_CountedTxn(txn), *args)  # type: ignore[arg-type]  # As far as it is used.


def _before(owner: object, name: str, count: Callable[..., str]) -> None:
    """Has a function count what it is called for."""
    function = getattr(owner, name)

    def counted(*args: Any, **keys: Any) -> Any:  # noqa: ANN401 - whatever the function takes
        COUNTS[count(*args)] += 1
        return function(*args, **keys)

    setattr(owner, name, counted)


def _count_messages() -> None:
    """Counts the messages of streams, in both directions."""
    stream = Connection.stream

    @asynccontextmanager
    async def counted(*args: Any, **keys: Any) -> AsyncIterator[object]:  # noqa: ANN401 - whatever the stream takes
        async with stream(*args, **keys) as opened:
            for name in ("send", "receive"):
                _count_method(opened, name)
            yield opened

    Connection.stream = counted  # type: ignore[assignment, method-assign]


def _count_method(opened: object, name: str) -> None:
    method: Callable[..., Awaitable[Any]] = getattr(opened, name)

    async def counted(*args: Any) -> Any:  # noqa: ANN401 - a message
        COUNTS["messages"] += 1
        return await method(*args)

    setattr(opened, name, counted)


def main() -> int:
    """Counts, and runs `onitu`.

    Returns:
        Its exit code.
    """
    vars(onitu.store.env)["Transaction"] = _CountedTransaction
    _before(Store, "write", lambda *_: "commits")
    _before(Connection, "call", lambda _, method, *__: "health" if method == "Check" else "calls")
    _before(trio.to_thread, "run_sync", lambda *_: "hops")
    _before(onitu.log._Output, "_put", lambda *_: "log writes")
    _count_messages()
    code = run(sys.argv[sys.argv.index("onitu") + 1 :])
    Path(sys.argv[1]).write_text(json.dumps(COUNTS), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
