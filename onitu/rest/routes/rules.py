"""The rules (CONTRACT E10-E12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, request

from onitu.config.faults import SetupError
from onitu.rest.answer import answer, body
from onitu.rest.bodies import Done, NewRules, RuleList
from onitu.rest.describe import described
from onitu.rest.problems import BadRequest, NotNow

if TYPE_CHECKING:
    from onitu.rest.desk import Desk

_STATES = ("stored", "active")


def blueprint(desk: Desk) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
    """
    routes = Blueprint("rules", __name__, url_prefix="/rules")

    @routes.get("")
    @described(answers=RuleList, query={"state": {"enum": [*_STATES]}}, codes=(400,))
    async def show() -> Response:
        """Shows the rules as they were last put, or with `state=active` those in force."""
        state = request.args.get("state", "stored")
        if state not in _STATES:
            raise BadRequest(f"state is {' or '.join(_STATES)}, not '{state}'")
        return answer(RuleList(rules=list(await desk.rules(active=state == "active"))))

    @routes.put("")
    @described(answers=Done, takes=NewRules, codes=(400,))
    async def put() -> Response:
        """Keeps rules, over a restart too, until they are reloaded."""
        given = await body()
        if not isinstance(given, dict) or given.keys() != {"rules"} or not isinstance(given["rules"], list):
            raise BadRequest('the body must be {"rules": [...]} and nothing else')
        try:
            await desk.put_rules(given["rules"])
        except SetupError as error:
            raise BadRequest(str(error)) from error
        return answer(Done())

    @routes.put("/reload")
    @described(answers=Done, codes=(409,))
    async def reload() -> Response:
        """Puts the rules in force that were last put, and routes existing files anew."""
        try:
            await desk.reload_rules()
        except SetupError as error:
            raise NotNow(f"the setup has changed since these rules were put: {error}") from error
        return answer(Done())

    return routes
