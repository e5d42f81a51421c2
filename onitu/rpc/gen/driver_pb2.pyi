from google.protobuf import struct_pb2 as _struct_pb2
from onitu.rpc.gen import manifest_pb2 as _manifest_pb2
from onitu.rpc.gen import observation_pb2 as _observation_pb2
from onitu.rpc.gen import operation_pb2 as _operation_pb2
from onitu.rpc.gen import watch_pb2 as _watch_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODE_UNSPECIFIED: _ClassVar[Mode]
    MODE_READ: _ClassVar[Mode]
    MODE_WRITE: _ClassVar[Mode]
    MODE_READ_WRITE: _ClassVar[Mode]
MODE_UNSPECIFIED: Mode
MODE_READ: Mode
MODE_WRITE: Mode
MODE_READ_WRITE: Mode

class GetManifestRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetManifestResponse(_message.Message):
    __slots__ = ("manifest",)
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    manifest: _manifest_pb2.Manifest
    def __init__(self, manifest: _Optional[_Union[_manifest_pb2.Manifest, _Mapping]] = ...) -> None: ...

class FolderMapping(_message.Message):
    __slots__ = ("name", "path", "mode", "options", "root_id", "symlinks")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    ROOT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMLINKS_FIELD_NUMBER: _ClassVar[int]
    name: str
    path: str
    mode: Mode
    options: _struct_pb2.Struct
    root_id: str
    symlinks: bool
    def __init__(self, name: _Optional[str] = ..., path: _Optional[str] = ..., mode: _Optional[_Union[Mode, str]] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., root_id: _Optional[str] = ..., symlinks: _Optional[bool] = ...) -> None: ...

class ConfigureRequest(_message.Message):
    __slots__ = ("service", "setup_id", "generation", "options", "folders", "changes_timer", "implicit_folder")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    SETUP_ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    FOLDERS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_TIMER_FIELD_NUMBER: _ClassVar[int]
    IMPLICIT_FOLDER_FIELD_NUMBER: _ClassVar[int]
    service: str
    setup_id: str
    generation: int
    options: _struct_pb2.Struct
    folders: _containers.RepeatedCompositeFieldContainer[FolderMapping]
    changes_timer: float
    implicit_folder: bool
    def __init__(self, service: _Optional[str] = ..., setup_id: _Optional[str] = ..., generation: _Optional[int] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., folders: _Optional[_Iterable[_Union[FolderMapping, _Mapping]]] = ..., changes_timer: _Optional[float] = ..., implicit_folder: _Optional[bool] = ...) -> None: ...

class FolderReport(_message.Message):
    __slots__ = ("name", "path", "root_state", "root_id", "reason", "local_root")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ROOT_STATE_FIELD_NUMBER: _ClassVar[int]
    ROOT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ROOT_FIELD_NUMBER: _ClassVar[int]
    name: str
    path: str
    root_state: _watch_pb2.RootState
    root_id: str
    reason: str
    local_root: str
    def __init__(self, name: _Optional[str] = ..., path: _Optional[str] = ..., root_state: _Optional[_Union[_watch_pb2.RootState, str]] = ..., root_id: _Optional[str] = ..., reason: _Optional[str] = ..., local_root: _Optional[str] = ...) -> None: ...

class ConfigureResponse(_message.Message):
    __slots__ = ("capabilities", "folders", "limits")
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    FOLDERS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    capabilities: _manifest_pb2.Capabilities
    folders: _containers.RepeatedCompositeFieldContainer[FolderReport]
    limits: _manifest_pb2.Limits
    def __init__(self, capabilities: _Optional[_Union[_manifest_pb2.Capabilities, _Mapping]] = ..., folders: _Optional[_Iterable[_Union[FolderReport, _Mapping]]] = ..., limits: _Optional[_Union[_manifest_pb2.Limits, _Mapping]] = ...) -> None: ...

class NormalizePathRequest(_message.Message):
    __slots__ = ("folder", "paths")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    folder: str
    paths: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, folder: _Optional[str] = ..., paths: _Optional[_Iterable[str]] = ...) -> None: ...

