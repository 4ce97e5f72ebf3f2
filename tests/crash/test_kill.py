"""kill -9 of the real process on a real file, again and again; then both sides are compared."""

import os
from pathlib import Path

import pytest

from simulator.crash.invariants import Invariant, judge
from tests.crash.hunt import open_hunt
from tests.crash.reporting import report

KILLS = int(os.environ.get("LOA_KILLS", "30"))
KILLS_IN_A_SOAK = 500
KILLS_FOR_A_BUG = 8
LOOKED_AT = frozenset({Invariant.FINAL, Invariant.PLANNED, Invariant.NO_REPEAT, Invariant.IN_LEDGER})


async def test_a_killed_process_loses_nothing_and_repeats_nothing_unexplained(tmp_path: Path) -> None:
    await _hunt(tmp_path, KILLS)


@pytest.mark.soak
async def test_nor_does_it_when_it_is_killed_five_hundred_times(tmp_path: Path) -> None:
    await _hunt(tmp_path, KILLS_IN_A_SOAK)


async def test_a_start_that_sends_everything_again_is_found_out(tmp_path: Path) -> None:
    async with open_hunt(tmp_path, seed=2, ledger="hopeful") as hunt:
        await hunt.kill_often(KILLS_FOR_A_BUG)
        await hunt.let_it_finish()
        evidence = hunt.evidence()
    assert judge(evidence, {Invariant.NO_REPEAT})


async def _hunt(folder: Path, kills: int) -> None:
    async with open_hunt(folder, seed=kills) as hunt:
        await hunt.kill_often(kills, report("kills", kills))
        await hunt.let_it_finish()
        evidence = hunt.evidence()
    assert judge(evidence, LOOKED_AT) == []
    assert len(evidence.deliveries) == len(evidence.channels) * hunt.started
    assert len(evidence.copies) > kills  # else it was killed before it could do anything
