"""Draws the pictures of the README again: `python docs/images/make_pictures.py`. Needs Playwright and a Chromium.

phones.png is the demonstration while a bulletin is on its way; story.svg is what `loa story` prints.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from PIL import Image, ImageOps
from playwright.async_api import Page, async_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1]))

from bot.demonstration import Wishes, open_demo, tell_story  # noqa: E402 (the folder above is not installed)
from bot.logs import set_up_logs  # noqa: E402
from bot.settings import LogFormat, Logs  # noqa: E402
from bot.storytelling import Transcript  # noqa: E402
from bot.texts import spoken  # noqa: E402

NINE_IN_THE_MORNING = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
BITS_A_COLOUR = 6  # a third smaller, and nobody sees it
COLUMNS = 80
# Whoever looks at the picture fetches nothing from elsewhere.
OWN_FONTS_ONLY = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
SWITCHES = ("--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def clock_from(start: datetime) -> Callable[[], datetime]:
    """The time it is, moved to that moment: a picture taken at night looks odd."""
    moved_by: timedelta = start - datetime.now(UTC)
    return lambda: datetime.now(UTC) + moved_by


async def draw_phones() -> None:
    """The page, when two thirds of the channels have the bulletin."""
    with tempfile.TemporaryDirectory(prefix="loa-pictures-") as folder:
        wishes = Wishes(Path(folder), port=0, language="vi", now=clock_from(NINE_IN_THE_MORNING))
        async with open_demo(wishes, plays=False) as demo, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=SWITCHES)
            page = await browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
            await page.goto(demo.page_url)
            await photograph_delivery(page, FOLDER / "phones.png")
            await browser.close()


async def photograph_delivery(page: Page, target: Path) -> None:
    """Watch the story until then."""
    await page.get_by_role("button", name="Xem câu chuyện").click()
    await page.locator('.tile[data-state="delivered"]').nth(7).wait_for(timeout=120_000)
    await page.screenshot(path=target)
    with Image.open(target) as picture:
        ImageOps.posterize(picture.convert("RGB"), BITS_A_COLOUR).save(target, optimize=True)


async def draw_story() -> None:
    """The terminal."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), highlight=False, force_terminal=True)
    with spoken("vi"):
        console.print("[bold green]$[/] loa story\n")
        transcript = Transcript(console, "vi")
        transcript.summary(await tell_story(5, language="vi", cap_file=None, say=transcript.scene))
    console.save_svg(
        str(FOLDER / "story.svg"), title="loa story", unique_id="loa", code_format=OWN_FONTS_ONLY
    )


def chromium() -> str | None:
    """The system's, or with None the one that Playwright brought."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


async def main() -> None:
    """Both pictures."""
    set_up_logs(Logs(level="error", format=LogFormat.CONSOLE), frozenset())
    await draw_phones()
    await draw_story()


if __name__ == "__main__":
    asyncio.run(main())
