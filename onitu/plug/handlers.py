"""Which handlers a driver may have, and what follows from those it has (CONTRACT D, DESIGN §4).

This file decides nothing at run time: it is the table between the functions of a driver and what the core is told
that the service can do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

import msgspec

from onitu.core.capability import MAX_CHUNK, Capabilities, Conditional, Limits, NameComparison

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Set as AbstractSet

HANDLERS: Final = frozenset(
    (
        # Life.
        *("open_folder", "close", "normalize_path", "set_chunk_size"),
        *("begin_authorization", "finish_authorization"),
        # Observing.
        *("list_directory", "list_tree", "stat_file", "get_digest", "watch", "look_at_root"),
        # Reading.
        *("get_chunk", "get_file", "local_path"),
        # Writing.
        *("upload_file", "upload_files", "upload_local_file"),
        *("start_upload", "upload_chunk", "upload_local_chunks", "restart_upload", "end_upload", "abort_upload"),
        *("delete_file", "move_file", "copy_file", "make_directory", "set_attributes", "sync"),
        "write_symlink",
        # What was replaced or deleted.
        *("list_trash", "read_trash", "empty_trash"),
    )
)
"""The tasks a driver can have a handler for."""

PROMISED: Final = {
    "list_directory": "changes made while Onitu was away are found only if the driver reports them itself",
    "stat_file": "what is there is found out by reading it, and replaced content is kept by Onitu itself",
    "delete_file": "deletions are not carried to this service",
    "move_file": "a rename costs an upload and a deletion",
    "make_directory": "empty directories are not carried to this service",
}
"""What Onitu does without where a handler is missing (CONTRACT D7)."""

READING: Final = "get_file or get_chunk"
WRITING: Final = "upload_file or upload_chunk"
"""Features that either of two handlers brings."""

UNLIMITED: Final = 1 << 62
"""Largest file for the streams where chunk handlers serve them: no limit."""


class Declaration(TypedDict, total=False):
    """What a driver declares of its service because no handler shows it; see `Capabilities` and `Limits`."""

    move_directory: bool
    staging: bool
    trash: bool
    native_ids: bool
    executable: bool
    symlinks: bool
    mtime_precision_ns: int
    conditional: Conditional
    name_comparison: NameComparison
    free_digests: tuple[str, ...]
    computed_digests: tuple[str, ...]
    max_message_bytes: int
    max_batch_items: int
    max_concurrency: int
    max_whole_file: int
    min_chunk_bytes: int
    # The handlers check the size and the digest of what they write themselves, and answer the digests.
    verified: bool
    # The reading handlers look at the revision themselves, before and after.
    pinned: bool
    # How many handlers may be at work for one call, each on a thread of its own; 1 by default. Good for a service far
    # away, where most of the time goes by waiting. Directories of a snapshot are listed ahead by as many.
    parallel: int
    # `watch` keeps a place in the service's own log of changes: it says with `changes.reached` how far it has come, and
    # goes on at `changes.cursor` where there is one.
    cursors: bool
    # Seconds between two listings where there is no `watch`.
    changes_timer: float
    # Tasks that this service cannot do as it is configured, though the driver has handlers for them.
    without: tuple[str, ...]


DECLARABLE: Final = frozenset(Declaration.__annotations__)
"""The names `Plug.declare` takes."""


def missing_features(handlers: AbstractSet[str]) -> dict[str, str]:
    """Returns the handlers that are missing, with what Onitu does without each (CONTRACT D7)."""
    missing = {task: effect for task, effect in PROMISED.items() if task not in handlers}
    if not _reads(handlers):
        missing[READING] = "no content comes from this service"
    if not writes_whole(handlers) and not writes_chunks(handlers):
        missing[WRITING] = "no content goes to this service"
    if "watch" not in handlers:
        listed = "list_directory" in handlers
        missing["watch"] = (
            "changes are found by listing everything again and again"
            if listed
            else "changes are found only if the driver reports them itself"
        )
    if writes_chunks(handlers) and "restart_upload" not in handlers:
        missing["restart_upload"] = "a transfer that breaks off starts over"
    if _writes_in_place(handlers):
        missing["start_upload"] = "a file must exist to be written, and cannot become shorter"
    return missing


def check_task(name: str) -> None:
    """Raises a `ValueError` for a name that is no task, which is a slip of the driver's author."""
    if name not in HANDLERS:
        message = f"there is no task {name!r}; the tasks are {', '.join(sorted(HANDLERS))}"
        raise ValueError(message)


