"""The handlers of `dropbox`.

Nothing is done here but to find the folder's root and hand over. The handlers are called from several threads; what
they share is the table of roots, which changes only when the service is configured.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from onitu.plug import (
    Conditional,
    FolderReport,
    InvalidPath,
    Metadata,
    NameComparison,
    Plug,
    RootState,
    Unauthenticated,
)
from onitu.plug.digests import COMPUTED, read_digest
from onitu.plug.roots import Roots

from . import reading, revisions, signin, uploads, writing
from .api import Api
from .entries import ALGORITHM, check_name
from .groups import Groups
from .hosts import Hosts
from .place import DropboxPlace, open_place
from .root import Root
from .tokens import Tokens
from .watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onitu.core.manifest import OptionValue
    from onitu.plug import Absent, Changes, Folder, Kept, Present

    from .tree import State


AT_ONCE: Final = 200
"""Handlers that work for one call: those that write files wait for each other, to be committed together."""

CALLS: Final = 6

plug = Plug()
plug.declare(
    staging=True,
    trash=True,
    native_ids=True,
    move_directory=True,
    mtime_precision_ns=1_000_000_000,
    conditional=Conditional.ATOMIC,
    name_comparison=NameComparison.CASE_INSENSITIVE,
    free_digests=(ALGORITHM,),
    computed_digests=COMPUTED,
    max_concurrency=CALLS,
    max_batch_items=2 * AT_ONCE,
    parallel=AT_ONCE,
    pinned=True,
    cursors=True,
)

_roots = Roots[Root]()
_accounts: dict[tuple[object, ...], tuple[Api, Groups]] = {}
_uploads = uploads.Uploads()


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()


@plug.handler()
def begin_authorization(options: Mapping[str, OptionValue], redirect_uri: str | None) -> tuple[str, bytes]:
    """Begins a sign-in."""
    return signin.begin(options, redirect_uri)


@plug.handler()
def finish_authorization(session: bytes, answer: str) -> tuple[dict[str, str], str]:
    """Ends a sign-in."""
    return signin.finish(session, answer)


@plug.handler()
def open_folder(folder: Folder) -> FolderReport:
    """Opens the root of a folder."""
    _roots.pop(folder.name, None)
    root = _root_of(folder)
    api, groups = _account()
    report, id_of = open_place(plug, folder, api, root)
    if report.root_state is RootState.OK:
        _roots[folder.name] = Root(api, DropboxPlace(api, root).at(folder.path), id_of, groups)
    return report


def _root_of(folder: Folder) -> str:
    root = str(plug.options["root"]).strip("/")
    if ".." in [*root.split("/"), *folder.path.split("/")]:
        raise InvalidPath(f"{folder.path!r} below {root!r} is no place for the folder {folder.name!r}")
    if folder.path != ".":
        check_name(folder.path)
    return f"/{check_name(root)}" if root else ""


def _account() -> tuple[Api, Groups]:
    options = plug.options
    identity = tuple(sorted((key, str(value)) for key, value in options.items()))
    if identity in _accounts:
        return _accounts[identity]
    refresh, secret, server = options["refresh_token"], options["app_secret"], options["server"]
    if not refresh:
        raise Unauthenticated("nobody has signed in to Dropbox: `onitu service authorize`, or the page, does so")
    hosts = Hosts(None if server is None else str(server))
    tokens = Tokens(
        hosts.api, key=str(options["app_key"]), secret=None if secret is None else str(secret), refresh=str(refresh)
    )
    api = Api(hosts, tokens)
    namespace = options["namespace"]
    if namespace == "team":
        team = api.ask("users/get_current_account", None)["root_info"]["root_namespace_id"]
        api.path_root = {".tag": "root", "root": team}
    elif namespace is not None:
        api.path_root = {".tag": "namespace_id", "namespace_id": str(namespace)}
    _let_go()
    _accounts[identity] = (api, Groups(api))
    return _accounts[identity]


@plug.handler()
def look_at_root(folder: Folder) -> tuple[RootState, str]:
    """Says whether the root of a folder is there."""
    root = _roots[folder.name]
    found = root.look("") if root.path else {"id": ""}
    if found is not None and str(found.get("id", "")) == root.id:
        return RootState.OK, ""
    return RootState.MISSING, f"the folder {root.path} is not in Dropbox any more: restore it there"


@plug.handler()
def list_directory(folder: Folder, path: str) -> Iterator[tuple[str, State]]:
    """Lists a directory."""
    return _roots[folder.name].entries(path)


@plug.handler()
def watch(folder: Folder, changes: Changes) -> None:
    """Watches a folder."""
    Watcher(_roots[folder.name], changes, plug.tick).run()


@plug.handler()
def stat_file(metadata: Metadata) -> State | Absent:
    """Observes one entry."""
    return _roots[metadata.folder].observe(metadata.filename)


@plug.handler()
def get_file(metadata: Metadata) -> bytes:
    """Reads a whole file."""
    return reading.read_whole(_roots[metadata.folder], metadata.filename, str(metadata.revision))


@plug.handler()
def get_chunk(metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of a file."""
    return reading.read_part(_roots[metadata.folder], metadata.filename, str(metadata.revision), offset, size)


@plug.handler()
def get_digest(metadata: Metadata, algorithm: str) -> bytes:
    """Computes a digest by reading the file."""
    return read_digest(algorithm, partial(get_chunk, metadata))


@plug.handler()
def upload_file(metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file."""
    return writing.upload(_roots[metadata.folder], metadata, content)


@plug.handler()
def start_upload(metadata: Metadata) -> None:
    """Begins to take a file in chunks."""
    _uploads.start(_roots[metadata.folder], metadata)


@plug.handler()
def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
    """Takes one chunk."""
    _uploads.write(metadata, offset, chunk)


@plug.handler()
def restart_upload(metadata: Metadata, _offset: int) -> int:
    """Returns how many bytes of an upload are here."""
    return _uploads.restart(metadata)


@plug.handler()
def end_upload(metadata: Metadata) -> Present:
    """Makes an upload visible."""
    return _uploads.end(metadata)


@plug.handler()
def abort_upload(metadata: Metadata) -> None:
    """Gives an upload up."""
    _uploads.abort(metadata.session)


@plug.handler()
def delete_file(metadata: Metadata) -> None:
    """Removes a file or an empty directory."""
    writing.delete(_roots[metadata.folder], metadata.filename, metadata.required)


@plug.handler()
def move_file(old: Metadata, new: Metadata) -> Present:
    """Renames an entry."""
    return writing.move(_roots[old.folder], old.filename, old.required, new.filename)


@plug.handler()
def copy_file(old: Metadata, new: Metadata) -> Present:
    """Copies a file within Dropbox."""
    return writing.copy(_roots[old.folder], old.filename, old.required, new.filename)


@plug.handler()
def make_directory(metadata: Metadata) -> Present:
    """Makes one directory."""
    return writing.make_directory(_roots[metadata.folder], metadata.filename)


@plug.handler()
def list_trash(folder: Folder, path: str, after: str) -> list[Kept]:
    """Lists what was replaced or deleted."""
    return revisions.list_kept(_roots[folder.name], path, after)


@plug.handler()
def read_trash(folder: Folder, kept: str, offset: int, size: int) -> bytes:
    """Reads a part of what was replaced or deleted."""
    return revisions.read_kept(_roots[folder.name], kept, offset, size)


@plug.handler()
def close() -> None:
    """Lets go of the connections."""
    _roots.clear()
    _let_go()


def _let_go() -> None:
    while _accounts:
        _accounts.popitem()[1][0].close()
