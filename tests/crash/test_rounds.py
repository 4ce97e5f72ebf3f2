"""What repeats in seeded runs: on the run's own quick calendar, which is the product's at another speed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.calendar import calendar_of
from broadcasts.recurrence import moments
from bulletins.values import Recurrence
from simulator.crash.calendar import CALENDAR, hurried
from simulator.crash.ground import Ground
from simulator.crash.life import VIET_NAM, Makers
from simulator.crash.runs import run_seed
from simulator.crash.scenario import STARTS, scenario_of
from simulator.crash.series import RULES

SEEDS_WITH_A_SERIES = [seed for seed in range(1, 120) if scenario_of(seed).series is not None]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@pytest.mark.parametrize("line", RULES)
def test_the_products_calendar_names_the_same_moments(line: str) -> None:
    recurrence = Recurrence(line, STARTS + timedelta(minutes=4), valid_hours=1)
    of_the_run = list(moments(recurrence, STARTS, CALENDAR))
    assert of_the_run == list(moments(recurrence, STARTS, hurried(calendar_of(VIET_NAM))))
    assert len(of_the_run) > 30


def test_a_run_is_the_same_with_the_products_calendar(ground: Ground) -> None:
    makers = Makers(calendar=hurried(calendar_of(VIET_NAM)))
    for seed in SEEDS_WITH_A_SERIES[:3]:
        assert run_seed(seed, ground, makers).trace() == run_seed(seed, ground).trace()


def test_series_are_made_held_skipped_and_stopped_in_some_of_the_first_runs(ground: Ground) -> None:
    """Otherwise their promises would be held by runs in which nothing of the kind happens."""
    evidences = [run_seed(seed, ground) for seed in SEEDS_WITH_A_SERIES]
    found = [evidence.series for evidence in evidences if evidence.series is not None]
    assert sum(len(series.occurrences) for series in found) > len(found)
    assert any(evidence.sent_late for evidence in evidences)
    assert any(skip.confirmed is not None for evidence in evidences for skip in evidence.skips)
    assert any(stop.made for evidence in evidences for stop in evidence.series_stopped)
