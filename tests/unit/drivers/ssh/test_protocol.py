"""SFTP as bytes: requests, replies, and where one packet ends."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onitu_ssh import protocol as p
from onitu_ssh.protocol import Change, Reply, Splitter, Status


@given(st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=50)), max_size=8), st.data())
def test_packets_are_found_wherever_they_are_cut(packets: list[tuple[int, bytes]], data: st.DataObject) -> None:
    """What comes in any pieces is split into the packets that were sent."""
    stream = b"".join(struct.pack(">IB", len(body) + 1, kind) + body for kind, body in packets)
    splitter, found = Splitter(), list[tuple[int, bytes]]()
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:cut], 1000)
        stream = stream[cut:]

    assert found == packets


def test_what_is_no_sftp_is_refused() -> None:
    """A server that prints a greeting before SFTP begins is not waited for."""
    with pytest.raises(ValueError, match="Welcome"):
        Splitter().feed(b"Welcome to this server!\n", 4 * 1024 * 1024)


def test_status_with_everything_and_with_nothing() -> None:
    """Every field of a status is optional."""
    flags = 1 | 2 | 4 | 8 | 0x80000000
    full = struct.pack(">IQIIIIII", flags, 5, 10, 20, 0o100644, 7, 8, 1) + p.text(b"a@b") + p.text(b"c")

    assert Reply(full).status() == Status(0o100644, 5, 8, 10, 20)
    assert Reply(b"\0\0\0\0").status() == Status(0, 0, 0, -1, -1)


@pytest.mark.parametrize(("second", "sent"), [(-5, 0), (1, 1), (1 << 40, 0xFFFFFFFF)])
def test_times_are_what_32_bits_can_say(second: int, sent: int) -> None:
    """Before 1970 and after 2106 the nearest time is set."""
    assert Change(mtime=second).encode() == struct.pack(">III", 8, sent, sent)


def test_a_text_cut_short_is_no_text() -> None:
    """A reply that lies about its length is not believed."""
    with pytest.raises(ValueError, match="cut short"):
        Reply(p.u32(10) + b"short").text()
