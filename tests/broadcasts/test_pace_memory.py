"""A restart forgets neither that the token is held nor that it was slowed down."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from broadcasts.pace_memory import PaceMemory
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.ports import LedgerUnavailable, PaceRecord
from tests.broadcasts.station import BOT, NOON
from tests.broadcasts.test_pacing import in_virtual_time

CEILING = 25.0


class Paces:
    """Keeps one record, unless it is broken."""

    def __init__(self, record: PaceRecord | None = None) -> None:
        self.record = record
        self.is_broken = False

    async def load_pace(self, bot: str) -> PaceRecord | None:
        return self.record

    async def save_pace(self, bot: str, record: PaceRecord) -> None:
        if self.is_broken:
            raise LedgerUnavailable("disk full")
        self.record = record


def at_noon() -> datetime:
    return NOON


@pytest.mark.parametrize(
    ("held_until", "rate"),
    [
        (timedelta(hours=2), 8.0),
        (timedelta(seconds=-1), 8.0),
        (timedelta(seconds=-59), 8.0),
        (timedelta(minutes=-3), 9.5),
        (timedelta(hours=-5), CEILING),
    ],
)
def test_a_token_that_was_slowed_down_goes_on_as_if_there_had_been_no_restart(
    held_until: timedelta, rate: float
) -> None:
    async def story() -> tuple[float, float]:
        pacer = Pacer(PaceRules(CEILING))
        await PaceMemory(BOT, pacer, Paces(PaceRecord(NOON + held_until, 8.0)), at_noon).restore()
        return pacer.rate_per_second, pacer.held_for()

    held_for_seconds = max(0.0, held_until.total_seconds())
    assert in_virtual_time(story()) == (pytest.approx(rate), pytest.approx(held_for_seconds))


def test_what_was_saved_is_what_is_restored() -> None:
    paces = Paces()

    async def story() -> tuple[float, float]:
        slowed, again = Pacer(PaceRules(CEILING)), Pacer(PaceRules(CEILING))
        slowed.flood("7", 30.0)
        assert slowed.flood("8", 30.0)
        await PaceMemory(BOT, slowed, paces, at_noon).save()
        await PaceMemory(BOT, again, paces, at_noon).restore()
        return again.rate_per_second, again.held_for()

    assert in_virtual_time(story()) == (pytest.approx(CEILING * 0.7), pytest.approx(30.0))


def test_an_answer_does_not_fail_because_a_hold_cannot_be_saved() -> None:
    paces = Paces()
    paces.is_broken = True

    async def story() -> None:
        await PaceMemory(BOT, Pacer(PaceRules(CEILING)), paces, at_noon).save_if_possible()

    in_virtual_time(story())
    assert paces.record is None
