"""``loa story``: the transcript for people, or one JSON object for machines."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from rich.console import Console
from rich.table import Table

from bot.demonstration import tell_story
from bot.logs import set_up_logs
from bot.mistakes import OperatorMistake
from bot.settings import LogFormat, Logs
from bot.texts import gettext as _
from bulletins.cap import CapRefusal, read_cap
from simulator.story import CapFile

if TYPE_CHECKING:
    from simulator.story import Tally

_LARGEST_CAP_BYTES = 16_000_000


def tell(channels: int, *, as_json: bool, cap: Path | None, language: str) -> int:
    """Play the story; the exit code."""
    set_up_logs(Logs(level="error", format=LogFormat.CONSOLE), frozenset())
    cap_file = None if cap is None else _read(cap)
    if cap_file is not None:
        refused = read_cap(cap_file.content, datetime.now(UTC))
        if isinstance(refused, CapRefusal):
            print(refused.sentence_vi if language == "vi" else refused.sentence_en, file=sys.stderr)  # noqa: T201
            return 1
    console, started = Console(highlight=False, quiet=as_json), time.monotonic()

    def say(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.1f} s[/]  {line}")

    tally = uvloop.run(tell_story(channels, language=language, cap_file=cap_file, say=say))
    if as_json:
        print(json.dumps(tally.as_json(), ensure_ascii=False))  # noqa: T201 (this is the output)
    else:
        _summarise(console, tally)
    return 1 if tally.failed else 0


def _read(path: Path) -> CapFile:
    try:
        with path.open("rb") as file:
            return CapFile(path.name, file.read(_LARGEST_CAP_BYTES))
    except OSError as error:
        raise OperatorMistake(
            _("The file {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from error


def _summarise(console: Console, tally: Tally) -> None:
    table = Table(box=None, padding=(0, 2), show_header=False)
    for name, value in (
        (_("channels enrolled"), tally.channels),
        (_("pledges confirmed"), tally.pledges),
        (_("copies delivered"), tally.delivered),
        (_("copies corrected"), tally.corrected),
        (_("reports filed"), tally.reports),
        (_("answers told"), tally.answers),
        (_("seconds"), f"{tally.seconds:.1f}"),
    ):
        table.add_row(name, f"[bold]{value}[/]")
    console.print()
    console.print(table)
    steps = " ".join(f"{'[green]✓[/]' if outcome == 'ok' else '[red]✗[/]'} {name}" for name, outcome in tally.steps)
    console.print(f"\n{steps}")
