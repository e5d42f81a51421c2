"""Where the API is reached."""

from __future__ import annotations

import attrs

#: What every route of this version begins with.
PREFIX = "/api/v1.0"

#: Name of the file in the data directory that says where the private socket is.
NOTE = "api"


@attrs.frozen(kw_only=True)
class Address:
    """Where the API is reached.

    Attributes:
        host: The address to listen on.
        port: The port; 0 for any that is free.
        token: What a caller must know, or None.
    """

    host: str = "127.0.0.1"
    port: int = 3862
    token: str | None = attrs.field(default=None, repr=False)