def capabilities_of(handlers: AbstractSet[str], declared: Declaration) -> Capabilities:
    """Returns what a service with these handlers can do."""
    reads = _reads(handlers)
    writes = writes_whole(handlers) or writes_chunks(handlers)
    return Capabilities(
        # Where there is no `watch` the Plug lists again and again, and any driver may report by itself.
        watch=True,
        apply_batch=writes or bool(handlers & {"delete_file", "move_file", "make_directory"}),
        get_files=reads,
        whole_files=reads or writes,
        chunks=reads_chunks(handlers) and writes_chunks(handlers),
        restart_upload="restart_upload" in handlers,
        move_file="move_file" in handlers,
        move_directory=declared.get("move_directory", False),
        copy_file="copy_file" in handlers,
        make_directory="make_directory" in handlers,
        delete_file="delete_file" in handlers,
        set_attributes="set_attributes" in handlers,
        stat_files=looks(handlers),
        sync="sync" in handlers,
        staging=declared.get("staging", False),
        trash=declared.get("trash", False),
        native_ids=declared.get("native_ids", False),
        executable=declared.get("executable", False),
        symlinks="write_symlink" in handlers and declared.get("symlinks", True),
        local_files=writes,
        local_chunks=writes_chunks(handlers),
        in_place=_writes_in_place(handlers),
        mtime_precision_ns=declared.get("mtime_precision_ns", 0),
        conditional=conditional_of(handlers, declared),
        name_comparison=_name_comparison(handlers, declared),
        free_digests=declared.get("free_digests", ()),
        computed_digests=declared.get("computed_digests", ()) if "get_digest" in handlers else (),
    )


def limits_of(handlers: Collection[str], declared: Declaration) -> Limits:
    """Returns the numbers a caller of this service keeps to."""
    default = Limits()
    streams_chunks = (reads_chunks(handlers) or not _reads(handlers)) and (
        writes_chunks(handlers) or not writes_whole(handlers)
    )
    whole = declared.get("max_whole_file", default.max_whole_file)
    return msgspec.structs.replace(
        default,
        max_message_bytes=declared.get("max_message_bytes", default.max_message_bytes),
        max_batch_items=declared.get("max_batch_items", default.max_batch_items),
        max_concurrency=declared.get("max_concurrency", default.max_concurrency),
        max_whole_file=UNLIMITED if streams_chunks else whole,
        min_chunk_bytes=min(declared.get("min_chunk_bytes", default.min_chunk_bytes), MAX_CHUNK),
    )


def conditional_of(handlers: Collection[str], declared: Declaration) -> Conditional:
    """Returns how expectations are kept; the Plug looks itself where only `stat_file` is there."""
    fallback = Conditional.BEST_EFFORT if "stat_file" in handlers else Conditional.NONE
    return declared.get("conditional", fallback)


def reads_chunks(handlers: Collection[str]) -> bool:
    """Returns whether parts of a file can be read without reading the whole."""
    return "get_chunk" in handlers or "local_path" in handlers


def writes_chunks(handlers: Collection[str]) -> bool:
    """Returns whether a file can be written in parts."""
    return "upload_chunk" in handlers


def writes_whole(handlers: Collection[str]) -> bool:
    """Returns whether a file can be written in one piece."""
    return "upload_file" in handlers


def looks(handlers: Collection[str]) -> bool:
    """Returns whether what is at a path can be seen: asked for, or found in the listing of its directory."""
    return "stat_file" in handlers or "list_directory" in handlers


def check_declaration(names: Collection[str]) -> None:
    """Raises a `TypeError` for a name that cannot be declared, which is a slip of the driver's author."""
    unknown = sorted(set(names) - DECLARABLE)
    if unknown:
        message = f"declare() knows no {', '.join(unknown)}; it knows {', '.join(sorted(DECLARABLE))}"
        raise TypeError(message)


def _reads(handlers: Collection[str]) -> bool:
    return reads_chunks(handlers) or "get_file" in handlers


def _writes_in_place(handlers: Collection[str]) -> bool:
    return writes_chunks(handlers) and "start_upload" not in handlers and not writes_whole(handlers)


def _name_comparison(handlers: Collection[str], declared: Declaration) -> NameComparison:
    fallback = NameComparison.CUSTOM if "normalize_path" in handlers else NameComparison.EXACT
    return declared.get("name_comparison", fallback)