class NormalizePathResponse(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, keys: _Optional[_Iterable[str]] = ...) -> None: ...

class SetChunkSizeRequest(_message.Message):
    __slots__ = ("chunk_size",)
    CHUNK_SIZE_FIELD_NUMBER: _ClassVar[int]
    chunk_size: int
    def __init__(self, chunk_size: _Optional[int] = ...) -> None: ...

class SetChunkSizeResponse(_message.Message):
    __slots__ = ("chunk_size",)
    CHUNK_SIZE_FIELD_NUMBER: _ClassVar[int]
    chunk_size: int
    def __init__(self, chunk_size: _Optional[int] = ...) -> None: ...

class CloseRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CloseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BeginAuthorizationRequest(_message.Message):
    __slots__ = ("options", "redirect_uri")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    REDIRECT_URI_FIELD_NUMBER: _ClassVar[int]
    options: _struct_pb2.Struct
    redirect_uri: str
    def __init__(self, options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., redirect_uri: _Optional[str] = ...) -> None: ...

class BeginAuthorizationResponse(_message.Message):
    __slots__ = ("authorization_uri", "session")
    AUTHORIZATION_URI_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    authorization_uri: str
    session: bytes
    def __init__(self, authorization_uri: _Optional[str] = ..., session: _Optional[bytes] = ...) -> None: ...

class FinishAuthorizationRequest(_message.Message):
    __slots__ = ("session", "answer")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    answer: str
    def __init__(self, session: _Optional[bytes] = ..., answer: _Optional[str] = ...) -> None: ...

class FinishAuthorizationResponse(_message.Message):
    __slots__ = ("credentials", "account")
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    credentials: _struct_pb2.Struct
    account: str
    def __init__(self, credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., account: _Optional[str] = ...) -> None: ...

class StatFilesRequest(_message.Message):
    __slots__ = ("folder", "paths", "digest_algorithm")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    folder: str
    paths: _containers.RepeatedScalarFieldContainer[str]
    digest_algorithm: str
    def __init__(self, folder: _Optional[str] = ..., paths: _Optional[_Iterable[str]] = ..., digest_algorithm: _Optional[str] = ...) -> None: ...

class StatFilesResponse(_message.Message):
    __slots__ = ("observations",)
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    observations: _containers.RepeatedCompositeFieldContainer[_observation_pb2.Observation]
    def __init__(self, observations: _Optional[_Iterable[_Union[_observation_pb2.Observation, _Mapping]]] = ...) -> None: ...

