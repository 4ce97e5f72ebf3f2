"""``loa crash-test``: seeded runs of the whole system, broken on purpose; the verdict stands on the last line."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress

from bot.logs import set_up_logs
from bot.settings import LogFormat, Logs
from simulator.crash.life import Makers
from simulator.crash.verdict import run_crash_test


def crash(seeds: int, first_seed: int, makers: Makers | None = None) -> int:
    """Run them, with a bar on standard error; the exit code: 0 when every promise was held, else 1.

    ``makers`` put the system together, in place of the real ones.
    """
    set_up_logs(Logs(level="error", format=LogFormat.CONSOLE))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loa crash-test", total=seeds)
        verdict = run_crash_test(
            seeds, first_seed, makers=makers, progress=lambda done: bar.update(task, completed=done)
        )
    return 0 if verdict.is_good else 1
