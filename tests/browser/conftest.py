"""A browser, and what is true of every screen in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.window import CHROMIUM, Window, Windows
from tests.functional.conftest import guarded, new_setup, new_shared_setup, provider, pytest_runtest_makereport

__all__ = ["guarded", "new_setup", "new_shared_setup", "provider", "pytest_runtest_makereport"]

#: A browser is no Python package and not everywhere: `just browser` brings one and asks for these tests.
collect_ignore_glob = [] if os.environ.get("ONITU_TEST_BROWSER") else ["test_*.py"]

#: Where screenshots are kept.
SHOTS = Path(os.environ.get("ONITU_TEST_SHOTS", "build/browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Starts Chromium, which asks nobody but us for anything."""
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu")
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*quiet, *root])
        yield chromium
        chromium.close()


@pytest.fixture
def windows(browser: Browser) -> Iterator[Windows]:
    """Opens windows that close with the test; none of them may have complained of anything."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    opened = Windows(browser, SHOTS)
    yield opened
    complaints = opened.close()
    assert not complaints, complaints


@pytest.fixture
def window(windows: Windows) -> Window:
    """Opens a window as wide as a laptop's."""
    return windows()
