"""The driver that docs/drivers.md walks through passes the kit, done literally (CONTRACT D, W1)."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from onitu.conformance import CHECKS, Kit, Outcome, Target
from onitu.core.capability import Capabilities
from onitu.host.spawn import driver_command
from onitu.rpc.gen import manifest_pb2
from onitu.rpc.status import CODES
from tests.functional.processes import EVERYTHING

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "drivers.md").read_text("utf-8")
FILES = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
CODE = "onitu_pocket/__init__.py"

#: What everything else hangs on; `just everything` has all checks.
GROUPS = ("life", "manifest", "read", "write", "preconditions", "delete", "errors")
CHOSEN = [check for check in CHECKS if EVERYTHING or check.group in GROUPS]

#: Entries of the large directory: the SDK lists it here as for any driver, which others show with more.
ENTRIES = 300


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """The driver of the page, installed as pip would install it."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    information = tmp_path / "onitu_pocket-1.0.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0.0\n")
    points = project["entry-points"]["onitu.drivers"]
    (information / "entry_points.txt").write_text(
        "[onitu.drivers]\n" + "".join(f"{name} = {package}\n" for name, package in points.items())
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    options = yaml.safe_load(FILES["pocket.yaml"])
    command = ("env", f"PYTHONPATH={path}", *driver_command("pocket"))
    return Target(name="pocket", command=command, options=options, entries=ENTRIES)


@pytest.mark.timeout(600)
def test_the_driver_of_the_handbook_keeps_the_contract(target: Target) -> None:
    """D1-D4, W1, F5: sixty lines pass every check of what they declare, and declare enough to be of use."""
    failures: dict[str, str] = {}
    with Kit(target) as kit:
        for check in CHOSEN:
            try:
                kit.run(check)
            except pytest.skip.Exception:
                continue
            except Exception as error:  # noqa: BLE001  All that fail are told together.
                failures[str(check)] = str(error)
        outcomes = [result.outcome for result in kit.results]

    assert failures == {}
    assert outcomes.count(Outcome.PASSED) > len(CHOSEN) / 2


def test_it_has_sixty_lines() -> None:
    """The whole driver can be read at once."""
    assert len([line for line in FILES[CODE].splitlines() if line.strip()]) <= 60
    assert json.loads(FILES["onitu_pocket/manifest.json"])["name"] == "pocket"


@pytest.mark.parametrize("capability", Capabilities.__struct_fields__)
def test_every_capability_is_explained(capability: str) -> None:
    """D7, W1: what Onitu does without each capability stands in its table."""
    assert capability in {field.name for field in manifest_pb2.Capabilities.DESCRIPTOR.fields}
    assert re.search(rf"^\| `{capability}` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("code", sorted({code.name for code in CODES.values()}))
def test_every_error_is_explained(code: str) -> None:
    """D8, W1: what Onitu does on each code stands in its table."""
    assert re.search(rf"^\| .*`{code}`.* \|", PAGE, re.MULTILINE)


def test_links_lead_somewhere() -> None:
    """What the page refers to is there, section included."""
    for name, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", PAGE):
        document = DOCS / name if name else DOCS / "drivers.md"
        assert document.exists(), name
        if anchor:
            headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{name}#{anchor}"
