"""The browser of the tests: how it is started, and how long a page may take before something is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

PATIENCE_MILLISECONDS = 60_000
# Without these it looks for hosts that are nobody's business here.
_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@asynccontextmanager
async def open_browser(chromium: Path) -> AsyncIterator[Browser]:
    """A Chromium without a window."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=_SWITCHES)
        yield opened
        await opened.close()
