"""`onitu driver new`: what it writes can be built, and passes the conformance kit untouched, in every language."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.functional.languages.build import LANGUAGES, Language, built, environment


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.name)
def test_a_new_driver_passes_its_own_tests(language: Language) -> None:
    """D7, F5, W1: written out, built and tested by nothing but the tools of its language, which run the kit."""
    place = built(language)

    run = subprocess.run(
        language.test, cwd=place, env=environment(), capture_output=True, text=True, check=False, timeout=900
    )

    counts = re.search(r"(\d+) passed, (\d+) failed, (\d+) known as quirks", run.stdout)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    assert counts is not None, run.stdout
    assert int(counts[1]) > 90
    assert counts[2] == counts[3] == "0"
    print(f"{language.name}: {counts[0]}")  # noqa: T201  The counts are wanted in the log of CI.
