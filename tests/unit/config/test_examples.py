"""Every example of the documents is a setup that loads. `tests/functional/test_examples.py` runs those with a table."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from onitu.config import load_setup
from tests.examples import Example, complete, examples

EXAMPLES = list(examples())


def test_examples_are_found() -> None:
    """B1, C1: the pages about the setup and about the rules have examples, and say of some what comes of them."""
    assert len(EXAMPLES) >= 15
    assert len([example for example in EXAMPLES if example.tables]) > 8
    assert all(table.files for example in EXAMPLES for table in example.tables)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(tmp_path: Path, example: Example) -> None:
    """B1-B18, C1: the example loads, and what is doubtful in it is marked so."""
    path = tmp_path / "onitu.yaml"
    path.write_text(yaml.safe_dump(complete(example), sort_keys=False), "utf-8")

    assert bool(load_setup(path).warnings) == example.doubtful
