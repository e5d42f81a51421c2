"""Google Drive, against the fake of it."""
