"""The Dropbox of the tests answers as Dropbox's own SDK, and rclone, expect it of Dropbox."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from typing import Any

import dropbox as sdk
import pytest
import requests
from dropbox import common, files
from dropbox.content_hash import content_hash
from dropbox.exceptions import ApiError, AuthError, InternalServerError, PathRootError, RateLimitError
from requests.adapters import HTTPAdapter

from tests.functional.servers.dropbox import Dropbox, Fault
from tests.functional.servers.dropbox.sessions import BLOCK
from tests.functional.servers.dropbox.tokens import APP_KEY

MOMENT = datetime.datetime(2001, 2, 3, 4, 5, 6)  # noqa: DTZ001  The SDK has no others.


class _ToLoopback(HTTPAdapter):
    """Sends to a server what is meant for Dropbox."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401
        """Sends it there."""
        assert request.url is not None
        assert ".dropbox" in request.url.split("/", 3)[2]
        request.url = f"{self._address}/{request.url.split('/', 3)[3]}"
        return super().send(request, *args, **options)


def _session(server: Dropbox) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _ToLoopback(server.address))
    return session


@pytest.fixture
def server() -> Dropbox:
    """A Dropbox with nothing in it."""
    return Dropbox()


@pytest.fixture
def client(server: Dropbox) -> Iterator[Any]:
    """The SDK, which has signed in there."""
    with _session(server) as session:
        yield _client(server, session)


def _client(server: Dropbox, session: requests.Session, **more: object) -> Any:  # noqa: ANN401  The SDK has no types.
    return sdk.Dropbox(
        oauth2_refresh_token=server.options()["refresh_token"],
        app_key=APP_KEY,
        session=session,
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
        **more,
    )


def _refused(error: pytest.ExceptionInfo[Any]) -> Any:  # noqa: ANN401  The SDK has no types.
    return error.value.error


def test_somebody_signs_in(server: Dropbox) -> None:
    """F5: with PKCE a code becomes a token that lasts; a code is good once."""
    with _session(server) as session:
        flow = sdk.DropboxOAuth2FlowNoRedirect(APP_KEY, use_pkce=True, token_access_type="offline")  # noqa: S106
        flow.requests_session = session
        code, back = server.tokens.agree(flow.start())
        assert back == ""
        found = flow.finish(code)
        assert found.refresh_token in server.tokens.refresh
        assert found.account_id == server.account.id
        with pytest.raises(requests.HTTPError):
            flow.finish(code)


def test_the_account(client: Any, server: Dropbox) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: whose it is, and how full."""
    client.files_upload(b"12345", "/file")
    account, usage = client.users_get_current_account(), client.users_get_space_usage()
    assert (account.account_id, account.email) == (server.account.id, server.account.email)
    assert (usage.used, usage.allocation.get_individual().allocated) == (5, server.account.allocated)
    server.account.allocated = 6
    with pytest.raises(ApiError) as caught:
        client.files_upload(b"12", "/another")
    assert _refused(caught).get_path().reason.is_insufficient_space()


def test_a_file(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: what was written is shown and read, by any spelling of its path, by id and by revision."""
    written = client.files_upload(b"content", "/Dir/File.txt", client_modified=MOMENT)
    assert (written.name, written.path_display, written.size) == ("File.txt", "/Dir/File.txt", 7)
    assert (written.path_lower, written.client_modified) == ("/dir/file.txt", MOMENT)
    assert written.content_hash == content_hash(b"content")
    for path in ("/dir/FILE.txt", written.id, f"rev:{written.rev}"):
        shown = client.files_get_metadata(path)
        found, answer = client.files_download(path)
        assert (shown.rev, found.rev, answer.content) == (written.rev, written.rev, b"content")
    assert isinstance(client.files_get_metadata("/dir"), files.FolderMetadata)
    for path in ("/nothing", "id:nothing"):
        with pytest.raises(ApiError) as caught:
            client.files_get_metadata(path)
        assert _refused(caught).get_path().is_not_found()


