"""Whole-system runs that a seed decides: the real engine against a platform and a disk that misbehave."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from simulator.crash.ground import Ground
from simulator.crash.invariants import Invariant, judge
from simulator.crash.life import Makers
from simulator.crash.runs import run_seed
from simulator.crash.verdict import run_crash_test
from tests.crash.planted import BUGS
from tests.crash.reporting import report

SEEDS = int(os.environ.get("LOA_CRASH_SEEDS", "200"))
SEEDS_IN_A_SOAK = 10_000
SEEDS_FOR_A_BUG = 150
REPLAYED = (3, 14, 36, 60, 73, 77, 84, 91, 113)
"""Among them runs in which connections are lost, things repeat, and groups rest."""


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


def test_every_promise_is_kept_in_every_run() -> None:
    said: list[str] = []
    verdict = run_crash_test(SEEDS, say=said.append)
    assert verdict.is_good, "\n".join(said)
    assert verdict.deaths > SEEDS
    assert said[-1] == f"Seeds 1 to {SEEDS}: every promise held."


@pytest.mark.soak
def test_every_promise_is_kept_in_ten_thousand_runs() -> None:
    verdict = run_crash_test(SEEDS_IN_A_SOAK, SEEDS + 1, say=print, progress=report("runs", SEEDS_IN_A_SOAK))
    assert verdict.is_good, f"failing seeds: {[failure.seed for failure in verdict.failures]}"


@pytest.mark.parametrize(
    ("makers", "broken"), BUGS, ids=lambda value: "" if isinstance(value, Makers) else value.name
)
def test_a_planted_bug_is_found(ground: Ground, makers: Makers, broken: Invariant) -> None:
    seeds = range(1, SEEDS_FOR_A_BUG)
    found = next((seed for seed in seeds if judge(run_seed(seed, ground, makers), {broken})), None)
    assert found is not None
    assert judge(run_seed(found, ground), {broken}) == []  # without the bug that run is good


def test_no_promise_is_without_a_bug_that_breaks_it() -> None:
    assert {broken for _, broken in BUGS} == set(Invariant)


def test_a_failing_seed_is_named_on_the_last_line() -> None:
    said: list[str] = []
    verdict = run_crash_test(8, makers=BUGS[0][0], say=said.append)
    assert not verdict.is_good
    assert said[-1].endswith(f"loa crash-test --seeds 1 --seed {verdict.failures[0].seed}")


def test_a_seed_replays_exactly(ground: Ground) -> None:
    once, again = ([run_seed(seed, ground).trace() for seed in REPLAYED] for _ in range(2))
    assert once == again


def test_a_seed_replays_exactly_in_another_process(ground: Ground) -> None:
    """Where strings have other hashes, and everything lies elsewhere in memory."""
    here = "\n".join(run_seed(seed, ground).trace() for seed in REPLAYED)
    there = subprocess.run(
        [sys.executable, "-c", _REPLAY],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert there.stdout.strip() == here


_REPLAY = f"""
from simulator.crash.ground import Ground
from simulator.crash.runs import run_seed
with Ground() as ground:
    for seed in {REPLAYED}:
        print(run_seed(seed, ground).trace())
"""
