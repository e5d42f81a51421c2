"""What happens, as it happens (CONTRACT E15): server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, request

from onitu.rest.describe import described
from onitu.rest.feed import MOST, Feed, Follower
from onitu.rest.problems import Problem

if TYPE_CHECKING:
    from onitu.rest.desk import Desk

#: No proxy keeps anything back or for later.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"}


def blueprint(desk: Desk) -> Blueprint:
    """Returns the route.

    Args:
        desk: The running core.
    """
    routes = Blueprint("events", __name__)
    feed = Feed(desk)

    @routes.get("/events")
    @described(answers=None, media_type="text/event-stream", query={"last": {"type": "string"}}, codes=(503,))
    async def events() -> Response:
        """Follows what happens, as server-sent events: file, transfer, service, conflict and hold.

        Each has an id. With `Last-Event-ID`, or `last` in the query, a stream goes on behind that event. Where what
        follows on it is not known any more, the first event is `reset`: everything may be another. The stream has no
        end. A line that begins with a colon is a sign of life.
        """
        if feed.is_full:
            raise Problem(503, f"{MOST} follow already")
        last = request.headers.get("Last-Event-ID", request.args.get("last"))
        response = Response(b"", 200, headers=_HEADERS, content_type="text/event-stream")
        if request.method != "HEAD":
            response = Response(Follower(feed, last), 200, headers=_HEADERS, content_type="text/event-stream")
            response.timeout = None
        return response

    return routes
