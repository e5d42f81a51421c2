from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FileKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILE_KIND_UNSPECIFIED: _ClassVar[FileKind]
    FILE_KIND_FILE: _ClassVar[FileKind]
    FILE_KIND_DIRECTORY: _ClassVar[FileKind]
    FILE_KIND_SYMLINK: _ClassVar[FileKind]
FILE_KIND_UNSPECIFIED: FileKind
FILE_KIND_FILE: FileKind
FILE_KIND_DIRECTORY: FileKind
FILE_KIND_SYMLINK: FileKind

class Digest(_message.Message):
    __slots__ = ("algorithm", "value")
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    algorithm: str
    value: bytes
    def __init__(self, algorithm: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class FileIdentity(_message.Message):
    __slots__ = ("device", "inode", "size", "mtime_ns", "ctime_ns")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    INODE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    MTIME_NS_FIELD_NUMBER: _ClassVar[int]
    CTIME_NS_FIELD_NUMBER: _ClassVar[int]
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    def __init__(self, device: _Optional[int] = ..., inode: _Optional[int] = ..., size: _Optional[int] = ..., mtime_ns: _Optional[int] = ..., ctime_ns: _Optional[int] = ...) -> None: ...

class Present(_message.Message):
    __slots__ = ("kind", "size", "mtime_ns", "revision", "native_id", "executable", "link_target", "digests", "extra", "racy")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    MTIME_NS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    NATIVE_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTABLE_FIELD_NUMBER: _ClassVar[int]
    LINK_TARGET_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    EXTRA_FIELD_NUMBER: _ClassVar[int]
    RACY_FIELD_NUMBER: _ClassVar[int]
    kind: FileKind
    size: int
    mtime_ns: int
    revision: str
    native_id: str
    executable: bool
    link_target: str
    digests: _containers.RepeatedCompositeFieldContainer[Digest]
    extra: bytes
    racy: bool
    def __init__(self, kind: _Optional[_Union[FileKind, str]] = ..., size: _Optional[int] = ..., mtime_ns: _Optional[int] = ..., revision: _Optional[str] = ..., native_id: _Optional[str] = ..., executable: _Optional[bool] = ..., link_target: _Optional[str] = ..., digests: _Optional[_Iterable[_Union[Digest, _Mapping]]] = ..., extra: _Optional[bytes] = ..., racy: _Optional[bool] = ...) -> None: ...

class Absent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Unknown(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Inadmissible(_message.Message):
    __slots__ = ("reason", "revision", "native_id")
    REASON_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    NATIVE_ID_FIELD_NUMBER: _ClassVar[int]
    reason: str
    revision: str
    native_id: str
    def __init__(self, reason: _Optional[str] = ..., revision: _Optional[str] = ..., native_id: _Optional[str] = ...) -> None: ...

class Observation(_message.Message):
    __slots__ = ("path", "present", "absent", "unknown", "inadmissible", "moved_from", "observed_seq")
    PATH_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    INADMISSIBLE_FIELD_NUMBER: _ClassVar[int]
    MOVED_FROM_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_SEQ_FIELD_NUMBER: _ClassVar[int]
    path: str
    present: Present
    absent: Absent
    unknown: Unknown
    inadmissible: Inadmissible
    moved_from: str
    observed_seq: int
    def __init__(self, path: _Optional[str] = ..., present: _Optional[_Union[Present, _Mapping]] = ..., absent: _Optional[_Union[Absent, _Mapping]] = ..., unknown: _Optional[_Union[Unknown, _Mapping]] = ..., inadmissible: _Optional[_Union[Inadmissible, _Mapping]] = ..., moved_from: _Optional[str] = ..., observed_seq: _Optional[int] = ...) -> None: ...
