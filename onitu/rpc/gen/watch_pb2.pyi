from onitu.rpc.gen import observation_pb2 as _observation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RootState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROOT_STATE_UNSPECIFIED: _ClassVar[RootState]
    ROOT_STATE_OK: _ClassVar[RootState]
    ROOT_STATE_MISSING: _ClassVar[RootState]
    ROOT_STATE_DIFFERENT: _ClassVar[RootState]
ROOT_STATE_UNSPECIFIED: RootState
ROOT_STATE_OK: RootState
ROOT_STATE_MISSING: RootState
ROOT_STATE_DIFFERENT: RootState

class WatchStart(_message.Message):
    __slots__ = ("folder", "cursor", "live")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    folder: str
    cursor: bytes
    live: bool
    def __init__(self, folder: _Optional[str] = ..., cursor: _Optional[bytes] = ..., live: _Optional[bool] = ...) -> None: ...

class DirectoryFingerprint(_message.Message):
    __slots__ = ("path", "fingerprint")
    PATH_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    path: str
    fingerprint: bytes
    def __init__(self, path: _Optional[str] = ..., fingerprint: _Optional[bytes] = ...) -> None: ...

class DirectoryFingerprints(_message.Message):
    __slots__ = ("directories", "last")
    DIRECTORIES_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    directories: _containers.RepeatedCompositeFieldContainer[DirectoryFingerprint]
    last: bool
    def __init__(self, directories: _Optional[_Iterable[_Union[DirectoryFingerprint, _Mapping]]] = ..., last: _Optional[bool] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("batch",)
    BATCH_FIELD_NUMBER: _ClassVar[int]
    batch: int
    def __init__(self, batch: _Optional[int] = ...) -> None: ...

class Rescan(_message.Message):
    __slots__ = ("directories", "recursive")
    DIRECTORIES_FIELD_NUMBER: _ClassVar[int]
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    directories: _containers.RepeatedScalarFieldContainer[str]
    recursive: bool
    def __init__(self, directories: _Optional[_Iterable[str]] = ..., recursive: _Optional[bool] = ...) -> None: ...

class KnownEntry(_message.Message):
    __slots__ = ("path", "present", "owners", "uptodate")
    PATH_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    OWNERS_FIELD_NUMBER: _ClassVar[int]
    UPTODATE_FIELD_NUMBER: _ClassVar[int]
    path: str
    present: _observation_pb2.Present
    owners: _containers.RepeatedScalarFieldContainer[str]
    uptodate: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, path: _Optional[str] = ..., present: _Optional[_Union[_observation_pb2.Present, _Mapping]] = ..., owners: _Optional[_Iterable[str]] = ..., uptodate: _Optional[_Iterable[str]] = ...) -> None: ...

class LookupAnswer(_message.Message):
    __slots__ = ("lookup", "entries")
    LOOKUP_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    lookup: int
    entries: _containers.RepeatedCompositeFieldContainer[KnownEntry]
    def __init__(self, lookup: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[KnownEntry, _Mapping]]] = ...) -> None: ...

class WatchChangesRequest(_message.Message):
    __slots__ = ("start", "fingerprints", "acknowledgement", "rescan", "lookup_answer")
    START_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINTS_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENT_FIELD_NUMBER: _ClassVar[int]
    RESCAN_FIELD_NUMBER: _ClassVar[int]
    LOOKUP_ANSWER_FIELD_NUMBER: _ClassVar[int]
    start: WatchStart
    fingerprints: DirectoryFingerprints
    acknowledgement: Acknowledgement
    rescan: Rescan
    lookup_answer: LookupAnswer
    def __init__(self, start: _Optional[_Union[WatchStart, _Mapping]] = ..., fingerprints: _Optional[_Union[DirectoryFingerprints, _Mapping]] = ..., acknowledgement: _Optional[_Union[Acknowledgement, _Mapping]] = ..., rescan: _Optional[_Union[Rescan, _Mapping]] = ..., lookup_answer: _Optional[_Union[LookupAnswer, _Mapping]] = ...) -> None: ...

class DirectoryListing(_message.Message):
    __slots__ = ("path", "complete", "reason", "observed_seq")
    PATH_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_SEQ_FIELD_NUMBER: _ClassVar[int]
    path: str
    complete: bool
    reason: str
    observed_seq: int
    def __init__(self, path: _Optional[str] = ..., complete: _Optional[bool] = ..., reason: _Optional[str] = ..., observed_seq: _Optional[int] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("display_path", "reason")
    DISPLAY_PATH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    display_path: str
    reason: str
    def __init__(self, display_path: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class SnapshotBegin(_message.Message):
    __slots__ = ("snapshot", "ordered", "whole")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    ORDERED_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    snapshot: int
    ordered: bool
    whole: bool
    def __init__(self, snapshot: _Optional[int] = ..., ordered: _Optional[bool] = ..., whole: _Optional[bool] = ...) -> None: ...

class SnapshotEnd(_message.Message):
    __slots__ = ("snapshot",)
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    snapshot: int
    def __init__(self, snapshot: _Optional[int] = ...) -> None: ...

class ChangeBatch(_message.Message):
    __slots__ = ("batch", "snapshot", "observations", "listings", "unchanged_directories", "problems", "cursor")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    LISTINGS_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_DIRECTORIES_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    batch: int
    snapshot: int
    observations: _containers.RepeatedCompositeFieldContainer[_observation_pb2.Observation]
    listings: _containers.RepeatedCompositeFieldContainer[DirectoryListing]
    unchanged_directories: _containers.RepeatedScalarFieldContainer[str]
    problems: _containers.RepeatedCompositeFieldContainer[Problem]
    cursor: bytes
    def __init__(self, batch: _Optional[int] = ..., snapshot: _Optional[int] = ..., observations: _Optional[_Iterable[_Union[_observation_pb2.Observation, _Mapping]]] = ..., listings: _Optional[_Iterable[_Union[DirectoryListing, _Mapping]]] = ..., unchanged_directories: _Optional[_Iterable[str]] = ..., problems: _Optional[_Iterable[_Union[Problem, _Mapping]]] = ..., cursor: _Optional[bytes] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RootReport(_message.Message):
    __slots__ = ("state", "reason")
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    state: RootState
    reason: str
    def __init__(self, state: _Optional[_Union[RootState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class Lookup(_message.Message):
    __slots__ = ("lookup", "paths")
    LOOKUP_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    lookup: int
    paths: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, lookup: _Optional[int] = ..., paths: _Optional[_Iterable[str]] = ...) -> None: ...

class RevisionNote(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class WatchChangesResponse(_message.Message):
    __slots__ = ("snapshot_begin", "batch", "snapshot_end", "heartbeat", "root", "lookup", "revision_note")
    SNAPSHOT_BEGIN_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_END_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    LOOKUP_FIELD_NUMBER: _ClassVar[int]
    REVISION_NOTE_FIELD_NUMBER: _ClassVar[int]
    snapshot_begin: SnapshotBegin
    batch: ChangeBatch
    snapshot_end: SnapshotEnd
    heartbeat: Heartbeat
    root: RootReport
    lookup: Lookup
    revision_note: RevisionNote
    def __init__(self, snapshot_begin: _Optional[_Union[SnapshotBegin, _Mapping]] = ..., batch: _Optional[_Union[ChangeBatch, _Mapping]] = ..., snapshot_end: _Optional[_Union[SnapshotEnd, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., root: _Optional[_Union[RootReport, _Mapping]] = ..., lookup: _Optional[_Union[Lookup, _Mapping]] = ..., revision_note: _Optional[_Union[RevisionNote, _Mapping]] = ...) -> None: ...
