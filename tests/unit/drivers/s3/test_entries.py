"""What objects are to Onitu."""

from __future__ import annotations

import pytest
from onitu_s3.entries import check_key, head_of, metadata_of, present_of, quoted, with_attributes
from onitu_s3.uploads import MEBIBYTE, part_size

from onitu.plug import Attributes, Inadmissible, InvalidPath, Present, RevisionMismatch


@pytest.mark.parametrize("mtime_ns", [0, 1, 1_234_567_890_987_654_321, -1, -1_500_000_000])
def test_times_are_kept_to_the_nanosecond(mtime_ns: int) -> None:
    """A time comes back as it was given, in the form that rclone and s3fs read."""
    headers = metadata_of(Attributes(mtime_ns=mtime_ns, executable=True), "text/plain")

    state = present_of(headers, "etag", b"x", md5=False)

    assert (state.mtime_ns, state.executable, state.size, state.revision) == (mtime_ns, True, 1, "etag")


@pytest.mark.parametrize("text", ["", "nonsense", "nan", "1e400", "99999999999999999999"])
def test_times_of_others_that_say_nothing_are_the_time_of_arrival(text: str) -> None:
    """A foreign object's metadata may say anything."""
    found = head_of({"x-amz-meta-mtime": text, "Last-Modified": "Thu, 01 Jan 1970 00:00:02 GMT"}, md5=False)

    assert isinstance(found.state, Present)
    assert (found.state.mtime_ns, found.timed) == (2_000_000_000, False)


def test_an_etag_is_a_digest_only_where_it_is_one() -> None:
    """A store whose ETags are MD5s says so by the probe; those of parts and of encrypted objects are none."""
    etag = "0" * 32
    for headers, known in (
        ({"ETag": etag}, True),
        ({"ETag": f"{etag}-3"}, False),
        ({"ETag": etag, "x-amz-server-side-encryption": "aws:kms"}, False),
    ):
        state = head_of(headers, md5=True).state
        assert isinstance(state, Present)
        assert ("md5" in state.digests) is known, headers


def test_what_is_archived_is_there_and_not_readable() -> None:
    """An object in an archive is neither absent nor an edit."""
    found = head_of({"ETag": '"e"', "x-amz-storage-class": "GLACIER"}, md5=True).state

    assert isinstance(found, Inadmissible)
    assert found.revision == "e"


def test_other_metadata_stay() -> None:
    """What a user has put into the metadata is there after the attributes have changed."""
    head = head_of({"ETag": "e", "Content-Type": "text/plain", "X-Amz-Meta-Mine": "yes"}, md5=False)

    changed = with_attributes(head.headers, Attributes(executable=True), 5)

    assert changed.items() >= {"x-amz-meta-mine": "yes", "x-amz-meta-onitu-executable": "1"}.items()


@pytest.mark.parametrize("revision", ["", "directory", "two words", 'quo"te', "new\nline"])
def test_what_is_no_etag_is_never_sent_as_one(revision: str) -> None:
    """A header cannot be broken by what a core remembers."""
    with pytest.raises(RevisionMismatch):
        quoted(revision)


def test_keys_have_a_longest() -> None:
    """Names: 1,024 bytes with everything above."""
    check_key("n" * 1024)
    with pytest.raises(InvalidPath):
        check_key("é" * 513)


@pytest.mark.parametrize("size", [0, 1, 80_000 * MEBIBYTE, 80_001 * MEBIBYTE, 5 * 1024 * 1024 * MEBIBYTE])
def test_ten_thousand_parts_suffice(size: int) -> None:
    """Parts grow with the file, in whole mebibytes, and no more than they must."""
    part = part_size(size)

    assert part % MEBIBYTE == 0
    assert -(-size // part) <= 10_000
    assert part == 8 * MEBIBYTE or -(-size // (part - MEBIBYTE)) > 10_000
