"""The commands `story` and `demo` as people and machines meet them, and a visitor's browser before the page."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from bot.demonstration import Demo, Wishes, open_demo
from tests.browser import PATIENCE_MILLISECONDS

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    exit_code: int
    output: str
    mistakes: str


Loa = Callable[..., Awaitable[Ran]]


@pytest.fixture
def loa() -> Loa:
    """Runs the command as a process of its own, in an English terminal."""

    async def run(*arguments: str, before: str = "", **environ: str) -> Ran:
        """``before``: Python that is run first, to bring about what cannot be had from outside."""
        program = f"{before}\nimport bot.cli\nbot.cli.main()"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, *arguments),
            cwd=ROOT,
            env=os.environ | {"LC_ALL": "C.UTF-8", "LOA_LANGUAGE": "en", "COLUMNS": "100"} | environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            output, mistakes = await process.communicate()
        return Ran(process.returncode or 0, output.decode(), mistakes.decode())

    return run


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@asynccontextmanager
async def demonstrated(folder: Path, *, plays: bool = False, channels: int = 4) -> AsyncIterator[Demo]:
    """The demonstration in this process, small."""
    async with open_demo(Wishes(folder, 0, "vi", channels), plays=plays) as demo:
        yield demo


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    async with demonstrated(tmp_path) as opened:
        yield opened


@pytest.fixture
async def page(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """The page, open; at the end nothing may have gone wrong in it."""
    visitor = await browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    visitor.set_default_timeout(PATIENCE_MILLISECONDS)
    mistakes: list[str] = []
    visitor.on("pageerror", lambda error: mistakes.append(str(error)))
    visitor.on("console", lambda line: mistakes.append(line.text) if line.type == "error" else None)
    await visitor.goto(demo.page_url)
    await visitor.wait_for_selector("body.is-ready")
    yield visitor
    await visitor.close()
    assert mistakes == []
