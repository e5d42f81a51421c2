"""What refusals of a WebDAV server mean."""

from __future__ import annotations

import pytest
import urllib3
from onitu_webdav.failures import failure_of

from onitu.plug import DriverError, OutcomeUnknown, Unavailable


@pytest.mark.parametrize("status", [408, 425, 500, 502, 504])
@pytest.mark.parametrize(("mutates", "kind"), [(True, OutcomeUnknown), (False, Unavailable)])
def test_what_passes_is_tried_again(status: int, mutates: bool, kind: type[DriverError]) -> None:
    """P25: what a server under load answers is no refusal, which would be waited for until something changes."""
    failure = failure_of(urllib3.HTTPResponse(b"", status=status), "f", mutates=mutates)

    assert type(failure) is kind
    assert failure.retryable
