"""A real Chromium, and a report of a project that was written to be misread."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        # the machine that checks every change installs it: there its absence is a failure
        assert not os.environ.get("CI"), "no Chromium: `apt-get install chromium`"
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A page of which everything that it should not do is noted."""

    def __init__(self, context: BrowserContext) -> None:
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.wrong.append(f"console: {message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("popup", lambda popup: self.wrong.append(f"popup: {popup.url}"))
        self.page.on("request", lambda request: self.wrong.append(f"request: {request.url}") if not request.url.startswith("file:") else None)

    def until(self, expression: str) -> None:
        """Waits until JavaScript is true. The page's policy refuses what Playwright's own waiting does."""
        ends = time.monotonic() + 20
        while not self.page.evaluate(expression):
            assert time.monotonic() < ends, f"never became true: {expression}"
            self.page.wait_for_timeout(30)


@pytest.fixture(params=["light", "dark"])
def watched(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Watched]:
    with chromium.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900}) as context:
        found = Watched(context)
        yield found
        assert not found.wrong
