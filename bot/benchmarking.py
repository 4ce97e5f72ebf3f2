"""``loa bench``: run the measured claims, each in a process of its own, and say how far each is from its target.

A benchmark prints one JSON line; exit code 3 says that something it compares with is not installed. What was found
last is kept in ``benchmarks/results.json``, from which ``benchmarks/RESULTS.md`` is written: each figure with the
state of the machine at its time, and below what people remarked in ``benchmarks/remarks.md``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.mistakes import OperatorMistake
from bot.texts import gettext as _

Result = Mapping[str, Any]

KEYS: Final = ("id", "figure", "unit", "peers", "ratio", "target", "met")
"""What ``--json`` prints of each."""

CANNOT_BE_MEASURED_HERE: Final = 3

_ROOT: Final = Path(__file__).resolve().parent.parent
_PACKAGES: Final = (
    "aiogram",
    "aiogram-broadcaster",
    "aiohttp",
    "aiosqlite",
    "procrastinate",
    "python-telegram-bot",
    "sqlalchemy",
    "uvloop",
)
_LOOKED_EVERY_SECONDS: Final = 0.2
_SECONDS_AT_MOST: Final = 1_800.0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One measured claim. ``about_seconds`` is for the progress bar."""

    id: str
    claim: str
    module: str
    about_seconds: float
    options: Sequence[str] = ()


BENCHMARKS: Final = (
    Benchmark("F1", "durable sends on one core, beside others", "benchmarks.durable_sends", 120),
    Benchmark("F2", "processor time of a durable send", "benchmarks.processor_time", 60),
    Benchmark("F3", "pace reached against a server that enforces one", "benchmarks.pace_kept", 140),
    Benchmark("F4", "an emergency overtakes a million routine rows", "benchmarks.overtaking", 75),
    Benchmark("F5", "a person's answer during full fan-out", "benchmarks.answers", 90),
    Benchmark("F6", "planning a million deliveries; memory of draining them", "benchmarks.planning", 140),
    Benchmark("F7", "restart to first message with a million rows open", "benchmarks.restart", 45),
    Benchmark("F8", "100 tokens, two processes, one of them killed", "benchmarks.cluster", 180),
    Benchmark("R1", "a bulletin while 200 strangers do all they can", "benchmarks.strangers", 100),
)


@dataclass(slots=True)
class Outcome:
    """What a run of several benchmarks came to."""

    results: list[Result] = field(default_factory=list)
    unmeasured: dict[str, str] = field(default_factory=dict)
    """Why, by id: something is missing on this machine."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why, by id: a bug."""


def bench(ids: Sequence[str], *, as_json: bool) -> int:
    """Run these, or all; the exit code. Raises OperatorMistake when there is no such benchmark."""
    chosen = choose(ids)
    outcome = run(chosen, _nowhere if as_json else partial(keep, folder=_ROOT / "benchmarks"))
    if as_json:
        sys.stdout.write(
            json.dumps([shown(one) for one in outcome.results], ensure_ascii=False, indent=2) + "\n"
        )
    else:
        Console().print(table(outcome.results))
    for name, reason in (outcome.unmeasured | outcome.failed).items():
        Console(stderr=True, highlight=False).print(f"{name}: {reason}", markup=False)
    if outcome.failed:
        return 1
    return CANNOT_BE_MEASURED_HERE if outcome.unmeasured else 0


def _nowhere(results: Sequence[Result]) -> None:
    """A program that reads them keeps them itself."""


def choose(ids: Sequence[str], known: Sequence[Benchmark] = BENCHMARKS) -> list[Benchmark]:
    """The benchmarks with these ids, in their usual order; all when none is named."""
    if importlib.util.find_spec("benchmarks") is None:
        raise OperatorMistake(
            _("The benchmarks are not part of what is installed: run this in a copy of Loa's repository.")
        )
    wanted = {one.upper() for one in ids}
    unknown = sorted(wanted - {one.id for one in known})
    if unknown:
        raise OperatorMistake(
            _("There is no benchmark {unknown}: choose among {known}.").format(
                unknown=", ".join(unknown), known=", ".join(one.id for one in known)
            )
        )
    return [one for one in known if not wanted or one.id in wanted]


def run(benchmarks: Sequence[Benchmark], kept: Callable[[Sequence[Result]], None] = _nowhere) -> Outcome:
    """One after the other, with a bar on standard error. Each is ``kept`` at once, whatever becomes of the next."""
    outcome = Outcome()
    with _bar(sum(one.about_seconds for one in benchmarks)) as advance:
        for benchmark in benchmarks:
            before = len(outcome.results)
            try:
                _run(benchmark, outcome, partial(advance, benchmark))
            except (RuntimeError, ValueError, LookupError) as error:
                outcome.failed[benchmark.id] = str(error)
            kept(outcome.results[before:])
    return outcome


