"""A rule is read as people say it, in both languages, and told back in words."""

from __future__ import annotations

from datetime import UTC, datetime
from unicodedata import normalize

import pytest

from broadcasts.repetition import (
    PlainRule,
    Rhythm,
    end_after_months,
    plain_rule,
    read_end,
    read_rule,
    read_rule_at,
)
from tests.broadcasts.office import ZONE

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)  # Monday, 8:00 in Viet Nam


@pytest.mark.parametrize(
    ("typed", "cron"),
    [
        ("hằng ngày 7h", "0 7 * * *"),
        ("Hàng ngày lúc 7 giờ", "0 7 * * *"),
        ("mỗi ngày lúc 7 giờ 30 phút", "30 7 * * *"),
        ("ngày nào cũng 6h15", "15 6 * * *"),
        ("7 giờ tối hằng ngày", "0 19 * * *"),
        ("12 giờ trưa mỗi ngày", "0 12 * * *"),
        ("ngày thường 7h", "0 7 * * 1-5"),
        ("thứ hai đến thứ sáu 7h", "0 7 * * 1-5"),
        ("từ thứ 2 đến thứ 6 lúc 7h", "0 7 * * 1-5"),
        ("thứ hai 7h30", "30 7 * * 1"),
        ("Thứ 2 hằng tuần lúc 7:30", "30 7 * * 1"),
        ("thứ 7 7h", "0 7 * * 6"),
        ("chủ nhật 8h", "0 8 * * 0"),
        ("T2, T5 7h", "0 7 * * 1,4"),
        ("7h thứ hai và thứ năm", "0 7 * * 1,4"),
        ("ngày 15 hằng tháng 8h", "0 8 15 * *"),
        ("8h ngày 15 mỗi tháng", "0 8 15 * *"),
        ("hằng tháng ngày 1 lúc 8h", "0 8 1 * *"),
        ("daily 7:00", "0 7 * * *"),
        ("every day at 7 pm", "0 19 * * *"),
        ("12 am daily", "0 0 * * *"),
        ("weekdays 7:00", "0 7 * * 1-5"),
        ("Monday to Friday at 7:00", "0 7 * * 1-5"),
        ("Mondays 7:30", "30 7 * * 1"),
        ("every Monday and Thursday at 19:05", "5 19 * * 1,4"),
        ("monthly on the 15th 8:00", "0 8 15 * *"),
        ("the 1st of every month at 8am", "0 8 1 * *"),
        ("0 7 * * *", "0 7 * * *"),
        ("0 7 * * MON", "0 7 * * mon"),
        (normalize("NFD", "hằng ngày 7h"), "0 7 * * *"),
    ],
)
def test_a_rule_is_read_as_people_say_it(typed: str, cron: str) -> None:
    assert read_rule(typed) == cron


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "7h",
        "hằng ngày",
        "hằng ngày 7",
        "hằng ngày 25h",
        "hằng ngày 7h75",
        "thứ hai 7h ở nhà văn hoá",
        "thứ tám 7h",
        "ngày 32 hằng tháng 8h",
        "mùng 1 hằng tháng 7h",
        "hằng năm 7h",
        "khi nào rảnh",
        "daily 7:00 " * 30,
    ],
)
def test_what_is_no_rule_is_asked_for_again(typed: str) -> None:
    assert read_rule(typed) is None


@pytest.mark.parametrize("typed", ["0 7 * * * *", "61 7 * * *", "* * * * *"])
def test_what_looks_like_cron_is_left_to_be_judged(typed: str) -> None:
    assert read_rule(typed) == typed


@pytest.mark.parametrize(
    ("rhythm", "typed", "days", "cron"),
    [
        (Rhythm.DAILY, "7h", (), "0 7 * * *"),
        (Rhythm.DAILY, "lúc 7:05", (), "5 7 * * *"),
        (Rhythm.WEEKDAYS, "7h", (), "0 7 * * 1-5"),
        (Rhythm.WEEKLY, "7h30", (1,), "30 7 * * 1"),
        (Rhythm.WEEKLY, "7h30", (0,), "30 7 * * 0"),
        (Rhythm.MONTHLY, "ngày 15 lúc 8h", (), "0 8 15 * *"),
        (Rhythm.MONTHLY, "15 8h", (), "0 8 15 * *"),
        (Rhythm.MONTHLY, "8h ngày 15", (), "0 8 15 * *"),
        (Rhythm.DAILY, "thứ hai 7h", (), "0 7 * * 1"),
        (Rhythm.DAILY, "bảy giờ", (), None),
        (Rhythm.MONTHLY, "8h", (), None),
    ],
)
def test_after_how_often_was_chosen_the_time_is_enough(
    rhythm: Rhythm, typed: str, days: tuple[int, ...], cron: str | None
) -> None:
    assert read_rule_at(rhythm, typed, days) == cron


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 7 * * *", PlainRule(Rhythm.DAILY, 7, 0)),
        ("30 7 * * mon", PlainRule(Rhythm.WEEKLY, 7, 30, (1,))),
        ("30 7 * * 1-5", PlainRule(Rhythm.WEEKDAYS, 7, 30)),
        ("0 8 15 * *", PlainRule(Rhythm.MONTHLY, 8, 0, (15,))),
        ("0 8,18 * * *", None),
        ("0 * * * *", None),
        ("0 8 15 6 *", None),
        ("0 8 13 * 5", None),
        ("nonsense", None),
    ],
)
def test_a_rule_is_told_in_words_only_where_they_say_all_of_it(line: str, words: PlainRule | None) -> None:
    assert plain_rule(line) == words


@pytest.mark.parametrize("cron", ["0 7 * * *", "0 7 * * 1-5", "30 7 * * 0,3", "0 8 15 * *"])
def test_the_words_of_a_rule_mean_the_same_rule(cron: str) -> None:
    rule = plain_rule(cron)
    assert rule is not None
    assert rule.cron == cron


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("31/12", "31/12/2026 23:59"),
        ("đến hết ngày 31/12/2026", "31/12/2026 23:59"),
        ("1/3", "01/03/2027 23:59"),
        ("2/11", "02/11/2026 23:59"),
        ("31.12.2027", "31/12/2027 23:59"),
    ],
)
def test_an_end_is_the_end_of_that_day(typed: str, expected: str) -> None:
    ends = read_end(typed, NOW, ZONE)
    assert ends is not None
    assert ends.astimezone(ZONE).strftime("%d/%m/%Y %H:%M") == expected


@pytest.mark.parametrize(
    "typed", ["1/1/0001", "31/12/9999", "", "31/2", "tháng sau", "31/12 7h", "31/12/2026/5"]
)
def test_what_is_no_day_is_asked_for_again(typed: str) -> None:
    assert read_end(typed, NOW, ZONE) is None


@pytest.mark.parametrize(
    ("now", "months", "expected"),
    [
        (NOW, 1, "02/12/2026"),
        (NOW, 3, "02/02/2027"),
        (NOW, 12, "02/11/2027"),
        (datetime(2027, 1, 31, 1, tzinfo=UTC), 1, "28/02/2027"),
        (datetime(2026, 12, 31, 1, tzinfo=UTC), 12, "31/12/2027"),
    ],
)
def test_so_many_months_end_on_the_same_day_or_the_last_there_is(
    now: datetime, months: int, expected: str
) -> None:
    ends = end_after_months(months, now, ZONE)
    assert ends.strftime("%d/%m/%Y %H:%M") == f"{expected} 23:59"
