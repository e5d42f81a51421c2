"""CONTRACT E13, E15: the routes are what the OpenAPI document says, whatever is asked of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.harness import Setups
from tests.functional.processes import EVERYTHING, UNIT
from tests.functional.rest import PREFIX, Api
from tests.functional.trees import write

#: Requests of each kind that are tried for each route, and the seconds that may be spent.
TRIED, SECONDS = (100, 900) if EVERYTHING else (6, 60)

#: A setup of names and sizes cannot be described so that everything of that shape is right: it is refused, with words.
NOT_ASKED = ("positive_data_acceptance",)


@pytest.mark.slow
@pytest.mark.timeout(int(SECONDS * 2 + 60 * UNIT))
def test_everything_is_answered_as_described(new_setup: Setups, tmp_path: Path) -> None:
    """E13, E15: no answer that is not in the document, none of 500 or more, for what is right, wrong and odd."""
    onitu = new_setup("a", "b")
    for name in ("one.txt", "späße/two.jpg"):
        write(onitu["a"] / name, name)
    core = onitu.serve()
    api = Api(core)
    place = f"http://127.0.0.1:{api.port}{PREFIX}/openapi.json"
    # The one has no end, and 503 is what the other is for.
    options = ["--exclude-path", f"{PREFIX}/events", "--exclude-path", f"{PREFIX}/health"]
    options += ["--max-examples", str(TRIED), "--exclude-checks", ",".join(NOT_ASKED), "--seed", "1", "--no-color"]

    run = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", place, *options, "--request-timeout", str(20 * UNIT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-2000:]
    assert core.log.named("api_failed") == []
    assert api.get("/status").code == 200


def test_the_document_has_every_route(new_setup: Setups) -> None:
    """E15: every route stands in the document, with words, and with the types of its answers."""
    onitu = new_setup("a")
    api = Api(onitu.start())

    document = api.get("/openapi.json").body

    assert document["openapi"] == "3.1.0"
    assert {f"{PREFIX}/{path}" for path in ("files", "entries/{name}/stop", "services", "rules/reload", "status")} <= (
        document["paths"].keys()
    )
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"].endswith("."), path
            assert "200" in operation["responses"]
    names = set(json.dumps(document).split('"#/components/schemas/')[1:])
    assert {name.partition('"')[0] for name in names} <= document["components"]["schemas"].keys()
