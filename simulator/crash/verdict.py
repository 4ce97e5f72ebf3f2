"""Many seeds one after the other, and what came of them: the whole of ``loa crash-test``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from broadcasts.delivery import DeliveryState
from simulator.crash.evidence import Evidence
from simulator.crash.ground import Ground
from simulator.crash.invariants import Violation, judge
from simulator.crash.life import Makers
from simulator.crash.runs import run_seed

_FAILURES_AT_MOST = 5
_SHOWN_AT_MOST = 8


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed whose run broke promises."""

    seed: int
    violations: tuple[Violation, ...]

    def lines(self) -> list[str]:
        """For people: what broke, as soon as it is found."""
        return [f"Seed {self.seed}: {violation}" for violation in self.violations[:_SHOWN_AT_MOST]]


@dataclass(slots=True)
class Verdict:
    """What a crash test found. ``is_good`` decides the exit code."""

    first_seed: int
    runs: int = 0
    seconds: float = 0.0
    deaths: int = 0
    requests: int = 0
    deliveries: Counter[DeliveryState] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every promise held in every run."""
        return not self.failures

    def count(self, evidence: Evidence, violations: list[Violation]) -> list[str]:
        """Add one run; what is to be said of it at once."""
        self.runs += 1
        self.deaths += sum(life.was_killed for life in evidence.lives)
        self.requests += len(evidence.requests)
        self.deliveries.update(row.state for row in evidence.deliveries)
        if not violations:
            return []
        self.failures.append(Failure(evidence.seed, tuple(violations)))
        return self.failures[-1].lines()

    def lines(self) -> list[str]:
        """For people, at the end; the last line names the seeds, and one that failed if any did."""
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.deliveries.items()))
        lines = [
            f"{self.runs} runs in {self.seconds:.1f} s: processes killed {self.deaths} times,"
            f" {self.requests} requests, deliveries: {states}."
        ]
        seeds = f"Seeds {self.first_seed} to {self.first_seed + self.runs - 1}"
        if self.is_good:
            return [*lines, f"{seeds}: every promise held."]
        again = f"loa crash-test --seeds 1 --seed {self.failures[0].seed}"
        return [*lines, f"{seeds}: promises were broken. To see it again: {again}"]


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")


def run_crash_test(
    seeds: int,
    first_seed: int = 1,
    *,
    makers: Makers | None = None,
    say: Callable[[str], None] = _to_stdout,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Run so many seeds from the first one on, and say what came of it; ends early after five failures.

    ``progress`` hears how many runs are done. Must not be called while an event loop runs.
    """
    verdict, began = Verdict(first_seed), monotonic()
    with Ground() as ground:
        for seed in range(first_seed, first_seed + seeds):
            evidence = run_seed(seed, ground, makers)
            for line in verdict.count(evidence, judge(evidence)):
                say(line)
            if progress is not None:
                progress(verdict.runs)
            if len(verdict.failures) >= _FAILURES_AT_MOST:
                break
    verdict.seconds = monotonic() - began
    for line in verdict.lines():
        say(line)
    return verdict
