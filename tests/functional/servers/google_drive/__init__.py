"""A fake of Google Drive: a real HTTP server on loopback that keeps real bytes.

Reading order: `content` is what lies in it, `resources` how that is answered, `language` and `schema` what may be
asked; `requests` are the methods, `uploads` and `oauth` what is beside them, `server` is the HTTP, and `faults` is what
goes wrong.

Every parameter, body and answer is held against Google's discovery document (`schema`). Facts that it does not hold
have their source where they are used. Most are from https://developers.google.com/workspace/drive/api/guides/:
`manage-uploads` (resumable uploads: 308 with `Range`, multiples of 256 KiB, 404 for a session that is gone),
`handle-errors` (reasons and statuses), `manage-changes`, `ref-search-terms`, `create-file` (ids made before),
`enable-shareddrives` (`supportsAllDrives`), `manage-downloads` (ranges, export of at most 10 MB).

What of the real service it does not show:

- Time: everything is seen at once. The real log of changes, and searches, may be seconds behind what was written.
- Rates are unlimited but for the faults that a test asks for; a real project has 325,000 requests a minute of its own.
- There is one account. Files have no permissions, nothing is shared, and nobody else's file is ever met.
- Of a folder that goes to the trash only the folder is in the log, not what lies in it; Google does not say which.
- Revisions are kept for ever; the real ones go after 30 days or 100 further ones, unless they are kept for ever.
- A file has one parent, as all have had since 2020.
- There is no batching, no `changes.watch`, no comments, labels, thumbnails, conversion on upload or encryption.
- Exported documents are the bytes that a test gave them; the real ones differ from export to export.
"""
