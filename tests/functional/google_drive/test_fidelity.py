"""The fake of Google Drive does what Google's own client expects of the real one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import googleapiclient.discovery
import googleapiclient.errors
import pytest
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload, build_http

from tests.functional.servers.google_drive import schema
from tests.functional.servers.google_drive.content import DOCUMENT, FOLDER
from tests.functional.servers.google_drive.faults import Fault, broken
from tests.functional.servers.google_drive.oauth import CLIENT, SECRET
from tests.functional.servers.google_drive.server import FakeDrive, serving

BLOCK = 256 * 1024

FIELDS = "id,name,md5Checksum,size,headRevisionId,version,parents,trashed,modifiedTime"


@pytest.fixture
def fake() -> Iterator[FakeDrive]:
    """A fake of its own."""
    with serving() as made:
        yield made


@pytest.fixture
def google(fake: FakeDrive) -> Iterator[Any]:
    """Google's client, at the fake."""
    document = json.loads(json.dumps(schema.document()))
    document["rootUrl"] = f"{fake.url}/"
    document["baseUrl"] = f"{fake.url}/drive/v3/"
    document.pop("mtlsRootUrl", None)
    credentials = Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=fake.accounts.sign_in(),
        token_uri=f"{fake.url}/token",
        client_id=CLIENT,
        client_secret=SECRET,
    )
    with closing(AuthorizedHttp(credentials, build_http())) as connection:
        yield googleapiclient.discovery.build_from_document(document, http=connection)


def media(content: bytes, **options: Any) -> MediaIoBaseUpload:  # noqa: ANN401 - as the library takes them.
    """Returns what the client uploads."""
    return MediaIoBaseUpload(io.BytesIO(content), mimetype="application/octet-stream", **options)


def read(google: Any, request: Any) -> bytes:  # noqa: ANN401 - the library makes them at run time.
    """Downloads in chunks."""
    del google
    into = io.BytesIO()
    download = MediaIoBaseDownload(into, request, chunksize=100_000)
    done = False
    while not done:
        _, done = download.next_chunk()
    return into.getvalue()


def test_files_are_made_found_changed_and_removed(google: Any) -> None:  # noqa: ANN401
    """Metadata, content with it, revisions, copies, the trash, and searching, page by page."""
    files = google.files()
    folder = files.create(body={"name": "it's a \\folder", "mimeType": FOLDER}, fields="id").execute()["id"]
    ids = files.generateIds(count=3).execute()["ids"]
    made = files.create(
        body={"name": "a.bin", "parents": [folder], "id": ids[0]}, media_body=media(b"first\x00\r\n--"), fields=FIELDS
    ).execute()
    assert (made["id"], made["size"], made["parents"]) == (ids[0], "10", [folder])
    with pytest.raises(googleapiclient.errors.HttpError, match="already exists"):
        files.create(body={"name": "b", "id": ids[0]}).execute()
    changed = files.update(fileId=made["id"], media_body=media(b"second"), fields=FIELDS).execute()
    assert changed["headRevisionId"] != made["headRevisionId"]
    assert int(changed["version"]) > int(made["version"])
    assert files.get_media(fileId=made["id"]).execute() == b"second"
    revisions = google.revisions().list(fileId=made["id"]).execute()["revisions"]
    assert [one["id"] for one in revisions] == [made["headRevisionId"], changed["headRevisionId"]]
    old = google.revisions().get_media(fileId=made["id"], revisionId=revisions[0]["id"]).execute()
    assert old == b"first\x00\r\n--"
    files.copy(fileId=made["id"], body={"name": "copy"}).execute()
    for number in range(5):
        files.create(body={"name": f"{number}", "parents": [folder]}, media_body=media(b"x")).execute()
    query = "name = 'it\\'s a \\\\folder' and mimeType = 'application/vnd.google-apps.folder' and 'root' in parents"
    assert [one["id"] for one in files.list(q=query).execute()["files"]] == [folder]
    names, request = [], files.list(q=f"'{folder}' in parents and trashed = false", pageSize=2)
    while request is not None:
        page = request.execute()
        names += [one["name"] for one in page["files"]]
        request = files.list_next(request, page)
    assert sorted(names) == ["0", "1", "2", "3", "4", "a.bin", "copy"]
    files.update(fileId=folder, body={"trashed": True}).execute()
    assert files.get(fileId=made["id"], fields="trashed,explicitlyTrashed").execute() == {
        "trashed": True,
        "explicitlyTrashed": False,
    }
    files.delete(fileId=folder).execute()
    with pytest.raises(googleapiclient.errors.HttpError, match="File not found"):
        files.get(fileId=made["id"]).execute()


