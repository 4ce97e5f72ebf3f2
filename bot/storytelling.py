"""``loa story``: the transcript for people, or one JSON object for machines."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bot.demonstration import tell_story
from bot.logs import set_up_logs
from bot.mistakes import OperatorMistake
from bot.runtime import run
from bot.settings import LogFormat, Logs
from bot.texts import gettext as _
from bot.texts import spoken
from bulletins.cap import CapRefusal, read_cap
from simulator.captions import CAPTIONS
from simulator.scenes.plot import CapFile

if TYPE_CHECKING:
    from simulator.scenes.plot import Tally

_LARGEST_CAP_BYTES = 16_000_000
_TITLE_WIDTH = 26


def tell(channels: int, *, as_json: bool, cap: Path | None, language: str) -> int:
    """Play the story; the exit code."""
    set_up_logs(Logs(level="error", format=LogFormat.CONSOLE), frozenset())
    cap_file = None if cap is None else _read(cap)
    refused = None if cap_file is None else read_cap(cap_file.content, datetime.now(UTC))
    if isinstance(refused, CapRefusal):
        print(refused.sentence_vi if language == "vi" else refused.sentence_en, file=sys.stderr)  # noqa: T201
        return 1
    with spoken(language):
        transcript = Transcript(Console(highlight=False, quiet=as_json), language)
        tally = run(tell_story(channels, language=language, cap_file=cap_file, say=transcript.scene))
        transcript.summary(tally)
    if as_json:
        print(json.dumps(tally.as_json(), ensure_ascii=False))  # noqa: T201 (this is the output)
    return 1 if tally.failed else 0


def _read(path: Path) -> CapFile:
    try:
        with path.open("rb") as file:
            return CapFile(path.name, file.read(_LARGEST_CAP_BYTES))
    except FileNotFoundError:
        raise OperatorMistake(
            _("There is no file {path}: please check its name.").format(path=path)
        ) from None
    except OSError as error:
        raise OperatorMistake(
            _("The file {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from error


class Transcript:
    """What people read in the terminal, scene by scene."""

    def __init__(self, console: Console, language: str) -> None:
        self._console = console
        self._language = language
        self._started = time.monotonic()

    def scene(self, key: str, said: str) -> None:
        """One scene was played."""
        title = CAPTIONS[key].title
        sign = "[red]✗[/]" if said.startswith("failed") else "[green]✓[/]"
        row = Table.grid(padding=(0, 1))
        row.add_column(width=7, justify="right", style="dim")
        row.add_column(width=1)
        row.add_column(width=_TITLE_WIDTH, style="bold")
        row.add_column()
        seconds = time.monotonic() - self._started
        row.add_row(f"{seconds:.1f} s", sign, title.vi if self._language == "vi" else title.en, said)
        self._console.print(row)

    def summary(self, tally: Tally) -> None:
        """The figures, at the end."""
        table = Table(box=None, padding=(0, 2), show_header=False)
        for name, value in (
            (_("channels enrolled"), tally.channels),
            (_("pledges confirmed"), tally.pledges),
            (_("copies delivered"), tally.delivered),
            (_("copies withdrawn for now"), tally.withdrawn),
            (_("copies corrected"), tally.corrected),
            (_("reports filed"), tally.reports),
            (_("answers told"), tally.answers),
            (_("seconds"), f"{tally.seconds:.1f}"),
        ):
            table.add_row(name, f"[bold]{value}[/]")
        self._console.print()
        self._console.print(table)
