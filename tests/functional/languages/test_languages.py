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
        language.test, cwd=place, env=environment(place), capture_output=True, text=True, check=False, timeout=900
    )

    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    # The last line of the kit, or of pytest.
    counts = re.findall(r"(\d+) passed, (?:0 failed, 0 known as quirks|\d+ skipped).*", run.stdout)
    assert counts, run.stdout
    assert int(counts[-1]) > 90
    assert "xfailed" not in run.stdout
    print(f"{language.name}: {counts[-1]} checks passed")  # noqa: T201  The counts are wanted in the log of CI.
