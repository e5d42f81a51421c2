"""How what lies in the fake is answered: as resources of the API."""

from __future__ import annotations

from typing import Any

from tests.functional.servers.google_drive.content import (
    EXPORTS,
    FOLDER,
    SHORTCUT,
    USER,
    Content,
    File,
    Revision,
    now,
)

Json = dict[str, Any]

#: The path of the links by which a document is exported without the API.
EXPORT_LINK = "/feeds/download/documents/export/Export"

#: What is answered where nobody says which fields are wanted.
DEFAULT_FILE = "kind,id,name,mimeType"


def file_of(content: Content, file: File) -> Json:
    """Returns a file as the API shows it."""
    trashed = content.is_trashed(file)
    found: Json = {
        "kind": "drive#file",
        "id": file.id,
        "name": file.name,
        "mimeType": file.mime,
        "starred": file.starred,
        "trashed": trashed,
        "explicitlyTrashed": file.trashed is not None,
        "version": str(file.version),
        "createdTime": file.created,
        "modifiedTime": file.modified,
        "ownedByMe": file.drive is None,
        "spaces": ["drive"],
        "webViewLink": f"https://drive.google.com/file/d/{file.id}/view",
        "capabilities": {
            "canDownload": file.mime != FOLDER,
            "canEdit": True,
            "canModifyContent": file.mime != FOLDER,
            "canTrash": file.parent is not None,
            "canRename": file.parent is not None,
            "canDelete": file.parent is not None,
            "canAddChildren": file.mime == FOLDER,
            "canListChildren": file.mime == FOLDER,
        },
    }
    if file.parent is not None:
        found["parents"] = [file.parent]
    if file.drive is None:
        found["owners"] = [USER]
    else:
        found["driveId"] = found["teamDriveId"] = file.drive
    if file.trashed is not None:
        found["trashedTime"] = file.trashed
    if file.properties:
        found["properties"] = dict(file.properties)
    if file.app_properties:
        found["appProperties"] = dict(file.app_properties)
    if file.description:
        found["description"] = file.description
    if file.mime == SHORTCUT:
        target = content.get(file.target)
        found["shortcutDetails"] = {"targetId": file.target, "targetMimeType": target.mime if target else ""}
    if file.mime in EXPORTS:
        found["exportLinks"] = dict.fromkeys(EXPORTS[file.mime], f"https://docs.google.com{EXPORT_LINK}?id={file.id}")
        found["size"] = "1024"
    if file.revisions:
        found |= _content_of(file)
    return found


def _content_of(file: File) -> Json:
    head = file.revisions[-1]
    extension = file.name.rpartition(".")[2] if "." in file.name else ""
    return {
        "size": str(len(head.content)),
        "quotaBytesUsed": str(len(head.content)),
        "md5Checksum": head.md5,
        "sha1Checksum": head.sha1,
        "sha256Checksum": head.sha256,
        "headRevisionId": head.id,
        "originalFilename": file.name,
        "fileExtension": extension,
        "fullFileExtension": extension,
    }


def revision_of(file: File, revision: Revision) -> Json:
    """Returns a revision as the API shows it."""
    return {
        "kind": "drive#revision",
        "id": revision.id,
        "mimeType": file.mime,
        "modifiedTime": revision.modified,
        "keepForever": revision.keep,
        "published": False,
        "md5Checksum": revision.md5,
        "size": str(len(revision.content)),
        "originalFilename": file.name,
        "lastModifyingUser": USER,
    }


def drive_of(content: Content, drive: str) -> Json:
    """Returns a shared drive as the API shows it."""
    return {"kind": "drive#drive", "id": drive, "name": content.drives[drive], "hidden": False}


def about_of(content: Content) -> Json:
    """Returns what is told of the account."""
    quota = {"usage": str(content.used), "usageInDrive": str(content.used), "usageInDriveTrash": "0"}
    if content.limit is not None:
        quota["limit"] = str(content.limit)
    return {
        "kind": "drive#about",
        "user": USER,
        "storageQuota": quota,
        "exportFormats": EXPORTS,
        "importFormats": {},
        "maxUploadSize": "5242880000000",
        "appInstalled": False,
        "canCreateDrives": True,
    }


def change_of(content: Content, file_id: str) -> Json:
    """Returns an entry of the log of changes."""
    file = content.files.get(file_id)
    found: Json = {
        "kind": "drive#change",
        "changeType": "file",
        "type": "file",
        "fileId": file_id,
        "removed": file is None,
        "time": now(),
    }
    if file is not None:
        found["file"] = file_of(content, file)
    return found
