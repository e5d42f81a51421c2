"""What stores answer is read as it is meant, whatever their schema's name."""

from __future__ import annotations

import pytest
from onitu_s3 import answers
from onitu_s3.listing import Merged

from onitu.plug import Unavailable

PAGE = b"""<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>
<Contents><Key>a+b%2Bc%C3%A9</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;</ETag>
<Size>7</Size></Contents><CommonPrefixes><Prefix>d%0A/</Prefix></CommonPrefixes></ListBucketResult>"""

VERSIONS = b"""<ListVersionsResult><IsTruncated>false</IsTruncated>
<DeleteMarker><Key>k</Key><VersionId>3</VersionId><IsLatest>true</IsLatest>
<LastModified>2026-01-03T00:00:00Z</LastModified></DeleteMarker>
<Version><Key>k</Key><VersionId>2</VersionId><IsLatest>false</IsLatest><LastModified>2026-01-02T00:00:00Z</LastModified>
<ETag>"e"</ETag><Size>5</Size></Version></ListVersionsResult>"""


def test_a_page_of_a_listing() -> None:
    """Keys are decoded, quotes of ETags taken off, and the next page is known."""
    page = answers.page(PAGE)

    assert page.objects == [answers.Listed("a b+cé", "e", 7, "2026-01-02T03:04:05.000Z")]
    assert page.prefixes == ["d\n/"]
    assert page.next == "more"


def test_versions_stay_in_their_order() -> None:
    """A mark of deletion stands before what was deleted."""
    page = answers.version_page(VERSIONS)

    assert [(one.id, one.etag) for one in page.versions] == [("3", None), ("2", "e")]
    assert page.next is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"<Other/>", b"no XML"])
def test_what_is_no_refusal_has_no_code(body: bytes) -> None:
    """A proxy's error page is none of the store's."""
    assert answers.refusal(body) == ("", "")


def test_an_answer_that_is_no_xml_is_no_empty_listing() -> None:
    """F6: a listing that cannot be read says nothing of what is there."""
    with pytest.raises(Unavailable):
        answers.page(b"<html>")


def test_an_object_gives_way_to_a_directory_of_its_name() -> None:
    """Of an object and a directory of one name the directory is shown, also where it stands on a later page."""
    merged = Merged("p/")
    first = answers.Page([_listed("p/"), _listed("p/d"), _listed("p/d-e")], [], "more")
    second = answers.Page([_listed("p/f")], ["p/d/"], None)

    found = [*merged.take(first, last=False), *merged.take(second, last=True)]

    assert sorted(one if isinstance(one, str) else one.key for one in found) == ["p/d-e", "p/d/", "p/f"]


def test_objects_do_not_wait_longer_than_they_must() -> None:
    """What no directory can follow any more is shown with its page."""
    merged = Merged("")

    found = merged.take(answers.Page([_listed("a"), _listed("b"), _listed("b0")], [], "more"), last=False)

    assert [one for one in found if not isinstance(one, str)] == [_listed("a"), _listed("b")]


def _listed(key: str) -> answers.Listed:
    return answers.Listed(key, "e", 1, "now")