def test_writes_expect_something(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: `add` and `update` refuse what they did not expect; `overwrite` takes anything; a rename is on request."""
    first = client.files_upload(b"first", "/file")
    update = files.WriteMode.update
    second = client.files_upload(b"second", "/file", mode=update(first.rev))
    assert (second.id, second.rev != first.rev) == (first.id, True)
    for mode in (files.WriteMode.add, update(first.rev)):
        with pytest.raises(ApiError) as caught:
            client.files_upload(b"third", "/file", mode=mode)
        assert _refused(caught).get_path().reason.get_conflict().is_file()
    assert client.files_upload(b"second", "/file").rev == second.rev, "the same content is no conflict"
    with pytest.raises(ApiError):
        client.files_upload(b"second", "/file", strict_conflict=True)
    assert client.files_upload(b"third", "/file", autorename=True).name == "file (1)"
    assert client.files_upload(b"third", "/file", mode=files.WriteMode.overwrite).id == first.id
    client.files_delete_v2("/file")
    with pytest.raises(ApiError):
        client.files_upload(b"x", "/file", mode=update(second.rev), strict_conflict=True)
    assert client.files_upload(b"x", "/file", mode=update(second.rev)).size == 1


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "a\\b", "x" * 256])
def test_names_that_are_refused(client: Any, name: str) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: a name that Dropbox does not keep is said to be one."""
    with pytest.raises(ApiError) as caught:
        client.files_upload(b"x", f"/{name}")
    reason = _refused(caught).get_path().reason
    assert reason.is_disallowed_name() or reason.is_malformed_path()


def test_damaged_content_is_refused(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: what comes is compared with the hash that comes along."""
    with pytest.raises(ApiError) as caught:
        client.files_upload(b"x", "/file", content_hash=content_hash(b"y"))
    assert _refused(caught).is_content_hash_mismatch()


def test_deletions_and_renames(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: a deletion expects a revision where it says one; a rename keeps the id and overwrites nothing."""
    written = client.files_upload(b"x", "/a/b/file")
    client.files_upload(b"y", "/other")
    with pytest.raises(ApiError) as caught:
        client.files_delete_v2("/a/b/file", parent_rev="0" * 15)
    assert _refused(caught).get_path_write().is_conflict()
    with pytest.raises(ApiError) as caught:
        client.files_move_v2("/other", "/A/B/FILE")
    assert _refused(caught).get_to().get_conflict().is_file()
    with pytest.raises(ApiError) as caught:
        client.files_move_v2("/a", "/a/b/c")
    assert _refused(caught).is_cant_move_folder_into_itself()
    client.files_move_v2("/a", "/c")
    assert client.files_get_metadata("/c/b/file").id == written.id
    copied = client.files_copy_v2("/c/b/file", "/d").metadata
    assert (copied.id != written.id, copied.content_hash) == (True, written.content_hash)
    with pytest.raises(ApiError) as caught:
        client.files_create_folder_v2("/c")
    assert _refused(caught).get_path().get_conflict().is_folder()
    client.files_delete_v2("/c")
    with pytest.raises(ApiError) as caught:
        client.files_delete_v2("/c/b/file")
    assert _refused(caught).get_path_lookup().is_not_found()


def test_a_listing_goes_on_with_what_changes(client: Any, server: Dropbox) -> None:  # noqa: ANN401  As above.
    """F5: pages, then changes in order; a folder that goes is told at once; an old cursor is reset."""
    for name in ("one", "two", "d/three"):
        client.files_upload(b"x", f"/root/{name}")
    page = client.files_list_folder("/root", recursive=True, limit=2)
    seen = list(page.entries)
    while page.has_more:
        page = client.files_list_folder_continue(page.cursor)
        seen += page.entries
    assert sorted(one.path_display for one in seen) == ["/root", "/root/d", "/root/d/three", "/root/one", "/root/two"]
    client.files_upload(b"elsewhere", "/elsewhere")
    client.files_move_v2("/root/d", "/root/e")
    client.files_delete_v2("/root/one")
    assert client.files_list_folder_longpoll(page.cursor).changes
    changed = client.files_list_folder_continue(page.cursor)
    entries = list(changed.entries)
    while changed.has_more:
        changed = client.files_list_folder_continue(changed.cursor)
        entries += changed.entries
    assert [(type(one).__name__, one.path_display) for one in entries] == [
        ("DeletedMetadata", "/root/d"),
        ("FolderMetadata", "/root/e"),
        ("FileMetadata", "/root/e/three"),
        ("DeletedMetadata", "/root/one"),
    ]
    latest = client.files_list_folder_get_latest_cursor("/root", recursive=True)
    assert client.files_list_folder_continue(latest.cursor).entries == []
    assert [one.name for one in client.files_list_folder("/root").entries] == ["e", "two"]
    server.routes.cursors.expire()
    with pytest.raises(ApiError) as caught:
        client.files_list_folder_continue(changed.cursor)
    assert _refused(caught).is_reset()
    with pytest.raises(ApiError) as caught:
        client.files_list_folder_longpoll(changed.cursor)
    assert _refused(caught).is_reset()


def test_an_upload_in_pieces(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: a piece at the wrong offset is told the right one; nothing is there before the end."""
    session = client.files_upload_session_start(b"one ").session_id
    cursor = files.UploadSessionCursor
    client.files_upload_session_append_v2(b"two ", cursor(session, 4))
    with pytest.raises(ApiError) as caught:
        client.files_upload_session_append_v2(b"two ", cursor(session, 4))
    assert _refused(caught).get_incorrect_offset().correct_offset == 8
    with pytest.raises(ApiError) as caught:
        client.files_upload_session_append_v2(b"x", cursor("nothing", 0))
    assert _refused(caught).is_not_found()
    assert client.files_list_folder("").entries == []
    client.files_upload_session_finish(b"three", cursor(session, 8), files.CommitInfo("/file"))
    assert client.files_download("/file")[1].content == b"one two three"


def test_pieces_in_any_order(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: a concurrent session takes blocks of 4 MiB in any order, and is committed once it is closed and whole."""
    kind, cursor = files.UploadSessionType.concurrent, files.UploadSessionCursor
    session = client.files_upload_session_start(b"", session_type=kind).session_id
    blocks = [b"a" * BLOCK, b"b" * BLOCK, b"c" * 10]
    commit = files.CommitInfo("/file")
    client.files_upload_session_append_v2(blocks[2], cursor(session, 2 * BLOCK), close=True)
    client.files_upload_session_append_v2(blocks[0], cursor(session, 0))
    for wrong, content in ((5, blocks[1]), (BLOCK, b"short")):
        with pytest.raises(ApiError):
            client.files_upload_session_append_v2(content, cursor(session, wrong))
    with pytest.raises(ApiError) as caught:
        client.files_upload_session_finish(b"", cursor(session, 2 * BLOCK + 10), commit)
    assert _refused(caught).is_concurrent_session_missing_data()
    client.files_upload_session_append_v2(blocks[1], cursor(session, BLOCK))
    found = client.files_upload_session_finish(b"", cursor(session, 2 * BLOCK + 10), commit)
    assert found.content_hash == content_hash(b"".join(blocks))


@pytest.mark.filterwarnings("ignore:upload_session/finish_batch is deprecated")
@pytest.mark.parametrize("at_once", [True, False])
def test_many_files_in_one_commit(client: Any, at_once: bool) -> None:  # noqa: ANN401  As above.
    """F5: each entry of a batch has its own outcome, at once or when the job is done."""
    client.files_upload(b"there", "/1")
    sessions = [client.files_upload_session_start(b"%d" % number, close=True).session_id for number in range(3)]
    open_one = client.files_upload_session_start(b"open").session_id
    entries = [
        files.UploadSessionFinishArg(files.UploadSessionCursor(session, 1), files.CommitInfo(f"/{number}"))
        for number, session in enumerate(sessions)
    ]
    entries.append(files.UploadSessionFinishArg(files.UploadSessionCursor(open_one, 4), files.CommitInfo("/open")))
    if at_once:
        done = client.files_upload_session_finish_batch_v2(entries)
    else:
        job = client.files_upload_session_finish_batch(entries).get_async_job_id()
        while (status := client.files_upload_session_finish_batch_check(job)).is_in_progress():
            pass
        done = status.get_complete()
    assert [one.is_success() for one in done.entries] == [True, False, True, False]
    assert done.entries[1].get_failure().get_path().get_conflict().is_file()
    assert done.entries[3].get_failure().get_lookup_failed().is_not_closed()
    assert done.entries[2].get_success().name == "2"


def test_many_deletions(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: each has its own outcome when the job is done."""
    for name in "ab":
        client.files_upload(b"x", f"/{name}")
    wanted = [files.DeleteArg("/a"), files.DeleteArg("/b", parent_rev="0" * 15), files.DeleteArg("/c")]
    job = client.files_delete_batch(wanted).get_async_job_id()
    while (status := client.files_delete_batch_check(job)).is_in_progress():
        pass
    assert [one.is_success() for one in status.get_complete().entries] == [True, False, False]


def test_the_past(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: revisions of a path, the youngest first; of one that was deleted as well, and any is restored."""
    first = client.files_upload(b"first", "/file")
    second = client.files_upload(b"second", "/file", mode=files.WriteMode.overwrite)
    found = client.files_list_revisions("/file")
    assert ([one.rev for one in found.entries], found.is_deleted) == ([second.rev, first.rev], False)
    client.files_delete_v2("/file")
    found = client.files_list_revisions("/file", limit=1)
    assert ([one.rev for one in found.entries], found.is_deleted, found.has_more) == ([second.rev], True, True)
    deleted = client.files_list_folder("", include_deleted=True).entries
    assert [type(one).__name__ for one in deleted] == ["DeletedMetadata"]
    client.files_restore("/file", first.rev)
    assert client.files_download("/file")[1].content == b"first"
    with pytest.raises(ApiError) as caught:
        client.files_restore("/file", "0" * 15)
    assert _refused(caught).is_invalid_revision()


def test_what_goes_wrong(client: Any, server: Dropbox) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: limits, faults, lost answers and expired tokens are what the SDK takes them for."""
    server.faults.add(Fault("status", 429, retry_after=7), "files/upload")
    with pytest.raises(RateLimitError) as limited:
        client.files_upload(b"x", "/file")
    assert limited.value.backoff == 7
    server.faults.add(Fault("busy", retry_after=1), "files/upload")
    with pytest.raises(RateLimitError) as limited:
        client.files_upload(b"x", "/file")
    assert _refused(limited).reason.is_too_many_write_operations()
    server.faults.add(Fault("status", 503), "files/upload")
    with pytest.raises(InternalServerError):
        client.files_upload(b"x", "/file")
    server.faults.add(Fault("lost"), "files/upload")
    with pytest.raises(requests.ConnectionError):
        client.files_upload(b"x", "/file")
    server.faults.add(Fault("unheard"), "files/upload")
    with pytest.raises(requests.ConnectionError):
        client.files_upload(b"y", "/another")
    server.faults.add(Fault("cut", at=0), "files/download")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        assert client.files_download("/file")[1].content
    assert [one.name for one in client.files_list_folder("").entries] == ["file"]
    before = server.tokens.refreshed
    server.tokens.expire()
    assert client.files_get_metadata("/file").size == 1
    assert server.tokens.refreshed == before + 1


def test_strangers(server: Dropbox) -> None:
    """F5: nobody asks without a good token, or for a root that is not theirs."""
    with _session(server) as session:
        stranger = sdk.Dropbox("no token of ours", session=session)
        with pytest.raises(AuthError) as caught:
            stranger.files_list_folder("")
        assert _refused(caught).is_invalid_access_token()
        signed_in = _client(server, session)
        with pytest.raises(PathRootError):
            signed_in.with_path_root(common.PathRoot.root("12345")).files_list_folder("")
        assert signed_in.with_path_root(common.PathRoot.root("7")).files_list_folder("").entries == []


def test_downloads_by_range(server: Dropbox) -> None:
    """F5: a part of a file is had by its range."""
    written = server.account.write("/file", b"0123456789")
    with _session(server) as session:
        for asked, right in (("bytes=3-", b"3456789"), ("bytes=3-5", b"345"), ("bytes=-2", b"89")):
            answer = session.post(
                "https://content.dropboxapi.com/2/files/download",
                headers={
                    "Authorization": f"Bearer {server.tokens.give()}",
                    "Dropbox-API-Arg": f'{{"path": "rev:{written.rev}"}}',
                    "Range": asked,
                },
            )
            assert (answer.status_code, answer.content) == (206, right)


def test_large_bodies_stream(client: Any) -> None:  # noqa: ANN401  The SDK has no types.
    """F5: a file of many blocks comes back as it went."""
    content = bytes(range(256)) * 50_000
    written = client.files_upload(content, "/large")
    assert written.content_hash == content_hash(content)
    assert io.BytesIO(client.files_download("/large")[1].content).read() == content