@contextmanager
def _bar(total_seconds: float) -> Iterator[Callable[[Benchmark, float], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total_seconds)

        def advance(benchmark: Benchmark, seconds: float) -> None:
            progress.update(task, advance=seconds, description=f"{benchmark.id} {benchmark.claim}")

        yield advance


def _run(benchmark: Benchmark, outcome: Outcome, advance: Callable[[float], None]) -> None:
    load, began = _load(), datetime.now(UTC)
    ended, told, said = _finished(benchmark, advance)
    if ended == CANNOT_BE_MEASURED_HERE:
        outcome.unmeasured[benchmark.id] = said.strip()
        return
    if ended:
        raise RuntimeError(f"benchmark {benchmark.id} failed:\n{said.strip()}")
    found = json.loads(told.strip().splitlines()[-1])
    when = began.isoformat(timespec="minutes")
    outcome.results.append({**found, "claim": benchmark.claim, "at": when, "load": load})


def _finished(benchmark: Benchmark, advance: Callable[[float], None]) -> tuple[int, str, str]:
    """Exit code and both outputs; meanwhile the bar moves, as far as this benchmark may move it."""
    command = [sys.executable, "-m", benchmark.module, *benchmark.options]
    process = subprocess.Popen(  # noqa: S603 (a module of ours)
        command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    left, deadline = benchmark.about_seconds, time.monotonic() + _SECONDS_AT_MOST
    try:
        while True:
            step = min(_LOOKED_EVERY_SECONDS, left)
            advance(step)
            left -= step
            try:
                told, said = process.communicate(timeout=_LOOKED_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"benchmark {benchmark.id} does not end") from None
            else:
                advance(left)
                return process.returncode, told, said
    finally:
        process.kill()
        process.wait()


def shown(result: Result) -> dict[str, Any]:
    """What ``--json`` prints of one."""
    return {key: result[key] for key in KEYS}


def table(results: Sequence[Result]) -> Table:
    """For the terminal."""
    drawn = Table("", "", "figure", "target", "")
    for one in results:
        figure = f"{one['figure']:,} {one['unit']}{_beside(one, chr(10))}"
        drawn.add_row(
            one["id"], one["claim"], figure, one["target"], "[green]✓[/]" if one["met"] else "[red]✗[/]"
        )
    return drawn


def _beside(result: Result, separator: str) -> str:
    """The peers of the same run."""
    peers = (
        f"{separator}{name}: {figure:,} (ratio {result['ratio'].get(name)})"
        for name, figure in result["peers"].items()
    )
    return "".join(peers)


# --- what is kept ------------------------------------------------------------------------------------------------


def keep(results: Sequence[Result], folder: Path) -> None:
    """Write ``results.json`` and ``RESULTS.md`` there; figures that were not taken this time stay as they are."""
    file = folder / "results.json"
    kept: dict[str, Result] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    kept |= {one["id"]: one for one in results}
    ordered = {key: kept[key] for key in sorted(kept)}
    file.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n", "utf-8")
    remarks = folder / "remarks.md"
    said = remarks.read_text("utf-8") if remarks.exists() else ""
    (folder / "RESULTS.md").write_text(report(list(ordered.values()), said), "utf-8")


def report(results: Sequence[Result], remarks: str = "") -> str:
    """The whole of ``RESULTS.md``; ``remarks`` are people's words on why a target was missed."""
    lines = [
        "# Results",
        "",
        "Written by `make bench`; change nothing here by hand. Figures with peers were taken in turns with them,",
        "in one run. The load average is that of the moment a benchmark began: on a machine that others use, clock",
        "and processor times are longer than the program's own, ratios less so.",
        "",
        f"Machine: {machine()}.",
        f"Software: {software()}.",
        "",
        "| # | claim | figure | target | met | beside, in the same run | taken, load average |",
        "|---|---|---|---|---|---|---|",
        *(_line(one) for one in results),
        "",
        "## Details",
        "",
        *(f"- **{one['id']}** {_details(one)}" for one in results),
        "",
        remarks,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _line(result: Result) -> str:
    beside = _beside(result, "<br>").removeprefix("<br>") or "–"
    met = "yes" if result["met"] else "**no**"
    figure = f"{result['figure']:,} {result['unit']}"
    cells = (result["id"], result["claim"], figure, result["target"], met, beside)
    return f"| {' | '.join(cells)} | {result['at']}, {result['load']} |"


def _details(result: Result) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in result["more"].items()) or "–"


def machine() -> str:
    """Cores, processor, memory, system."""
    parts = [f"{os.cpu_count()} cores", _processor(), _memory(), platform.system()]
    return ", ".join(part for part in parts if part)


def software() -> str:
    """Python, and everything that is compared."""
    return ", ".join([f"Python {platform.python_version()}", *filter(None, map(_versioned, _PACKAGES))])


def _versioned(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """As Linux names it (proc_cpuinfo(5)), else as Python does."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return ""
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB of memory"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