class GetChunkRequest(_message.Message):
    __slots__ = ("folder", "path", "revision", "offset", "size")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    folder: str
    path: str
    revision: str
    offset: int
    size: int
    def __init__(self, folder: _Optional[str] = ..., path: _Optional[str] = ..., revision: _Optional[str] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class GetChunkResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class GetFileRequest(_message.Message):
    __slots__ = ("folder", "path", "revision", "offset")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    folder: str
    path: str
    revision: str
    offset: int
    def __init__(self, folder: _Optional[str] = ..., path: _Optional[str] = ..., revision: _Optional[str] = ..., offset: _Optional[int] = ...) -> None: ...

class GetFileResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class PinnedFile(_message.Message):
    __slots__ = ("path", "revision")
    PATH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    path: str
    revision: str
    def __init__(self, path: _Optional[str] = ..., revision: _Optional[str] = ...) -> None: ...

class GetFilesRequest(_message.Message):
    __slots__ = ("folder", "files")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    folder: str
    files: _containers.RepeatedCompositeFieldContainer[PinnedFile]
    def __init__(self, folder: _Optional[str] = ..., files: _Optional[_Iterable[_Union[PinnedFile, _Mapping]]] = ...) -> None: ...

class FetchedFile(_message.Message):
    __slots__ = ("data", "error")
    DATA_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    error: _operation_pb2.OperationError
    def __init__(self, data: _Optional[bytes] = ..., error: _Optional[_Union[_operation_pb2.OperationError, _Mapping]] = ...) -> None: ...

class GetFilesResponse(_message.Message):
    __slots__ = ("files",)
    FILES_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[FetchedFile]
    def __init__(self, files: _Optional[_Iterable[_Union[FetchedFile, _Mapping]]] = ...) -> None: ...

class StartUploadRequest(_message.Message):
    __slots__ = ("folder", "upload")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    folder: str
    upload: _operation_pb2.Upload
    def __init__(self, folder: _Optional[str] = ..., upload: _Optional[_Union[_operation_pb2.Upload, _Mapping]] = ...) -> None: ...

class StartUploadResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: str
    def __init__(self, session: _Optional[str] = ...) -> None: ...

class UploadChunkRequest(_message.Message):
    __slots__ = ("folder", "session", "offset", "data", "local_file", "size")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FILE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    folder: str
    session: str
    offset: int
    data: bytes
    local_file: _operation_pb2.LocalFile
    size: int
    def __init__(self, folder: _Optional[str] = ..., session: _Optional[str] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., local_file: _Optional[_Union[_operation_pb2.LocalFile, _Mapping]] = ..., size: _Optional[int] = ...) -> None: ...

class UploadChunkResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RestartUploadRequest(_message.Message):
    __slots__ = ("folder", "session", "upload", "offset")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    folder: str
    session: str
    upload: _operation_pb2.Upload
    offset: int
    def __init__(self, folder: _Optional[str] = ..., session: _Optional[str] = ..., upload: _Optional[_Union[_operation_pb2.Upload, _Mapping]] = ..., offset: _Optional[int] = ...) -> None: ...

class RestartUploadResponse(_message.Message):
    __slots__ = ("offset",)
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    offset: int
    def __init__(self, offset: _Optional[int] = ...) -> None: ...

class EndUploadRequest(_message.Message):
    __slots__ = ("folder", "session", "upload")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    folder: str
    session: str
    upload: _operation_pb2.Upload
    def __init__(self, folder: _Optional[str] = ..., session: _Optional[str] = ..., upload: _Optional[_Union[_operation_pb2.Upload, _Mapping]] = ...) -> None: ...

class EndUploadResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class AbortUploadRequest(_message.Message):
    __slots__ = ("folder", "session")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    folder: str
    session: str
    def __init__(self, folder: _Optional[str] = ..., session: _Optional[str] = ...) -> None: ...

class AbortUploadResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UploadFileRequest(_message.Message):
    __slots__ = ("start", "data")
    START_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    start: UploadFileStart
    data: bytes
    def __init__(self, start: _Optional[_Union[UploadFileStart, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class UploadFileStart(_message.Message):
    __slots__ = ("folder", "upload")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    folder: str
    upload: _operation_pb2.Upload
    def __init__(self, folder: _Optional[str] = ..., upload: _Optional[_Union[_operation_pb2.Upload, _Mapping]] = ...) -> None: ...

class UploadFileResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class DeleteFileRequest(_message.Message):
    __slots__ = ("folder", "deletion")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    DELETION_FIELD_NUMBER: _ClassVar[int]
    folder: str
    deletion: _operation_pb2.Deletion
    def __init__(self, folder: _Optional[str] = ..., deletion: _Optional[_Union[_operation_pb2.Deletion, _Mapping]] = ...) -> None: ...

class DeleteFileResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class MoveFileRequest(_message.Message):
    __slots__ = ("folder", "move")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    folder: str
    move: _operation_pb2.Move
    def __init__(self, folder: _Optional[str] = ..., move: _Optional[_Union[_operation_pb2.Move, _Mapping]] = ...) -> None: ...

class MoveFileResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class MakeDirectoryRequest(_message.Message):
    __slots__ = ("folder", "directory_creation")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    DIRECTORY_CREATION_FIELD_NUMBER: _ClassVar[int]
    folder: str
    directory_creation: _operation_pb2.DirectoryCreation
    def __init__(self, folder: _Optional[str] = ..., directory_creation: _Optional[_Union[_operation_pb2.DirectoryCreation, _Mapping]] = ...) -> None: ...

class MakeDirectoryResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class SetAttributesRequest(_message.Message):
    __slots__ = ("folder", "attribute_change")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTE_CHANGE_FIELD_NUMBER: _ClassVar[int]
    folder: str
    attribute_change: _operation_pb2.AttributeChange
    def __init__(self, folder: _Optional[str] = ..., attribute_change: _Optional[_Union[_operation_pb2.AttributeChange, _Mapping]] = ...) -> None: ...

class SetAttributesResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class CopyFileRequest(_message.Message):
    __slots__ = ("folder", "copy")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    COPY_FIELD_NUMBER: _ClassVar[int]
    folder: str
    copy: _operation_pb2.Copy
    def __init__(self, folder: _Optional[str] = ..., copy: _Optional[_Union[_operation_pb2.Copy, _Mapping]] = ...) -> None: ...

class CopyFileResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class WriteSymlinkRequest(_message.Message):
    __slots__ = ("folder", "symlink_write")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    SYMLINK_WRITE_FIELD_NUMBER: _ClassVar[int]
    folder: str
    symlink_write: _operation_pb2.SymlinkWrite
    def __init__(self, folder: _Optional[str] = ..., symlink_write: _Optional[_Union[_operation_pb2.SymlinkWrite, _Mapping]] = ...) -> None: ...

class WriteSymlinkResponse(_message.Message):
    __slots__ = ("observation",)
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    observation: _observation_pb2.Observation
    def __init__(self, observation: _Optional[_Union[_observation_pb2.Observation, _Mapping]] = ...) -> None: ...

class SyncRequest(_message.Message):
    __slots__ = ("folder",)
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    folder: str
    def __init__(self, folder: _Optional[str] = ...) -> None: ...

class SyncResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ApplyBatchRequest(_message.Message):
    __slots__ = ("folder", "operations")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    folder: str
    operations: _containers.RepeatedCompositeFieldContainer[_operation_pb2.Operation]
    def __init__(self, folder: _Optional[str] = ..., operations: _Optional[_Iterable[_Union[_operation_pb2.Operation, _Mapping]]] = ...) -> None: ...

class ApplyBatchResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_operation_pb2.OperationResult]
    def __init__(self, results: _Optional[_Iterable[_Union[_operation_pb2.OperationResult, _Mapping]]] = ...) -> None: ...

class ListTrashRequest(_message.Message):
    __slots__ = ("folder", "path", "after")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    folder: str
    path: str
    after: str
    def __init__(self, folder: _Optional[str] = ..., path: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class KeptEntry(_message.Message):
    __slots__ = ("id", "path", "kind", "size", "mtime_ns", "kept_at_ns", "link_target", "executable")
    ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    MTIME_NS_FIELD_NUMBER: _ClassVar[int]
    KEPT_AT_NS_FIELD_NUMBER: _ClassVar[int]
    LINK_TARGET_FIELD_NUMBER: _ClassVar[int]
    EXECUTABLE_FIELD_NUMBER: _ClassVar[int]
    id: str
    path: str
    kind: _observation_pb2.FileKind
    size: int
    mtime_ns: int
    kept_at_ns: int
    link_target: str
    executable: bool
    def __init__(self, id: _Optional[str] = ..., path: _Optional[str] = ..., kind: _Optional[_Union[_observation_pb2.FileKind, str]] = ..., size: _Optional[int] = ..., mtime_ns: _Optional[int] = ..., kept_at_ns: _Optional[int] = ..., link_target: _Optional[str] = ..., executable: _Optional[bool] = ...) -> None: ...

class ListTrashResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[KeptEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[KeptEntry, _Mapping]]] = ...) -> None: ...

class ReadTrashRequest(_message.Message):
    __slots__ = ("folder", "id", "offset", "size")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    folder: str
    id: str
    offset: int
    size: int
    def __init__(self, folder: _Optional[str] = ..., id: _Optional[str] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class ReadTrashResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class EmptyTrashRequest(_message.Message):
    __slots__ = ("folder", "ids")
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    folder: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, folder: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ...) -> None: ...

class EmptyTrashResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
