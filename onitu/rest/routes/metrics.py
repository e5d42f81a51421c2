"""What there is to measure, for Prometheus (CONTRACT E15)."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING

import trio
from quart import Blueprint, Response, request

from onitu.rest.describe import described
from onitu.rest.queues import Queues
from onitu.rest.totals import Totals

if TYPE_CHECKING:
    from onitu.rest.desk import Desk


#: Times as long as counting takes that it is not done again: nobody at a screen waits for it.
REST = 100.0


def blueprint(desk: Desk) -> Blueprint:
    """Returns the route.

    Args:
        desk: The running core.
    """
    routes = Blueprint("metrics", __name__)
    totals, queues = Totals(REST), Queues()
    # Its own import takes as long as that of the whole rest of the API, and most cores are never asked.
    one_at_a_time = trio.CapacityLimiter(1)

    @routes.get("/metrics")
    @described(answers=None, media_type="text/plain")
    async def metrics() -> Response:
        """Shows what there is to measure, in the format of Prometheus or OpenMetrics."""
        shown = await trio.to_thread.run_sync(importlib.import_module, "onitu.rest.metrics")
        referee = desk.referee
        read = partial(shown.read_records, totals, queues, referee.scopes, referee.writer.commits)
        recorded = await referee.writer.read(read, limiter=one_at_a_time)
        data, media_type = shown.exposition(desk, recorded, request.headers.get("Accept", ""))
        return Response(data, 200, content_type=media_type, headers={"Vary": "Accept"})

    return routes
