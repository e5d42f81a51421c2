"""The methods of the API that the fake has: each takes what was asked, and returns a resource."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from tests.functional.servers.google_drive import language
from tests.functional.servers.google_drive.content import EXPORTS, FOLDER, SHORTCUT, Content, File
from tests.functional.servers.google_drive.faults import Refused, stale_token
from tests.functional.servers.google_drive.resources import (
    about_of,
    change_of,
    drive_of,
    file_of,
    revision_of,
)

Json = dict[str, Any]

EXPORT_LIMIT = 10 * 1024 * 1024
"""Bytes: https://developers.google.com/workspace/drive/api/reference/rest/v3/files/export"""

_ALL = ("supportsAllDrives", "supportsTeamDrives")


@attrs.frozen
class Bytes:
    """Content as an answer."""

    content: bytes
    kind: str


class Requests:
    """The methods.

    Args:
        content: What they are about.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._pages: dict[str, tuple[str, list[str]]] = {}
        self._methods: dict[str, Callable[[Mapping[str, str], Json], Json | Bytes | None]] = {
            "drive.about.get": self._about,
            "drive.changes.getStartPageToken": self._start,
            "drive.changes.list": self._changes,
            "drive.drives.get": self._drive,
            "drive.drives.list": self._drives,
            "drive.files.copy": self._copy,
            "drive.files.create": self._create,
            "drive.files.delete": self._delete,
            "drive.files.export": self._export,
            "drive.files.generateIds": self._generate,
            "drive.files.get": self._get,
            "drive.files.list": self._list,
            "drive.files.update": self._update,
            "drive.revisions.delete": self._delete_revision,
            "drive.revisions.get": self._revision,
            "drive.revisions.list": self._revisions,
            "drive.revisions.update": self._update_revision,
        }

    def carry_out(self, method: str, asked: Mapping[str, str], body: Json) -> Json | Bytes | None:
        """Carries a method out.

        Args:
            method: Its id.
            asked: What stands in the path and in the query.
            body: The resource that was sent.

        Raises:
            Refused: It is refused.
        """
        known = self._methods.get(method)
        if known is None:
            raise Refused(501, "notImplemented", f"the fake has no {method}")
        with self._content.mutex:
            return known(asked, body)

    # Files.

    def find(self, asked: Mapping[str, str], key: str = "fileId") -> File:
        """Returns the file that is asked about; those in shared drives only for who knows of them."""
        file = self._content.get(asked[key])
        if file is None or (file.drive is not None and not any(asked.get(name) == "true" for name in _ALL)):
            raise Refused(404, "notFound", f"File not found: {asked[key]}.", key)
        return file

    def _about(self, asked: Mapping[str, str], _body: Json) -> Json:
        if "fields" not in asked:
            message = "The 'fields' parameter is required for this method."
            raise Refused(400, "required", message, "fields")
        return about_of(self._content)

    def _get(self, asked: Mapping[str, str], _body: Json) -> Json | Bytes:
        file = self.find(asked)
        if asked.get("alt") != "media":
            return file_of(self._content, file)
        if not file.revisions:
            message = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
            raise Refused(403, "fileNotDownloadable", message)
        return Bytes(file.revisions[-1].content, file.mime)

    def _export(self, asked: Mapping[str, str], _body: Json) -> Bytes:
        file = self.find({**asked, "supportsAllDrives": "true"})
        if file.mime not in EXPORTS:
            raise Refused(403, "fileNotExportable", "Export only supports Docs Editors files.")
        if asked.get("mimeType") not in EXPORTS[file.mime]:
            raise Refused(400, "badRequest", "The requested conversion is not supported.", "convertTo")
        if len(file.document) > EXPORT_LIMIT:
            raise Refused(403, "exportSizeLimitExceeded", "This file is too large to be exported.")
        return Bytes(file.document, asked["mimeType"])

    def _generate(self, asked: Mapping[str, str], _body: Json) -> Json:
        count = int(asked.get("count", 10))
        if not 1 <= count <= 1_000:
            raise Refused(400, "invalidParameter", f"Invalid value '{count}'. Values must be within 1..1000", "count")
        return {"kind": "drive#generatedIds", "space": "drive", "ids": self._content.generate(count)}

    def _list(self, asked: Mapping[str, str], _body: Json) -> Json:
        size = _page_size(asked)
        if "pageToken" in asked:
            query, left = self._pages.get(asked["pageToken"], ("", []))
            if asked["pageToken"] not in self._pages or query != asked.get("q", ""):
                raise stale_token()
        else:
            left = self._matching(asked)
        page, rest = left[:size], left[size:]
        files = [self._content.files[one] for one in page if one in self._content.files]
        found: Json = {
            "kind": "drive#fileList",
            "incompleteSearch": False,
            "files": [file_of(self._content, one) for one in files],
        }
        if rest:
            token = f"~!!~{secrets.token_urlsafe(24)}"
            self._pages[token] = (asked.get("q", ""), rest)
            found["nextPageToken"] = token
        return found

    def _matching(self, asked: Mapping[str, str]) -> list[str]:
        drive = asked.get("driveId") or asked.get("teamDriveId")
        try:
            test = language.parse_query(asked.get("q", ""))
        except language.Invalid as error:
            raise Refused(400, "invalid", f"Invalid Value: {error}", "q") from error
        if drive is not None and drive not in self._content.drives:
            raise Refused(404, "notFound", f"Shared drive not found: {drive}", "driveId")
        if drive is not None and asked.get("corpora") != "drive" and "teamDriveId" not in asked:
            raise Refused(400, "invalid", "The driveId must be specified if and only if corpora is set to drive.")
        alias = asked.get("q", "")
        everywhere = asked.get("includeItemsFromAllDrives") == "true"
        found = []
        folder = language.folder_meant(alias)
        folder = self._content.root if folder == "root" else folder
        for file in self._content.files.values() if folder is None else self._content.children(folder):
            if file.parent is None or (file.drive != drive if drive or not everywhere else False):
                continue
            shown = file_of(self._content, file)
            if "'root'" in alias and file.parent == self._content.root:
                shown["parents"] = ["root", *shown["parents"]]
            if test(shown):
                found.append(file)
        order = asked.get("orderBy", "")
        found.sort(key=lambda file: file.name if order.startswith("name") else file.modified, reverse=not order)
        return [file.id for file in found]

    def create(self, asked: Mapping[str, str], body: Json, content: bytes | None) -> Json:
        """Makes a file.

        Raises:
            Refused: It is not made.
        """
        parents = body.get("parents") or ["root"]
        if len(parents) > 1:
            raise Refused(403, "teamDrivesParentLimit", "A file cannot have more than one parent.")
        above = self.find({**asked, "parents": parents[0]}, "parents")
        if above.mime != FOLDER:
            raise Refused(403, "parentNotAFolder", "The specified parent is not a folder.", "parents")
        file_id = body.get("id")
        if file_id is not None and self._content.get(file_id) is not None:
            raise Refused(409, "fileIdInUse", "A file already exists with the provided ID.", "file.id")
        if file_id is not None and not self._content.is_usable(file_id):
            raise Refused(400, "invalid", "The provided file ID is not usable.", "file.id")
        self._require_room(len(content or b""))
        mime = body.get("mimeType") or ("application/octet-stream" if content is not None else "")
        if content is None and not (mime or "").startswith("application/vnd.google-apps."):
            content, mime = b"", mime or "application/octet-stream"
        target = body.get("shortcutDetails", {}).get("targetId", "")
        file = self._content.create(
            body.get("name") or "Untitled",
            parent=above.id,
            mime=mime,
            content=content,
            file_id=file_id,
            target=target if mime == SHORTCUT else "",
        )
        if "createdTime" in body:
            file.created = body["createdTime"]
        self._take(file, body)
        return file_of(self._content, file)

    def update(self, asked: Mapping[str, str], body: Json, content: bytes | None) -> Json:
        """Changes a file.

        Raises:
            Refused: It is not changed.
        """
        file = self.find(asked)
        if "parents" in body:
            message = "The parents field is not directly writable in update requests. Use addParents/removeParents."
            raise Refused(403, "fieldNotWritable", message)
        if content is not None:
            if not file.revisions:
                raise Refused(403, "fileNotWritable", "The content of this file cannot be changed.")
            self._require_room(len(content))
            self._content.write(file, content)
        if asked.get("addParents"):
            self._move(file, asked)
        if "trashed" in body and body["trashed"] != (file.trashed is not None):
            if file.parent is None:
                raise Refused(403, "insufficientFilePermissions", "A root cannot go to the trash.")
            self._content.trash(file, into=body["trashed"])
        self._take(file, body)
        self._content.touch(file)
        return file_of(self._content, file)

    def _move(self, file: File, asked: Mapping[str, str]) -> None:
        above = self.find({**asked, "addParents": asked["addParents"]}, "addParents")
        if above.mime != FOLDER:
            raise Refused(403, "parentNotAFolder", "The specified parent is not a folder.", "addParents")
        if self._content.is_below(above.id, file.id):
            raise Refused(403, "cyclicMembership", "A folder cannot lie in itself.")
        if file.parent != above.id and asked.get("removeParents") not in {file.parent, "root"}:
            raise Refused(403, "cannotAddParent", "Increasing the number of parents is not allowed")
        self._content.move(file, above.id)

    def _take(self, file: File, body: Json) -> None:
        if body.get("name"):
            file.name = body["name"]
        if body.get("mimeType") and file.revisions:
            file.mime = body["mimeType"]
        if body.get("modifiedTime"):
            # Whatever precision it is given with, it is kept with milliseconds.
            file.modified = f"{body['modifiedTime'][:19]}.{(body['modifiedTime'][20:].rstrip('Z') + '000')[:3]}Z"
        file.description = body.get("description", file.description)
        file.starred = body.get("starred", file.starred)
        for name, kept in (("properties", file.properties), ("appProperties", file.app_properties)):
            for key, value in body.get(name, {}).items():
                kept.pop(key, None) if value is None else kept.update({key: value})

    def _require_room(self, size: int) -> None:
        if self._content.limit is not None and self._content.used + size > self._content.limit:
            message = "The user's Drive storage quota has been exceeded."
            raise Refused(403, "storageQuotaExceeded", message)

    def _create(self, asked: Mapping[str, str], body: Json) -> Json:
        return self.create(asked, body, None)

    def _update(self, asked: Mapping[str, str], body: Json) -> Json:
        return self.update(asked, body, None)

    def _copy(self, asked: Mapping[str, str], body: Json) -> Json:
        source = self.find(asked)
        if source.mime == FOLDER:
            raise Refused(403, "fileNotCopyable", "This file cannot be copied by the user.")
        content = source.revisions[-1].content if source.revisions else None
        parents = body.get("parents") or [source.parent]
        told = {"name": f"Copy of {source.name}", "mimeType": source.mime, **body, "parents": parents}
        return self.create(asked, told, content)

    def _delete(self, asked: Mapping[str, str], _body: Json) -> None:
        self._content.delete(self.find(asked))

    # Revisions.

    def _revisions(self, asked: Mapping[str, str], _body: Json) -> Json:
        file = self.find({**asked, "supportsAllDrives": "true"})
        begin = int(asked.get("pageToken", 0))
        end = begin + _page_size(asked, 200)
        shown = [revision_of(file, one) for one in file.revisions[begin:end]]
        found: Json = {"kind": "drive#revisionList", "revisions": shown}
        if end < len(file.revisions):
            found["nextPageToken"] = str(end)
        return found

    def _one_revision(self, asked: Mapping[str, str]) -> tuple[File, int]:
        file = self.find({**asked, "supportsAllDrives": "true"})
        for number, revision in enumerate(file.revisions):
            if asked["revisionId"] in {revision.id, "head" if number == len(file.revisions) - 1 else None}:
                return file, number
        raise Refused(404, "notFound", f"Revision not found: {asked['revisionId']}.", "revisionId")

    def _revision(self, asked: Mapping[str, str], _body: Json) -> Json | Bytes:
        file, number = self._one_revision(asked)
        if asked.get("alt") == "media":
            return Bytes(file.revisions[number].content, file.mime)
        return revision_of(file, file.revisions[number])

    def _update_revision(self, asked: Mapping[str, str], body: Json) -> Json:
        file, number = self._one_revision(asked)
        file.revisions[number].keep = body.get("keepForever", file.revisions[number].keep)
        return revision_of(file, file.revisions[number])

    def _delete_revision(self, asked: Mapping[str, str], _body: Json) -> None:
        file, number = self._one_revision(asked)
        if len(file.revisions) == 1:
            raise Refused(403, "cannotDeleteOnlyRevision", "The last revision of a file cannot be deleted.")
        del file.revisions[number]
        self._content.touch(file)

    # Changes, and shared drives.

    def _start(self, asked: Mapping[str, str], _body: Json) -> Json:
        self._drive_of(asked)
        return {"kind": "drive#startPageToken", "startPageToken": str(self._content.place)}

    def _drive_of(self, asked: Mapping[str, str]) -> str | None:
        drive = asked.get("driveId") or asked.get("teamDriveId")
        if drive is not None and drive not in self._content.drives:
            raise Refused(404, "notFound", f"Shared drive not found: {drive}", "driveId")
        return drive

    def _changes(self, asked: Mapping[str, str], _body: Json) -> Json:
        place = asked.get("pageToken", "")
        if not place.isdigit() or int(place) > self._content.place:
            raise stale_token()
        changed = self._content.changed_since(int(place), self._drive_of(asked))
        size = _page_size(asked)
        page = changed[:size]
        found: Json = {
            "kind": "drive#changeList",
            "changes": [change_of(self._content, file_id) for _, file_id in page],
        }
        if asked.get("includeRemoved") == "false":
            found["changes"] = [change for change in found["changes"] if not change["removed"]]
        if len(changed) > size:
            found["nextPageToken"] = str(page[-1][0])
        else:
            found["newStartPageToken"] = str(self._content.place)
        return found

    def _drive(self, asked: Mapping[str, str], _body: Json) -> Json:
        if asked["driveId"] not in self._content.drives:
            raise Refused(404, "notFound", f"Shared drive not found: {asked['driveId']}", "driveId")
        return drive_of(self._content, asked["driveId"])

    def _drives(self, _asked: Mapping[str, str], _body: Json) -> Json:
        shown = [drive_of(self._content, drive) for drive in self._content.drives]
        return {"kind": "drive#driveList", "drives": shown}


def _page_size(asked: Mapping[str, str], default: int = 100) -> int:
    size = int(asked.get("pageSize", default))
    if not 1 <= size <= 1_000:
        message = f"Invalid value '{size}'. Values must be within the range: [1, 1000]"
        raise Refused(400, "invalidParameter", message, "pageSize")
    return size
