"""An upload in parts, as the store knows it: begun, filled in any order, and complete or gone."""

from __future__ import annotations

import threading
from typing import IO, TYPE_CHECKING, Self

from onitu.plug import NotFound, OutcomeUnknown, RevisionMismatch

from . import answers
from .entries import etag_in
from .failures import etag_after, raise_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .bucket import Bucket


class Parts:
    """An upload in parts. Parts may be sent from several threads.

    Args:
        bucket: Where.
        key: Of the object.
        id: The store's, of the upload.
    """

    def __init__(self, bucket: Bucket, key: str, id: str) -> None:  # noqa: A002  The store's own word.
        self.id = id
        self.key = key
        self._bucket = bucket
        self._mutex = threading.Lock()
        self._etags: dict[int, str] = {}

    @classmethod
    def begin(cls, bucket: Bucket, key: str, headers: Mapping[str, str]) -> Self:
        """Begins one, with the metadata that the object will have."""
        answer = bucket.ask("POST", key, query={"uploads": ""}, headers=headers)
        return cls(bucket, key, answers.text_of(answer.data, "UploadId"))

    def send(self, number: int, body: bytes | IO[bytes]) -> None:
        """Sends a part; the same one may be sent again."""
        query = {"partNumber": str(number), "uploadId": self.id}
        answer = self._bucket.ask("PUT", self.key, query=query, body=body, repeat=True)
        with self._mutex:
            self._etags[number] = etag_in(answer.headers)

    def copy(self, number: int, headers: Mapping[str, str]) -> None:
        """Fills a part from another object."""
        query = {"partNumber": str(number), "uploadId": self.id}
        answer = self._bucket.ask("PUT", self.key, query=query, headers=headers, repeat=True)
        raise_refusal(answer, self.key)
        with self._mutex:
            self._etags[number] = answers.etag_of(answer.data)

    def complete(self, conditions: Mapping[str, str]) -> str:
        """Makes the object of its parts and returns its ETag.

        Raises:
            RevisionMismatch: A condition is not kept, and nothing was changed.
            OutcomeUnknown: The store does not say whether it is complete.
        """
        etags = [etag for _, etag in sorted(self._etags.items())]
        body = _complete_body(etags)
        try:
            answer = self._bucket.ask("POST", self.key, query={"uploadId": self.id}, headers=conditions, body=body)
            etag = etag_after(answer, self.key)
        except NotFound as error:
            raise RevisionMismatch(f"{self.key}: what was to be replaced is not there any more") from error
        if not etag:
            raise OutcomeUnknown(f"{self.key}: the store does not say what it has made of the parts")
        return etag

    def abort(self) -> None:
        """Removes what was sent. That there is nothing any more is fine."""
        try:
            self._bucket.ask("DELETE", self.key, query={"uploadId": self.id}, repeat=True)
        except NotFound:
            pass  # It has ended, or was removed already.


def _complete_body(etags: list[str]) -> bytes:
    parts = "".join(
        f'<Part><PartNumber>{number}</PartNumber><ETag>"{etag}"</ETag></Part>' for number, etag in enumerate(etags, 1)
    )
    return f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
