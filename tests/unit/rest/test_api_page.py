"""docs/api.md says what the routes are."""

from __future__ import annotations

import re

from tests.documents import DOCS, api_page

PAGE = (DOCS / "api.md").read_text("utf-8")


def test_the_page_is_current() -> None:
    """E15: it is what the OpenAPI document says; `just docs` writes it."""
    assert api_page() == PAGE


def test_the_page_names_routes_and_bodies() -> None:
    """E1-E12, E15: every route has its heading and its words, every body that one names its fields."""
    headings = re.findall(r"^### ([A-Z]+) (/\S+)$", PAGE, re.MULTILINE)
    assert {("GET", "/files"), ("PUT", "/services/{name}/stop"), ("PUT", "/rules/reload"), ("GET", "/status")} <= set(
        headings
    )
    links = set(re.findall(r"\]\(#([a-z]+)\)", PAGE))
    anchors = [heading.lower() for heading in re.findall(r"^#+ (\w+)$", PAGE, re.MULTILINE)]
    assert links <= set(anchors)
    assert len(anchors) == len(set(anchors))
