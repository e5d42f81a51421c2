"""The application: every route, and what holds for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from quart import Response, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from onitu.errors import OnituError
from onitu.log import get_logger
from onitu.rest.access import is_own_site
from onitu.rest.address import PREFIX
from onitu.rest.answer import answer, error
from onitu.rest.fids import Fids
from onitu.rest.openapi import document
from onitu.rest.problems import Problem
from onitu.rest.routes import (
    authorization,
    content,
    core,
    decisions,
    events,
    files,
    health,
    log,
    metrics,
    page,
    rules,
    services,
    setup,
    trash,
    tree,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from onitu.rest.access import Access
    from onitu.rest.desk import Desk

#: Bytes of a body, at most: a setup with thousands of services.
LONGEST_BODY = 1024 * 1024

#: Seconds for a body to come.
PATIENCE = 20.0


def make_app(desk: Desk, access: Access) -> QuartTrio:
    """Returns the application.

    Args:
        desk: The running core.
        access: What a request must show.
    """
    app = QuartTrio(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    app.config["BODY_TIMEOUT"] = PATIENCE
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    fids = Fids(desk)
    for routes in (
        files.blueprint(desk, fids),
        services.blueprint(desk, services.SERVICE),
        services.blueprint(desk, services.ENTRY),
        rules.blueprint(desk),
        content.blueprint(desk, fids),
        core.blueprint(desk),
        decisions.blueprint(desk),
        setup.blueprint(desk, access),
        authorization.blueprint(desk, access),
        trash.blueprint(desk),
        events.blueprint(desk),
        health.blueprint(desk),
        metrics.blueprint(desk),
        tree.blueprint(desk),
        log.blueprint(desk),
    ):
        app.register_blueprint(routes, url_prefix=PREFIX + (routes.url_prefix or ""))
    for name in ("health", "metrics"):
        _serve_at_root(app, name)
    _describe(app)
    app.register_blueprint(page.blueprint())
    app.register_blueprint(authorization.callback(desk))
    _guard(app, access)
    _tell_errors(app)
    return app


def _serve_at_root(app: QuartTrio, name: str) -> None:
    """Serves a route where those who ask for it look first, too. Described it is once."""
    handler = cast("Callable[[], Awaitable[Response]]", app.view_functions[f"{name}.{name}"])

    async def at_root() -> Response:
        return await handler()

    app.add_url_rule(f"/{name}", name, at_root)


def _describe(app: QuartTrio) -> None:
    """Adds the route at which the others are described."""
    known: list[Response] = []

    @app.get(f"{PREFIX}/openapi.json")
    async def openapi() -> Response:
        """Describes all routes, as an OpenAPI document."""
        if not known:
            known.append(answer(document(app)))
        return known[0]


def _guard(app: QuartTrio, access: Access) -> None:
    """Turns away whom CONTRACT E16 does not let in."""

    @app.before_request
    async def check() -> Response | None:
        headers, scope = request.headers, request.scope
        origin = headers.get("Origin")
        asked = str((scope.get("server") or ("",))[0])
        if not access.is_ours(headers.get("Host", ""), asked=asked):
            return error(Problem(403, "this host name is not one of Onitu's; ask for 127.0.0.1 or localhost"))
        if origin is not None and not access.is_own_page(origin, asked=asked):
            return error(Problem(403, f"pages of {origin} may not ask this"))
        # The page is no secret, and may be led to from anywhere; who comes back from a sign-in only leaves something.
        if request.blueprint in (page.NAME, authorization.CALLBACK):
            return None
        if not is_own_site(headers.get("Sec-Fetch-Site")):
            return error(Problem(403, "another page may not ask this; open Onitu's own, or type the address"))
        # Who came over the socket in our own directory has shown enough by that.
        if scope.get("client") is not None and not access.knows_token(headers.get("Authorization", "")):
            refused = error(Problem(401, "this needs the header 'Authorization: Bearer TOKEN', with api.token"))
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        # Whatever becomes of the request: a connection on which a body is still to come cannot be used again.
        await request.get_data()
        return None

    @app.after_request
    async def keep(response: Response) -> Response:
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"  # No other page can take it in.
        return response


def _tell_errors(app: QuartTrio) -> None:
    """Makes every error an answer of CONTRACT E13."""
    log = get_logger()

    @app.errorhandler(Problem)
    async def tell_problem(problem: Problem) -> Response:
        return error(problem)

    @app.errorhandler(HTTPException)
    async def tell_refusal(refusal: HTTPException) -> Response:
        code = refusal.code or 500
        told = error(Problem(code, _WORDS.get(code, str(refusal.name).lower())))
        for name, value in refusal.get_headers():
            if name == "Allow":
                told.headers[name] = value
        return told

    @app.errorhandler(OnituError)
    async def tell_failure(failure: OnituError) -> Response:
        log.error("api_failed", path=request.path, error=str(failure))
        return error(Problem(500, str(failure)))

    @app.errorhandler(Exception)
    async def tell_bug(bug: Exception) -> Response:
        log.error("api_failed", path=request.path, error=str(bug), exc_info=bug)
        return error(Problem(500, "an error in Onitu itself; the log has its traceback"))


#: What to say of errors that no handler has raised.
_WORDS = {
    404: "there is no such route",
    405: "this route does not take that method",
    408: "the body did not come in time",
    413: f"the body is larger than {LONGEST_BODY} bytes",
}
