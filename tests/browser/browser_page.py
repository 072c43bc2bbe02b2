"""A page of which everything that it should not do is noted."""

from __future__ import annotations

import time

from playwright.sync_api import BrowserContext, Page


class Watched:
    """`wrong`: console messages, errors, dialogs, windows and requests, as they came."""

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
