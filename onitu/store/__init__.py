"""The border to the disk: LMDB, its keys and records.

The store is reached through `Store` and `Transaction` only; nobody else knows that it is LMDB.
"""

from onitu.store.env import Store
from onitu.store.transaction import Transaction

__all__ = ["Store", "Transaction"]
