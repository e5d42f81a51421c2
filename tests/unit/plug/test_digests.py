"""Digests that the Plug computes itself."""

from __future__ import annotations

import pytest
from dropbox.content_hash import content_hash

from onitu.plug.digests import DropboxHash

BLOCK = 4 * 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5])
@pytest.mark.parametrize("piece", [1_000_003, 3 * BLOCK])
def test_dropbox(size: int, piece: int) -> None:
    """D7: in whatever pieces a file comes, its digest is the one that Dropbox's own SDK computes."""
    content = bytes(range(251)) * (size // 251 + 1)
    computing = DropboxHash()
    for begin in range(0, size, piece):
        computing.update(content[begin : min(begin + piece, size)])
    assert computing.digest().hex() == content_hash(content[:size])
