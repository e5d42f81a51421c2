"""The last lines logged of a service, for who looks at it from afar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response

from onitu.log import Line, recent_lines
from onitu.rest.answer import answer
from onitu.rest.bodies import LogLine, LogTail
from onitu.rest.describe import described
from onitu.rest.problems import NotThere

if TYPE_CHECKING:
    from onitu.rest.desk import Desk


def blueprint(desk: Desk) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
    """
    routes = Blueprint("log", __name__, url_prefix="/services")

    @routes.get("/<name>/log")
    @described(answers=LogTail, codes=(404,))
    async def show(name: str) -> Response:
        """Shows the last lines logged of a service since Onitu was started, and the last warnings and errors."""
        if name not in desk.setup.services:
            raise NotThere(f"service {name} not found")
        lines, errors = recent_lines(name)
        return answer(
            LogTail(name=name, lines=[_shown(line) for line in lines], errors=[_shown(line) for line in errors])
        )

    return routes


def _shown(line: Line) -> LogLine:
    """Returns what is shown of a line."""
    keys = {key: _plain(value) for key, value in line.keys.items() if key not in ("event", "service")}
    return LogLine(time=line.time, level=line.level, event=str(line.keys.get("event", "")), keys=keys)


def _plain(value: object) -> str | float | bool | None:
    """Returns a value as JSON can have it. A name that is not UTF-8 reaches Python with lone surrogates."""
    if value is None or isinstance(value, (int, float)):
        return value
    return str(value).encode(errors="backslashreplace").decode()
