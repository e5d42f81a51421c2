"""The rules (CONTRACT E10-E12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from quart import Blueprint, Response, request

from onitu.config.faults import SetupError
from onitu.config.ruletext import read_rules, rules_text
from onitu.rest.answer import answer, body
from onitu.rest.bodies import Done, NewRules, RuleList, RulesKept, RulesText
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

    _texts(routes, desk)

    @routes.get("")
    @described(answers=RuleList, query={"state": {"enum": [*_STATES]}}, codes=(400,))
    async def show() -> Response:
        """Shows the rules as they were last put, or with `state=active` those in force."""
        return answer(RuleList(rules=await _asked(desk)))

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


def _texts(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes by which a person reads and writes them."""

    @routes.get("/text")
    @described(answers=RulesText, query={"state": {"enum": [*_STATES]}}, codes=(400,))
    async def show_text() -> Response:
        """Shows the rules as YAML, for a person to change: as they were last put, or those in force."""
        return answer(RulesText(text=rules_text(await _asked(desk))))

    @routes.put("/text")
    @described(answers=RulesKept, takes=RulesText, codes=(400,))
    async def put_text() -> Response:
        """Keeps rules that a person has written, until they are reloaded. Faults are named with their lines."""
        try:
            given = msgspec.convert(await body(), RulesText)
            written = read_rules(given.text, given.name, desk.setup)
            await desk.put_rules(written.rules)
        except (msgspec.ValidationError, SetupError) as error:
            raise BadRequest(str(error)) from error
        return answer(RulesKept(warnings=[str(fault) for fault in written.warnings]))


async def _asked(desk: Desk) -> list[object]:
    """Returns the rules that are asked for."""
    state = request.args.get("state", "stored")
    if state not in _STATES:
        raise BadRequest(f"state is {' or '.join(_STATES)}, not '{state}'")
    return list(await desk.rules(active=state == "active"))
