"""A real Chromium, and a report of a project that was written to be misread."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from browser_page import Watched
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


# of a module and no longer: while it runs, no other test of this process can have an event loop
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        # the machine that checks every change installs it: there its absence is a failure
        assert not os.environ.get("CI"), "no Chromium: `apt-get install chromium`"
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def watched(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Watched]:
    with chromium.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900}) as context:
        found = Watched(context)
        yield found
        assert not found.wrong
