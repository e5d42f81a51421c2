"""What a request can fail with. The text goes to whoever asked."""

from __future__ import annotations


class Problem(Exception):
    """A request cannot be done.

    Args:
        code: The HTTP status.
        reason: Why, for a person.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class BadRequest(Problem):
    """What was asked makes no sense."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)


class NotThere(Problem):
    """What was asked for does not exist."""

    def __init__(self, reason: str) -> None:
        super().__init__(404, reason)


class NotNow(Problem):
    """It does not go with the state of things."""

    def __init__(self, reason: str) -> None:
        super().__init__(409, reason)
