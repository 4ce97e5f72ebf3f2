"""The moments of a cron line, on the network's clock, in cron's own meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from bot.calendar import calendar_of
from broadcasts.recurrence import moments
from bulletins.bulletin import Recurrence

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)  # 8:00 in Viet Nam
IN_A_YEAR = MONDAY + timedelta(days=365)


def first(line: str, count: int = 3, zone: ZoneInfo = VIET_NAM, after: datetime = MONDAY) -> list[str]:
    rule = Recurrence(line, after + timedelta(days=365), 24)
    found = islice(moments(rule, after, calendar_of(zone)), count)
    return [moment.astimezone(zone).strftime("%a %d/%m %H:%M") for moment in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 7 * * *", ["Tue 03/11 07:00", "Wed 04/11 07:00", "Thu 05/11 07:00"]),
        ("30 8 * * *", ["Mon 02/11 08:30", "Tue 03/11 08:30", "Wed 04/11 08:30"]),
        ("0 7 * * 0", ["Sun 08/11 07:00", "Sun 15/11 07:00", "Sun 22/11 07:00"]),
        ("0 7 * * 7", ["Sun 08/11 07:00", "Sun 15/11 07:00", "Sun 22/11 07:00"]),
        ("0 7 * * 1", ["Mon 09/11 07:00", "Mon 16/11 07:00", "Mon 23/11 07:00"]),
        ("0 7 * * 6", ["Sat 07/11 07:00", "Sat 14/11 07:00", "Sat 21/11 07:00"]),
        ("0 7 * * 1-5", ["Tue 03/11 07:00", "Wed 04/11 07:00", "Thu 05/11 07:00"]),
        ("0 8 15 * *", ["Sun 15/11 08:00", "Tue 15/12 08:00", "Fri 15/01 08:00"]),
        ("0 8 31 * *", ["Thu 31/12 08:00", "Sun 31/01 08:00", "Wed 31/03 08:00"]),
        ("0 7 13 * 5", ["Fri 06/11 07:00", "Fri 13/11 07:00", "Fri 20/11 07:00"]),
    ],
)
def test_moments_are_those_that_people_mean(line: str, expected: list[str]) -> None:
    assert first(line) == expected


@pytest.mark.parametrize("line", ["0 7 31 2 *", "0 7 30 2 *", "nhiều lần", "0 7 * * * *"])
def test_a_rule_that_never_comes_about_ends_at_once(line: str) -> None:
    assert calendar_of(VIET_NAM)(line, MONDAY, IN_A_YEAR) is None


def test_a_moment_is_always_later_and_the_end_itself_still_counts() -> None:
    next_moment = calendar_of(VIET_NAM)
    tuesday = next_moment("0 7 * * *", MONDAY, IN_A_YEAR)
    assert tuesday == datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
    assert next_moment("0 7 * * *", tuesday - timedelta(seconds=1), tuesday) == tuesday
    assert next_moment("0 7 * * *", tuesday, tuesday) is None
    assert next_moment("0 7 * * *", tuesday, tuesday + timedelta(hours=23)) is None


def test_where_clocks_change_every_day_has_its_moment_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    in_spring, in_autumn = datetime(2026, 3, 27, 6, tzinfo=UTC), datetime(2026, 10, 23, 6, tzinfo=UTC)
    assert first("30 2 * * *", 3, berlin, in_spring) == [
        "Sat 28/03 02:30",
        "Sun 29/03 03:30",
        "Mon 30/03 02:30",
    ]
    assert first("30 2 * * *", 3, berlin, in_autumn) == [
        "Sat 24/10 02:30",
        "Sun 25/10 02:30",
        "Mon 26/10 02:30",
    ]
