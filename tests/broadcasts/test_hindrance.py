"""Why nothing moves: one reason for all bots whom it concerns, and none while all goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from broadcasts.hindrance import Hindrance, Waiting, Why, hindrances
from tests.broadcasts.station import BOT, NOON, VIET_NAM

SECOND_BOT = "loa-hai"
BOTH = (BOT, SECOND_BOT)
SOON, LATER = NOON + timedelta(seconds=5), NOON + timedelta(hours=2)
FREE = Waiting(BOT, NOON, None, None, None)
RESTING = replace(FREE, first_due=NOON + timedelta(minutes=30), quiet_minutes=(12 * 60, 12 * 60 + 30))


def why(*waiting: Waiting) -> list[Hindrance]:
    return list(hindrances(waiting, BOTH, NOON, VIET_NAM))


@pytest.mark.parametrize(
    ("waiting", "reason", "until"),
    [
        (replace(FREE, line_trouble="http_502"), Why.LINE, None),
        (replace(FREE, line_trouble="http_401"), Why.TOKEN, None),
        (replace(FREE, held_until=LATER), Why.FLOOD, LATER),
        (RESTING, Why.QUIET, RESTING.first_due),
        (replace(FREE, first_due=LATER), Why.LATER, LATER),
        (replace(RESTING, first_due=LATER), Why.LATER, LATER),
    ],
)
def test_each_reason_is_told_from_the_others(waiting: Waiting, reason: Why, until: datetime | None) -> None:
    assert why(waiting) == [Hindrance(reason, (BOT,), until)]


@pytest.mark.parametrize(
    "waiting",
    [
        FREE,
        replace(FREE, held_until=SOON),
        replace(FREE, held_until=NOON - timedelta(days=1)),
        replace(FREE, first_due=SOON),
        replace(FREE, quiet_minutes=(12 * 60, 12 * 60 + 30)),
    ],
)
def test_what_goes_on_or_will_at_once_needs_no_reason(waiting: Waiting) -> None:
    assert why(waiting) == []


def test_nothing_left_needs_no_reason() -> None:
    assert why() == []


def test_quiet_hours_of_one_bot_are_no_reason_while_another_sends() -> None:
    assert why(FREE, replace(RESTING, bot=SECOND_BOT)) == []
    both = why(RESTING, replace(RESTING, bot=SECOND_BOT))
    assert both == [Hindrance(Why.QUIET, BOTH, RESTING.first_due)]


def test_a_line_that_is_down_is_told_while_another_bot_sends_and_of_all_bots_at_once() -> None:
    down = replace(FREE, line_trouble="http_502")
    assert why(down, replace(FREE, bot=SECOND_BOT)) == [Hindrance(Why.LINE, (BOT,))]
    assert why(down, replace(down, bot=SECOND_BOT)) == [Hindrance(Why.LINE, BOTH)]


def test_channels_of_a_bot_that_is_not_in_the_settings_are_counted_whatever_else_there_is() -> None:
    strange = replace(FREE, bot="loa-cu", channels=7, line_trouble="http_502")
    assert why(FREE, strange) == [Hindrance(Why.NO_BOT, ("loa-cu",), None, 7)]
