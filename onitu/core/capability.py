"""What a driver can do, as values."""

from __future__ import annotations

import enum

import msgspec

DEFAULT_MAX_MESSAGE = 3 * 1024 * 1024  # grpc-go, tonic and grpcio refuse more than 4 MiB by default.
DEFAULT_MAX_WHOLE_FILE = 64 * 1024 * 1024  # CONTRACT D9.
MAX_BATCH = 1_000  # DESIGN §4: one call moves at most a thousand items.
MAX_CHUNK = 1024 * 1024  # DESIGN §4: chunks are at most 1 MiB.


class Mode(enum.Flag):
    """What Onitu may do in a place (CONTRACT B7)."""

    NONE = 0
    READ = 1
    WRITE = 2
    READ_WRITE = 3


class Conditional(enum.IntEnum):
    """How a driver keeps a mutation's expectation. Numbers of the wire."""

    ATOMIC = 1
    BEST_EFFORT = 2
    NONE = 3


class NameComparison(enum.IntEnum):
    """How a service compares names. Numbers of the wire."""

    EXACT = 1
    NORMALIZED = 2
    CASE_INSENSITIVE = 3
    CUSTOM = 4


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a service can do. The names are those of `onitu.driver.v1.Capabilities`, which explains each."""

    watch: bool = False
    apply_batch: bool = False
    get_files: bool = False
    whole_files: bool = False
    chunks: bool = False
    restart_upload: bool = False
    move_file: bool = False
    move_directory: bool = False
    copy_file: bool = False
    make_directory: bool = False
    delete_file: bool = False
    set_attributes: bool = False
    stat_files: bool = False
    sync: bool = False
    staging: bool = False
    trash: bool = False
    native_ids: bool = False
    executable: bool = False
    symlinks: bool = False
    local_files: bool = False
    local_chunks: bool = False
    in_place: bool = False
    mtime_precision_ns: int = 0
    conditional: Conditional = Conditional.NONE
    name_comparison: NameComparison = NameComparison.EXACT
    free_digests: tuple[str, ...] = ()
    computed_digests: tuple[str, ...] = ()

    @property
    def keeps_times(self) -> bool:
        """Whether what is written there bears the modification time that it is given."""
        return self.mtime_precision_ns > 0

    @property
    def exposed(self) -> bool:
        """Whether what is there can be lost: nobody keeps it, and a mutation is not checked there or may be torn."""
        return not self.trash and (self.conditional is Conditional.NONE or not self.staging)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers a caller keeps to.

    Attributes:
        max_message_bytes: Largest message.
        max_batch_items: Most items in a batch.
        max_concurrency: Most calls at once.
        max_whole_file: Largest file for the whole-file calls, in bytes.
        min_chunk_bytes: Smallest chunk, in bytes.
    """

    max_message_bytes: int = DEFAULT_MAX_MESSAGE
    max_batch_items: int = MAX_BATCH
    max_concurrency: int = 8
    max_whole_file: int = DEFAULT_MAX_WHOLE_FILE
    min_chunk_bytes: int = 1