def test_a_resumable_upload_goes_on(google: Any, fake: FakeDrive) -> None:  # noqa: ANN401
    """308 with `Range`, blocks of 256 KiB; after a 500 it goes on where it was."""
    content = bytes(range(256)) * 5_000
    request = google.files().create(
        body={"name": "large"}, media_body=media(content, chunksize=2 * BLOCK, resumable=True), fields=FIELDS
    )
    status, answer = request.next_chunk()
    assert status.resumable_progress == 2 * BLOCK
    fake.faults.plan(Fault("upload.put", refusal=broken()))
    with pytest.raises(googleapiclient.errors.HttpError, match="Internal Error"):
        request.next_chunk()
    while answer is None:
        _, answer = request.next_chunk()
    assert int(answer["size"]) == len(content)
    assert read(google, google.files().get_media(fileId=answer["id"])) == content
    assert fake.content.files[answer["id"]].revisions[-1].content == content


def test_changes_are_told_once_each(google: Any, fake: FakeDrive) -> None:  # noqa: ANN401
    """A place in the log, pages of it, files that are gone, and a place that never was."""
    start = google.changes().getStartPageToken().execute()["startPageToken"]
    one = google.files().create(body={"name": "one"}, media_body=media(b"1")).execute()["id"]
    two = google.files().create(body={"name": "two"}, media_body=media(b"2")).execute()["id"]
    google.files().update(fileId=one, body={"name": "uno"}).execute()
    google.files().delete(fileId=two).execute()
    page = google.changes().list(pageToken=start, pageSize=1).execute()
    assert [(change["fileId"], change["removed"]) for change in page["changes"]] == [(one, False)]
    assert page["changes"][0]["file"]["name"] == "uno"
    last = google.changes().list(pageToken=page["nextPageToken"]).execute()
    assert [(change["fileId"], change["removed"]) for change in last["changes"]] == [(two, True)]
    assert google.changes().list(pageToken=last["newStartPageToken"]).execute()["changes"] == []
    with pytest.raises(googleapiclient.errors.HttpError, match="Invalid Value"):
        google.changes().list(pageToken="never").execute()
    assert fake.faults.count("drive.changes.list") == 4


def test_shared_drives_and_documents_are_apart(google: Any, fake: FakeDrive) -> None:  # noqa: ANN401
    """A shared drive is met only by who asks for it; a document has no content, and is exported."""
    drive = fake.content.add_drive("Team")
    inside = fake.content.create("inside", parent=drive, content=b"x")
    document = fake.content.create("Letter", mime=DOCUMENT, document=b"PK as docx")
    listed = google.files().list(corpora="drive", driveId=drive, includeItemsFromAllDrives=True, supportsAllDrives=True)
    assert [one["id"] for one in listed.execute()["files"]] == [inside.id]
    assert [one["id"] for one in google.files().list().execute()["files"]] == [document.id]
    with pytest.raises(googleapiclient.errors.HttpError, match="File not found"):
        google.files().get(fileId=inside.id).execute()
    assert google.files().get(fileId=inside.id, supportsAllDrives=True).execute()["name"] == "inside"
    assert google.drives().list().execute()["drives"][0]["name"] == "Team"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert google.files().export(fileId=document.id, mimeType=kind).execute() == b"PK as docx"
    with pytest.raises(googleapiclient.errors.HttpError, match="binary content"):
        google.files().get_media(fileId=document.id).execute()
    about = google.about().get(fields="user(emailAddress),storageQuota").execute()
    assert about["user"]["emailAddress"] == "ada@example.org"


def test_a_token_that_ends_is_refreshed(google: Any, fake: FakeDrive) -> None:  # noqa: ANN401
    """401, and a new token for the one that refreshes."""
    google.files().list().execute()
    fake.accounts.expire()
    google.files().list().execute()
    assert [one.status for one in fake.faults.asked] == [200, 200, 401, 200, 200]
