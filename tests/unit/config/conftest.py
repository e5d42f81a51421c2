"""Setups for the tests of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from onitu.config import Setup, SetupError, load_setup

Load = Callable[[str], Setup]
FaultsOf = Callable[[str], list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads a text as a setup."""

    def read(text: str) -> Setup:
        path = tmp_path / "onitu.yaml"
        path.write_text(dedent(text))
        return load_setup(path)

    return read


@pytest.fixture
def faults_of(load: Load, tmp_path: Path) -> FaultsOf:
    """Returns the faults of a text, each as "line:column: what is wrong"."""

    def read(text: str) -> list[str]:
        with pytest.raises(SetupError) as caught:
            load(text)
        return [str(fault).removeprefix(f"{tmp_path / 'onitu.yaml'}:") for fault in caught.value.faults]

    return read
