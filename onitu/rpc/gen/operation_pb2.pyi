import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from onitu.rpc.gen import observation_pb2 as _observation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Expectation(_message.Message):
    __slots__ = ("absent", "revision")
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    absent: _observation_pb2.Absent
    revision: str
    def __init__(self, absent: _Optional[_Union[_observation_pb2.Absent, _Mapping]] = ..., revision: _Optional[str] = ...) -> None: ...

class LocalFile(_message.Message):
    __slots__ = ("root", "path", "identity")
    ROOT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    root: str
    path: str
    identity: _observation_pb2.FileIdentity
    def __init__(self, root: _Optional[str] = ..., path: _Optional[str] = ..., identity: _Optional[_Union[_observation_pb2.FileIdentity, _Mapping]] = ...) -> None: ...

class Content(_message.Message):
    __slots__ = ("data", "local_file")
    DATA_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FILE_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    local_file: LocalFile
    def __init__(self, data: _Optional[bytes] = ..., local_file: _Optional[_Union[LocalFile, _Mapping]] = ...) -> None: ...

class Attributes(_message.Message):
    __slots__ = ("mtime_ns", "executable")
    MTIME_NS_FIELD_NUMBER: _ClassVar[int]
    EXECUTABLE_FIELD_NUMBER: _ClassVar[int]
    mtime_ns: int
    executable: bool
    def __init__(self, mtime_ns: _Optional[int] = ..., executable: _Optional[bool] = ...) -> None: ...

class Upload(_message.Message):
    __slots__ = ("path", "expectation", "size", "digest", "attributes", "extra")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTATION_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    EXTRA_FIELD_NUMBER: _ClassVar[int]
    path: str
    expectation: Expectation
    size: int
    digest: _observation_pb2.Digest
    attributes: Attributes
    extra: bytes
    def __init__(self, path: _Optional[str] = ..., expectation: _Optional[_Union[Expectation, _Mapping]] = ..., size: _Optional[int] = ..., digest: _Optional[_Union[_observation_pb2.Digest, _Mapping]] = ..., attributes: _Optional[_Union[Attributes, _Mapping]] = ..., extra: _Optional[bytes] = ...) -> None: ...

class Write(_message.Message):
    __slots__ = ("upload", "content")
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    upload: Upload
    content: Content
    def __init__(self, upload: _Optional[_Union[Upload, _Mapping]] = ..., content: _Optional[_Union[Content, _Mapping]] = ...) -> None: ...

class Deletion(_message.Message):
    __slots__ = ("path", "expectation")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTATION_FIELD_NUMBER: _ClassVar[int]
    path: str
    expectation: Expectation
    def __init__(self, path: _Optional[str] = ..., expectation: _Optional[_Union[Expectation, _Mapping]] = ...) -> None: ...

class Move(_message.Message):
    __slots__ = ("path", "expectation", "destination")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTATION_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    path: str
    expectation: Expectation
    destination: str
    def __init__(self, path: _Optional[str] = ..., expectation: _Optional[_Union[Expectation, _Mapping]] = ..., destination: _Optional[str] = ...) -> None: ...

class DirectoryCreation(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class AttributeChange(_message.Message):
    __slots__ = ("path", "expectation", "attributes")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTATION_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    path: str
    expectation: Expectation
    attributes: Attributes
    def __init__(self, path: _Optional[str] = ..., expectation: _Optional[_Union[Expectation, _Mapping]] = ..., attributes: _Optional[_Union[Attributes, _Mapping]] = ...) -> None: ...

class Copy(_message.Message):
    __slots__ = ("path", "expectation", "destination")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTATION_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    path: str
    expectation: Expectation
    destination: str
    def __init__(self, path: _Optional[str] = ..., expectation: _Optional[_Union[Expectation, _Mapping]] = ..., destination: _Optional[str] = ...) -> None: ...

class SymlinkWrite(_message.Message):
    __slots__ = ("path", "expectation", "target", "attributes")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTATION_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    path: str
    expectation: Expectation
    target: str
    attributes: Attributes
    def __init__(self, path: _Optional[str] = ..., expectation: _Optional[_Union[Expectation, _Mapping]] = ..., target: _Optional[str] = ..., attributes: _Optional[_Union[Attributes, _Mapping]] = ...) -> None: ...

class Operation(_message.Message):
    __slots__ = ("write", "deletion", "move", "directory_creation", "attribute_change", "copy", "symlink_write")
    WRITE_FIELD_NUMBER: _ClassVar[int]
    DELETION_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    DIRECTORY_CREATION_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTE_CHANGE_FIELD_NUMBER: _ClassVar[int]
    COPY_FIELD_NUMBER: _ClassVar[int]
    SYMLINK_WRITE_FIELD_NUMBER: _ClassVar[int]
    write: Write
    deletion: Deletion
    move: Move
    directory_creation: DirectoryCreation
    attribute_change: AttributeChange
    copy: Copy
    symlink_write: SymlinkWrite
    def __init__(self, write: _Optional[_Union[Write, _Mapping]] = ..., deletion: _Optional[_Union[Deletion, _Mapping]] = ..., move: _Optional[_Union[Move, _Mapping]] = ..., directory_creation: _Optional[_Union[DirectoryCreation, _Mapping]] = ..., attribute_change: _Optional[_Union[AttributeChange, _Mapping]] = ..., copy: _Optional[_Union[Copy, _Mapping]] = ..., symlink_write: _Optional[_Union[SymlinkWrite, _Mapping]] = ...) -> None: ...

class OperationError(_message.Message):
    __slots__ = ("code", "message", "retry_delay", "quota_exceeded", "sent")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    QUOTA_EXCEEDED_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    retry_delay: _duration_pb2.Duration
    quota_exceeded: bool
    sent: _containers.RepeatedCompositeFieldContainer[_observation_pb2.Digest]
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., retry_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., quota_exceeded: _Optional[bool] = ..., sent: _Optional[_Iterable[_Union[_observation_pb2.Digest, _Mapping]]] = ...) -> None: ...

class OperationResult(_message.Message):
    __slots__ = ("done", "error")
    DONE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    done: _observation_pb2.Observation
    error: OperationError
    def __init__(self, done: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ..., error: _Optional[_Union[OperationError, _Mapping]] = ...) -> None: ...
