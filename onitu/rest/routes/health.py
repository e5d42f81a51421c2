"""Whether everything is well, for who looks after the machine (CONTRACT E15)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from quart import Blueprint, Response, request

from onitu.rest.answer import answer, number
from onitu.rest.bodies import Health, ServiceHealth
from onitu.rest.describe import described
from onitu.rest.problems import Problem

if TYPE_CHECKING:
    from onitu.rest.desk import Desk

#: Seconds that a service may not be observed, or the records not be written, unless the question says otherwise.
PATIENCE = 600


def blueprint(desk: Desk) -> Blueprint:
    """Returns the route.

    Args:
        desk: The running core.
    """
    routes = Blueprint("health", __name__)

    @routes.get("/health")
    @described(answers=Health, query={"within": {"type": "integer", "minimum": 0}}, codes=(400, 503))
    async def health() -> Response:
        """Says whether every service was observed in the last ten minutes, or within so many seconds.

        A service that a person has stopped is as it should be. A certificate that has expired is not, though the
        connection may still stand. Where something is not, the answer is 503, with the reason.
        """
        within = number(request.args, "within", PATIENCE)
        services = [
            ServiceHealth(name=name, status=desk.standing(name).status, unobserved=round(desk.unobserved(name), 1))
            for name in desk.setup.services
        ]
        faults = [_fault(desk, one) for one in services if one.unobserved > within]
        now = time.time()
        terms = await desk.terms()
        faults += [f"service {name}: {one.warning(now)}" for name in terms for one in terms[name] if one.is_over(now)]
        if desk.unwritten > within:
            faults.append(f"nothing could be written into the data directory for {_words(desk.unwritten)}")
        if faults:
            raise Problem(503, "; ".join(faults))
        return answer(Health(time=time.time(), services=services))

    return routes


def _fault(desk: Desk, service: ServiceHealth) -> str:
    standing = desk.standing(service.name)
    why = f" ({standing.reason})" if standing.reason else ""
    return f"service {service.name} was not observed for {_words(service.unobserved)}, and is {service.status}{why}"


def _words(seconds: float) -> str:
    """Returns a time for a person."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:,} minutes" if minutes else f"{rest} seconds"
