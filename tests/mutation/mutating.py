"""Mutants of the modules that must not be wrong: ledger, pacing, approval, redaction, and what they rest on.

    python -m tests.mutation.mutating --count 300 --seed 1        as `make soak` does: some of all there are
    python -m tests.mutation.mutating --only bot/logs.py          all of one module

A mutant that no test notices is a survivor. One that changes nothing anybody could notice is listed with its reason in
survivors.txt beside this file; every other one asks for a test.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.mutation.general import Mutant, mutants_of, sample
from tests.mutation.trying import ROOT, Outcome, Tried, Workshop

KNOWN_FILE = Path(__file__).with_name("survivors.txt")
LEAST_SHARE = 0.9
_CONTEXT = multiprocessing.get_context("fork")
_PUMP = ("tests/broadcasts/test_pump.py", "tests/broadcasts/test_pump_trouble.py")

TESTS: Mapping[str, Sequence[str]] = {
    "broadcasts/retry.py": ("tests/broadcasts/test_retry.py",),
    "broadcasts/pacing.py": (
        "tests/broadcasts/test_pacing.py",
        "tests/broadcasts/test_pace_memory.py",
        *_PUMP,
    ),
    "broadcasts/consent.py": (
        "tests/broadcasts/test_lifecycle.py",
        "tests/broadcasts/test_lifecycle_corrections.py",
        "tests/broadcasts/test_repetition.py",
        "tests/storage/test_bulletins.py",
        "tests/attacks/test_one_person_alone.py",
    ),
    "broadcasts/delivery.py": (
        "tests/broadcasts/test_broadcast_states.py",
        *_PUMP,
        "tests/storage/test_ledger.py",
    ),
    "broadcasts/breaker.py": ("tests/broadcasts/test_breaker.py", "tests/broadcasts/test_retry.py"),
    "broadcasts/schedule.py": ("tests/broadcasts/test_schedule.py", "tests/broadcasts/test_lifecycle.py"),
    "storage/ledger.py": (
        "tests/storage/test_ledger.py",
        *_PUMP,
        "tests/broadcasts/test_moves.py",
        "tests/broadcasts/test_copies_nobody_knows.py",
    ),
    "bot/logs.py": ("tests/bot/test_logs.py", "tests/attacks/test_secrets_shown.py"),
    "bot/known_secrets.py": ("tests/attacks/test_secrets_shown.py", "tests/bot/test_logs.py"),
    "bulletins/characters.py": (
        "tests/bulletins/test_characters.py",
        "tests/bulletins/test_bulletin_rules.py",
    ),
    "bulletins/look_alikes.py": ("tests/bulletins/test_links.py", "tests/bulletins/test_bulletin_rules.py"),
    "members/buttons.py": ("tests/handlers/test_buttons.py",),
    "reports/quotas.py": ("tests/reports/test_case_rules.py",),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run."""

    tried: int
    survivors: tuple[str, ...]
    """Names of those that nothing noticed, without the known ones."""
    excused: tuple[str, ...]
    """Those that nobody could notice, by the list."""

    @property
    def share(self) -> float:
        """Of those that could be noticed."""
        counted = self.tried - len(self.excused)
        return 1.0 if not counted else 1 - len(self.survivors) / counted


def known_survivors(text: str) -> dict[str, str]:
    """``path: function: change = reason`` lines, without their line numbers, for lines move."""
    known = {}
    for line in text.splitlines():
        name, equals, reason = line.partition(" = ")
        if equals and not line.startswith("#"):
            known[name.strip()] = reason.strip()
    return known


def all_mutants(paths: Sequence[str] = tuple(TESTS)) -> list[Mutant]:
    """Every mutant of these modules."""
    return [one for path in paths for one in mutants_of(path, (ROOT / path).read_text("utf-8"))]


def try_mutants(mutants: Sequence[Mutant], processes: int) -> Report:
    """Try them in so many processes at a time, each with its own copy of the tree."""
    known = known_survivors(KNOWN_FILE.read_text("utf-8"))
    shares = [mutants[start::processes] for start in range(processes)]
    with _CONTEXT.Pool(processes) as pool:
        results = [outcome for share in pool.map(_try_share, shares, chunksize=1) for outcome in share]
    unnoticed = [name for name, is_found in results if not is_found]
    excused = tuple(name for name in unnoticed if name in known)
    return Report(len(results), tuple(sorted(set(unnoticed) - set(excused))), excused)


def _try_share(mutants: Sequence[Mutant]) -> list[tuple[str, bool]]:
    with tempfile.TemporaryDirectory(prefix="loa-mutants-") as folder:
        workshop = Workshop.made_in(Path(folder))
        limits = {path: _limit(workshop, path) for path in {one.path for one in mutants}}
        found = []
        for one in mutants:
            tried = workshop.try_with(one.path, one.source, TESTS[one.path], limits[one.path])
            _tell(one, tried)
            found.append((one.name, tried.is_found))
        return found


def _limit(workshop: Workshop, path: str) -> float:
    """How long its tests may take: what they take without a change, and much more. They must be green then."""
    usual = workshop.try_unchanged(TESTS[path], 600.0)
    if usual.outcome is not Outcome.SURVIVED:
        raise RuntimeError(f"the tests of {path} are red before anything is changed: {usual.output}")
    return 15.0 + 3 * usual.seconds


def _tell(one: Mutant, tried: Tried) -> None:
    print(f"{tried.outcome:>12}  {tried.seconds:5.1f} s  {one.path}:{one.line} {one.name}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 when enough was noticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", action="append", choices=sorted(TESTS))
    wanted = parser.parse_args(arguments)
    chosen = sample(all_mutants(tuple(wanted.only or TESTS)), wanted.count, Random(wanted.seed))
    began = time.monotonic()
    report = try_mutants(chosen, wanted.processes)
    tell_report(report, (time.monotonic() - began) / 60)
    return 0 if report.share >= LEAST_SHARE else 1


def tell_report(report: Report, minutes: float) -> None:
    """In words, with the names of the survivors as survivors.txt wants them."""
    print(
        f"\n{report.tried} mutants in {minutes:.1f} minutes; {report.share:.1%} of those that count were noticed."
    )
    print(f"{len(report.excused)} can be noticed by nobody (see {KNOWN_FILE.name}); not noticed:")
    for name in report.survivors:
        print(f"  {name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
