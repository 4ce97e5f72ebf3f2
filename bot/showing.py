"""``loa demo``: the phones page in the browser, and the house behind it, until stopped."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from bot.demonstration import Demo, Wishes, open_demo
from bot.logs import set_up_logs
from bot.runtime import run
from bot.serving import until_stopped
from bot.settings import LogFormat, Logs
from bot.texts import gettext as _


def show(*, port: int, data: Path | None, by_hand: bool, language: str) -> None:
    """Show it until stopped. Raises OperatorMistake."""
    set_up_logs(Logs(level="warning", format=LogFormat.CONSOLE), frozenset())
    if data is not None:
        run(until_stopped(_show(Wishes(data, port, language), by_hand)))
        return
    with tempfile.TemporaryDirectory(prefix="loa-demo-") as folder:
        run(until_stopped(_show(Wishes(Path(folder), port, language), by_hand)))


async def _show(wishes: Wishes, by_hand: bool) -> None:
    async with open_demo(wishes, plays=not by_hand) as demo:
        _announce(demo)
        await demo.wait()


def _announce(demo: Demo) -> None:
    lines = (
        f"[bold]{demo.page_url}[/]",
        "",
        _("Four phones and a wall of channels: watch the story, or play it yourself."),
        _("Everything stays on this machine. Ctrl-C ends it."),
    )
    Console(highlight=False).print(Panel("\n".join(lines), title="Loa", expand=False, padding=(1, 3)))
    if _has_screen():
        with suppress(webbrowser.Error):
            webbrowser.open(demo.page_url)


def _has_screen() -> bool:
    """Whether somebody sits here. On a server, a text browser would take the terminal over and stop everything."""
    shows_windows = sys.platform in ("darwin", "win32") or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
    return sys.stdout.isatty() and bool(shows_windows)
