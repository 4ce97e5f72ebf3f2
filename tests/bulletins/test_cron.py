"""A cron line means what cron means by it, or it is none."""

from __future__ import annotations

import pytest

from bulletins.cron import read_cron


@pytest.mark.parametrize(
    ("line", "weekdays"),
    [
        ("0 7 * * 0", (0,)),
        ("0 7 * * 7", (0,)),
        ("0 7 * * 1", (1,)),
        ("0 7 * * SUN", (0,)),
        ("0 7 * * mon-fri", (1, 2, 3, 4, 5)),
        ("0 7 * * 5-7", (0, 5, 6)),
        ("0 7 * * fri-sun", (0, 5, 6)),
        ("0 7 * * */2", (0, 2, 4, 6)),
        ("0 7 * * *", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_the_week_begins_with_sunday_which_is_also_its_seventh_day(
    line: str, weekdays: tuple[int, ...]
) -> None:
    cron = read_cron(line)
    assert cron is not None
    assert cron.weekdays == weekdays


def test_each_field_is_the_values_it_names() -> None:
    cron = read_cron("5,35 6-10/2 1,15 jan,7-8 *")
    assert cron is not None
    assert (cron.minutes, cron.hours) == ((5, 35), (6, 8, 10))
    assert (cron.days, cron.months) == ((1, 15), (1, 7, 8))
    assert not cron.either_day


def test_where_both_kinds_of_day_are_limited_either_is_enough() -> None:
    both, one, none = read_cron("0 7 13 * 5"), read_cron("0 7 13 * *"), read_cron("0 7 */2 * 5")
    assert both is not None
    assert one is not None
    assert none is not None
    assert (both.either_day, one.either_day, none.either_day) == (True, False, False)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "* * * *",
        "0 7 * * * *",
        "60 7 * * *",
        "0 24 * * *",
        "0 7 0 * *",
        "0 7 32 * *",
        "0 7 * 13 *",
        "0 7 * * 8",
        "0 7 * * monday",
        "0 7 5-1 * *",
        "0 7 */0 * *",
        "0 7 , * *",
        "0 7 1,, * *",
        "0 7 *-5 * *",
        "0 7 5/2 * *",
        "0 7 -1 * *",
        "0 7 L * *",
        "０ 7 * * *",
        "@daily",
        "0 7 * * " + ",".join(["1"] * 60),
    ],
)
def test_what_cron_would_not_take_is_no_cron_line(line: str) -> None:
    assert read_cron(line) is None
