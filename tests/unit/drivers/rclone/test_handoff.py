"""What rclone fetches from the driver."""

from __future__ import annotations

import io

import pytest
import urllib3
from onitu_rclone.handoff import Handoff
from urllib3.exceptions import ProtocolError

MISSING = 404


def _get(url: str) -> urllib3.BaseHTTPResponse:
    return urllib3.PoolManager().request("GET", url, retries=False)


def test_a_file_comes_with_its_time_and_only_while_it_is_on_its_way() -> None:
    """M3, B12: nobody fetches it later, nor without its address."""
    handoff = Handoff()
    try:
        with handoff.offer(b"content", 7, 10**18) as url:
            assert _get(url).headers["Last-Modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
            assert _get(url).data == b"content"
            assert _get(url[:-1]).status == MISSING
        assert _get(url).status == MISSING
    finally:
        handoff.close()


def test_a_stream_is_there_once_and_never_half() -> None:
    """P9: a stream that breaks off is no file, and what was read of it is not there again."""
    handoff = Handoff()
    try:
        with handoff.offer(io.BytesIO(b"cont"), 7, None) as url:
            with pytest.raises(ProtocolError):
                _get(url)
            assert _get(url).status == MISSING
    finally:
        handoff.close()
