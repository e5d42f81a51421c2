"""What is said of the two ends of a transfer."""

from __future__ import annotations

import pytest

from onitu.core.answers import Mangled
from onitu.core.model import Absent, Kind, Observation, Present, State, Upload
from onitu.transfer.party import compared


def _answer(digests: dict[str, bytes]) -> Observation:
    return Observation("f", Present(kind=Kind.FILE, revision="r", size=4, digests=digests), 1)


def _upload(digest: tuple[str, bytes] | None) -> Upload:
    return Upload(path="f", expected=None, size=4, digest=digest)


def test_other_bytes_than_were_sent_are_no_success() -> None:
    """P23: what a service says of the bytes that it has is compared with those that were sent."""
    answer = _answer({"blake3": b"theirs"})

    outcome = compared(_upload(("blake3", b"ours")), answer)

    assert isinstance(outcome, Mangled)
    assert outcome.there is answer


@pytest.mark.parametrize(
    ("sent", "there"),
    [
        (("blake3", b"ours"), {"blake3": b"ours"}),
        (("blake3", b"ours"), {"md5": b"theirs"}),
        (("blake3", b"ours"), {}),
        (None, {"blake3": b"theirs"}),
    ],
    ids=["the same", "another algorithm", "none told", "none known"],
)
def test_what_cannot_be_compared_is_believed(sent: tuple[str, bytes] | None, there: dict[str, bytes]) -> None:
    """P23: only digests of one algorithm say anything."""
    answer = _answer(there)

    assert compared(_upload(sent), answer) is answer


def test_a_digest_of_other_bytes_is_not_taken_over() -> None:
    """P23, P8: where there are more or fewer bytes than were sent, somebody has written again, and what is unknown."""
    there = Present(kind=Kind.FILE, revision="r", size=5, digests={"blake3": b"ours", "md5": b"ours too"})

    outcome = compared(_upload(("blake3", b"ours")), Observation("f", there, 1))

    assert outcome == Observation("f", Present(kind=Kind.FILE, revision="r", size=5), 1)


@pytest.mark.parametrize("state", [Absent()])
def test_what_is_not_there_is_not_compared(state: State) -> None:
    """P23: an answer without a file is somebody else's to judge."""
    answer = Observation("f", state, 1)

    assert compared(_upload(("blake3", b"ours")), answer) is answer
