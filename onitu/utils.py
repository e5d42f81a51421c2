"""Public helpers that drivers and tests of Onitu 0.1 already know: file ids, MIME types, installed drivers, signals.

They read nothing but their arguments, the installed packages and the shipped table: `get_mimetype` never asks the
system, so that two machines agree on the type of a name.
"""

from __future__ import annotations

import signal
import sys
import uuid
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    TMPDIR: str
    """Where temporary files belong on this machine."""

P = ParamSpec("P")

NAMESPACE_ONITU: Final = uuid.UUID("bcd336f2-d023-4856-bc92-e79dd24b64d7")
"""The namespace of all file ids."""

IS_WINDOWS: Final = sys.platform == "win32"
"""Whether this is Windows."""

UNKNOWN_TYPE: Final = "application/octet-stream"
"""The type of a name whose ending is not in the table."""

_EXIT_SIGNALS: Final = ("SIGILL", "SIGABRT", "SIGINT", "SIGTERM") if IS_WINDOWS else ("SIGINT", "SIGTERM", "SIGQUIT")

_TYPES: Final = {
    "application/epub+zip": "epub",
    "application/gzip": "gz tgz",
    "application/java-archive": "jar",
    "application/json": "json map",
    "application/msword": "doc dot",
    "application/ogg": "ogx",
    "application/pdf": "pdf",
    "application/postscript": "ai eps ps",
    "application/rtf": "rtf",
    "application/sql": "sql",
    "application/toml": "toml",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.ms-excel": "xls xlt",
    "application/vnd.ms-powerpoint": "pot pps ppt",
    "application/vnd.oasis.opendocument.graphics": "odg",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.rar": "rar",
    "application/vnd.sqlite3": "db sqlite sqlite3",
    "application/wasm": "wasm",
    "application/x-7z-compressed": "7z",
    "application/x-bittorrent": "torrent",
    "application/x-bzip2": "bz2",
    "application/x-debian-package": "deb",
    "application/x-iso9660-image": "iso",
    "application/x-msdownload": "dll exe",
    "application/x-rpm": "rpm",
    "application/x-sh": "bash sh",
    "application/x-subrip": "srt",
    "application/x-tar": "tar",
    "application/x-tex": "latex tex",
    "application/x-xz": "xz",
    "application/xml": "xml xsd xsl xslt",
    "application/yaml": "yaml yml",
    "application/zip": "zip",
    "application/zstd": "zst",
    "audio/aac": "aac",
    "audio/aiff": "aif aifc aiff",
    "audio/flac": "flac",
    "audio/midi": "mid midi",
    "audio/mp4": "m4a m4b",
    "audio/mpeg": "mp2 mp3 mpga",
    "audio/ogg": "oga ogg opus spx",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/x-matroska": "mka",
    "audio/x-mpegurl": "m3u m3u8",
    "audio/x-ms-wma": "wma",
    "font/collection": "ttc",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/jpeg": "jpe jpeg jpg",
    "image/jxl": "jxl",
    "image/png": "png",
    "image/svg+xml": "svg svgz",
    "image/tiff": "tif tiff",
    "image/vnd.adobe.photoshop": "psd",
    "image/vnd.microsoft.icon": "ico",
    "image/webp": "webp",
    "image/x-adobe-dng": "dng",
    "image/x-canon-cr2": "cr2",
    "image/x-nikon-nef": "nef",
    "image/x-portable-pixmap": "ppm",
    "image/x-sony-arw": "arw",
    "image/x-xcf": "xcf",
    "message/rfc822": "eml mht mhtml",
    "model/gltf-binary": "glb",
    "model/obj": "obj",
    "model/stl": "stl",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/html": "htm html",
    "text/javascript": "js mjs",
    "text/markdown": "markdown md",
    "text/plain": "conf def ini list log text txt",
    "text/tab-separated-values": "tsv",
    "text/vcard": "vcard vcf",
    "text/vtt": "vtt",
    "text/x-c": "c cc cpp cxx h hh hpp",
    "text/x-diff": "diff patch",
    "text/x-go": "go",
    "text/x-java": "java",
    "text/x-python": "py pyi",
    "text/x-rst": "rst",
    "text/x-rust": "rs",
    "text/x-typescript": "ts tsx",
    "video/3gpp": "3gp",
    "video/matroska": "mkv",
    "video/mp4": "m4v mp4 mpg4",
    "video/mpeg": "m1v m2v mpe mpeg mpg",
    "video/ogg": "ogv",
    "video/quicktime": "mov qt",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/x-ms-wmv": "wmv",
    "video/x-msvideo": "avi",
}
"""Media type (RFC 6838) to the endings of names that have it."""

_TYPE_OF_ENDING: Final = {ending: kind for kind, endings in _TYPES.items() for ending in endings.split()}


def __getattr__(name: str) -> str:
    # Finding the directory takes an import that costs every driver a twentieth of its start, and few ask for it.
    if name == "TMPDIR":
        import tempfile  # noqa: PLC0415  See above.

        return tempfile.gettempdir()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def get_fid(filename: str) -> str:
    """Returns the id under which the API shows a file.

    Args:
        filename: `<folder>/<path>`; in a setup of 0.1 the path alone.
    """
    return str(uuid.uuid5(NAMESPACE_ONITU, filename))


def get_mimetype(filename: str) -> str:
    """Returns the type of a file from its name alone, `application/octet-stream` where the table has none."""
    stem, dot, ending = filename.rpartition("/")[2].rpartition(".")
    if not dot or not stem:
        # A name like ".bashrc" has no ending.
        return UNKNOWN_TYPE
    return _TYPE_OF_ENDING.get(ending.lower(), UNKNOWN_TYPE)


def get_available_drivers() -> dict[str, EntryPoint]:
    """Returns the installed drivers by name; `load()` of one gives the package with its `start` and `plug`."""
    return {entry_point.name: entry_point for entry_point in entry_points(group="onitu.drivers")}


def at_exit(callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Calls the callback when the process is asked to end. To be called on the main thread.

    Replaces what these signals did before: whoever registers a callback also ends the process.

    Args:
        callback: Called with the arguments given here.
        args: Passed on.
        kwargs: Passed on.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        callback(*args, **kwargs)

    for name in _EXIT_SIGNALS:
        signal.signal(getattr(signal, name), on_signal)
