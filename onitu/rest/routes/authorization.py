"""Signing in to services, and where a browser comes back to from that (CONTRACT E15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio
from quart import Blueprint, Response, render_template, request

from onitu.errors import ConfigError, DriverError, InvalidPath, NotFound, Unsupported
from onitu.rest.answer import answer, body
from onitu.rest.bodies import Authorization, Authorize
from onitu.rest.describe import described
from onitu.rest.problems import BadRequest, NotNow, NotThere
from onitu.rest.routes.page import HTML, shown

if TYPE_CHECKING:
    from onitu.rest.access import Access
    from onitu.rest.desk import Desk, SignIn

#: Seconds that a request waits for the browser to come back. Whoever asked asks again.
PATIENCE = 20.0

#: Name of the routes that need no token: a browser that comes from elsewhere has none.
CALLBACK = "callback"

#: Where a browser comes back to.
_PLACE = "/authorized"

#: What a browser is shown whose answer was taken.
_TAKEN = {
    "title": "Signed in",
    "heading": "Onitu has the answer",
    "text": "It goes on where you began. This tab can be closed.",
}

#: What one is shown that brings an answer nobody waits for.
_UNKNOWN = {
    "title": "Nobody waits for this",
    "heading": "Nobody waits for this sign-in",
    "text": (
        "It has expired, or it was begun anew. If Onitu still asks for an answer, copy the address of this page there; "
        "else begin again."
    ),
}


def blueprint(desk: Desk, access: Access) -> Blueprint:
    """Returns the routes of the API.

    Args:
        desk: The running core.
        access: Where the API is reached.
    """
    routes = Blueprint("authorization", __name__)

    @routes.post("/services/<name>/authorization")
    @described(answers=Authorization, takes=Authorize, codes=(400, 404, 409))
    async def authorize(name: str) -> Response:
        """Signs in to a service: begins, and with a `state` ends it by the `answer` or by what the browser brings.

        Without an answer it waits for the browser, some seconds at most. The credentials are kept and never shown. If
        the answer is none (400) another one may be given; what has failed otherwise begins anew.
        """
        try:
            given = msgspec.convert(await body(), Authorize)
        except msgspec.ValidationError as error:
            raise BadRequest(str(error)) from error
        if name not in desk.setup.services:
            raise NotThere(f"service {name} not found")
        if desk.setup.is_entries:
            raise NotNow("a setup with 'entries' (Onitu 0.1) is changed in its file")
        try:
            one = await (_ended(desk, name, given) if given.state else _begun(desk, access, name))
        except Unsupported as error:
            raise NotNow(f"the driver of service {name} has no sign-in") from error
        except NotFound as error:
            raise NotThere(str(error)) from error
        except InvalidPath as error:
            raise BadRequest(str(error)) from error
        except (DriverError, ConfigError) as error:
            raise NotNow(str(error)) from error
        return answer(Authorization(state=one.state, uri=one.uri, account=one.account))

    return routes


async def _begun(desk: Desk, access: Access, name: str) -> SignIn:
    """Begins a sign-in."""
    return await desk.begin_authorization(name, f"{access.loopback}{_PLACE}" if access.loopback else None)


async def _ended(desk: Desk, name: str, given: Authorize) -> SignIn:
    """Ends a sign-in, if what that takes is there in time."""
    one = desk.authorization(name, given.state)
    if given.answer:
        one.bring(given.answer)
    with trio.move_on_after(PATIENCE):
        await one.ended()
    return one


def callback(desk: Desk) -> Blueprint:
    """Returns the route that a provider sends the browser back to. It changes nothing: who has begun ends it.

    Args:
        desk: The running core.
    """
    routes = Blueprint(CALLBACK, __name__)

    @routes.get(_PLACE)
    async def authorized() -> Response:
        """Takes what the browser brings, and says where it goes on."""
        states = request.args.getlist("state")
        known = len(states) == 1 and desk.bring_answer(states[0], request.query_string.decode("latin-1"))
        page = shown((await render_template("authorized.html", **(_TAKEN if known else _UNKNOWN))).encode(), HTML)
        page.headers["Cache-Control"] = "no-store"  # The address has the answer in it.
        return page

    return routes
