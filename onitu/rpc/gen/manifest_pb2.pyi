from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OptionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPTION_TYPE_UNSPECIFIED: _ClassVar[OptionType]
    OPTION_TYPE_INTEGER: _ClassVar[OptionType]
    OPTION_TYPE_FLOAT: _ClassVar[OptionType]
    OPTION_TYPE_BOOLEAN: _ClassVar[OptionType]
    OPTION_TYPE_STRING: _ClassVar[OptionType]
    OPTION_TYPE_ENUMERATE: _ClassVar[OptionType]

class Conditional(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONDITIONAL_UNSPECIFIED: _ClassVar[Conditional]
    CONDITIONAL_ATOMIC: _ClassVar[Conditional]
    CONDITIONAL_BEST_EFFORT: _ClassVar[Conditional]
    CONDITIONAL_NONE: _ClassVar[Conditional]

class NameComparison(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NAME_COMPARISON_UNSPECIFIED: _ClassVar[NameComparison]
    NAME_COMPARISON_EXACT: _ClassVar[NameComparison]
    NAME_COMPARISON_NORMALIZED: _ClassVar[NameComparison]
    NAME_COMPARISON_CASE_INSENSITIVE: _ClassVar[NameComparison]
    NAME_COMPARISON_CUSTOM: _ClassVar[NameComparison]
OPTION_TYPE_UNSPECIFIED: OptionType
OPTION_TYPE_INTEGER: OptionType
OPTION_TYPE_FLOAT: OptionType
OPTION_TYPE_BOOLEAN: OptionType
OPTION_TYPE_STRING: OptionType
OPTION_TYPE_ENUMERATE: OptionType
CONDITIONAL_UNSPECIFIED: Conditional
CONDITIONAL_ATOMIC: Conditional
CONDITIONAL_BEST_EFFORT: Conditional
CONDITIONAL_NONE: Conditional
NAME_COMPARISON_UNSPECIFIED: NameComparison
NAME_COMPARISON_EXACT: NameComparison
NAME_COMPARISON_NORMALIZED: NameComparison
NAME_COMPARISON_CASE_INSENSITIVE: NameComparison
NAME_COMPARISON_CUSTOM: NameComparison

class Option(_message.Message):
    __slots__ = ("key", "name", "description", "type", "values", "default", "secret", "per_folder", "restricted")
    KEY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    PER_FOLDER_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_FIELD_NUMBER: _ClassVar[int]
    key: str
    name: str
    description: str
    type: OptionType
    values: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Value]
    default: _struct_pb2.Value
    secret: bool
    per_folder: bool
    restricted: bool
    def __init__(self, key: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., type: _Optional[_Union[OptionType, str]] = ..., values: _Optional[_Iterable[_Union[_struct_pb2.Value, _Mapping]]] = ..., default: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., secret: _Optional[bool] = ..., per_folder: _Optional[bool] = ..., restricted: _Optional[bool] = ...) -> None: ...

class Capabilities(_message.Message):
    __slots__ = ("watch", "apply_batch", "get_files", "whole_files", "chunks", "restart_upload", "move_file", "move_directory", "copy_file", "make_directory", "delete_file", "set_attributes", "stat_files", "sync", "staging", "trash", "native_ids", "executable", "symlinks", "mtime_precision_ns", "conditional", "name_comparison", "free_digests", "computed_digests", "local_files", "in_place", "local_chunks")
    WATCH_FIELD_NUMBER: _ClassVar[int]
    APPLY_BATCH_FIELD_NUMBER: _ClassVar[int]
    GET_FILES_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FILES_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    RESTART_UPLOAD_FIELD_NUMBER: _ClassVar[int]
    MOVE_FILE_FIELD_NUMBER: _ClassVar[int]
    MOVE_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    COPY_FILE_FIELD_NUMBER: _ClassVar[int]
    MAKE_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    DELETE_FILE_FIELD_NUMBER: _ClassVar[int]
    SET_ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    STAT_FILES_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    STAGING_FIELD_NUMBER: _ClassVar[int]
    TRASH_FIELD_NUMBER: _ClassVar[int]
    NATIVE_IDS_FIELD_NUMBER: _ClassVar[int]
    EXECUTABLE_FIELD_NUMBER: _ClassVar[int]
    SYMLINKS_FIELD_NUMBER: _ClassVar[int]
    MTIME_PRECISION_NS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONAL_FIELD_NUMBER: _ClassVar[int]
    NAME_COMPARISON_FIELD_NUMBER: _ClassVar[int]
    FREE_DIGESTS_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_DIGESTS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FILES_FIELD_NUMBER: _ClassVar[int]
    IN_PLACE_FIELD_NUMBER: _ClassVar[int]
    LOCAL_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    watch: bool
    apply_batch: bool
    get_files: bool
    whole_files: bool
    chunks: bool
    restart_upload: bool
    move_file: bool
    move_directory: bool
    copy_file: bool
    make_directory: bool
    delete_file: bool
    set_attributes: bool
    stat_files: bool
    sync: bool
    staging: bool
    trash: bool
    native_ids: bool
    executable: bool
    symlinks: bool
    mtime_precision_ns: int
    conditional: Conditional
    name_comparison: NameComparison
    free_digests: _containers.RepeatedScalarFieldContainer[str]
    computed_digests: _containers.RepeatedScalarFieldContainer[str]
    local_files: bool
    in_place: bool
    local_chunks: bool
    def __init__(self, watch: _Optional[bool] = ..., apply_batch: _Optional[bool] = ..., get_files: _Optional[bool] = ..., whole_files: _Optional[bool] = ..., chunks: _Optional[bool] = ..., restart_upload: _Optional[bool] = ..., move_file: _Optional[bool] = ..., move_directory: _Optional[bool] = ..., copy_file: _Optional[bool] = ..., make_directory: _Optional[bool] = ..., delete_file: _Optional[bool] = ..., set_attributes: _Optional[bool] = ..., stat_files: _Optional[bool] = ..., sync: _Optional[bool] = ..., staging: _Optional[bool] = ..., trash: _Optional[bool] = ..., native_ids: _Optional[bool] = ..., executable: _Optional[bool] = ..., symlinks: _Optional[bool] = ..., mtime_precision_ns: _Optional[int] = ..., conditional: _Optional[_Union[Conditional, str]] = ..., name_comparison: _Optional[_Union[NameComparison, str]] = ..., free_digests: _Optional[_Iterable[str]] = ..., computed_digests: _Optional[_Iterable[str]] = ..., local_files: _Optional[bool] = ..., in_place: _Optional[bool] = ..., local_chunks: _Optional[bool] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_message_bytes", "max_batch_items", "max_concurrency", "max_whole_file", "min_chunk_bytes")
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_BATCH_ITEMS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    MAX_WHOLE_FILE_FIELD_NUMBER: _ClassVar[int]
    MIN_CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    max_message_bytes: int
    max_batch_items: int
    max_concurrency: int
    max_whole_file: int
    min_chunk_bytes: int
    def __init__(self, max_message_bytes: _Optional[int] = ..., max_batch_items: _Optional[int] = ..., max_concurrency: _Optional[int] = ..., max_whole_file: _Optional[int] = ..., min_chunk_bytes: _Optional[int] = ...) -> None: ...

class Manifest(_message.Message):
    __slots__ = ("name", "description", "options", "velocity", "capabilities", "limits", "authorization")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    VELOCITY_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    options: _containers.RepeatedCompositeFieldContainer[Option]
    velocity: float
    capabilities: Capabilities
    limits: Limits
    authorization: bool
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., options: _Optional[_Iterable[_Union[Option, _Mapping]]] = ..., velocity: _Optional[float] = ..., capabilities: _Optional[_Union[Capabilities, _Mapping]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., authorization: _Optional[bool] = ...) -> None: ...
