"""When: what a person typed, and what a timer finds."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.schedule import USUAL_VALIDITY_HOURS, VALIDITIES_HOURS, Due, due, expiry_after, read_moment

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)  # 17:00 in Viet Nam
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("25/12 07:00", "2026-12-25 07:00"),
        ("7h30 22/11/2026", "2026-11-22 07:30"),
        ("07:00 ngày 22/11", "2026-11-22 07:00"),
        ("22-11-2026, 7 giờ 30 phút", "2026-11-22 07:30"),
        ("22.11 07h05", "2026-11-22 07:05"),
        ("mai 7h", "2026-11-22 07:00"),
        ("hôm nay 19:00", "2026-11-21 19:00"),
        ("19:00", "2026-11-21 19:00"),
        ("7:00", "2026-11-22 07:00"),
        ("17:00", "2026-11-22 17:00"),
        ("tomorrow 7:00", "2026-11-22 07:00"),
        ("02/01 7h", "2027-01-02 07:00"),
        ("20/11 07:00", "2026-11-20 07:00"),
    ],
)
def test_a_typed_moment_is_read_on_the_networks_clock(typed: str, read: str) -> None:
    moment = read_moment(typed, NOW, ZONE)
    assert moment is not None
    assert moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") == read


@pytest.mark.parametrize(
    "typed",
    [
        "1/1/0001 7h",
        "31/12/9999 23:30",
        "",
        "mai",
        "22/11",
        "31/2 07:00",
        "25:00",
        "7:65",
        "99/99 99:99",
        "7h ở nhà văn hoá",
        "7" * 100,
    ],
)
def test_what_is_no_moment_is_none(typed: str) -> None:
    assert read_moment(typed, NOW, ZONE) is None


@given(typed=st.text(max_size=80))
def test_nothing_typed_makes_it_fail(typed: str) -> None:
    moment = read_moment(typed, NOW, ZONE)
    assert moment is None or moment.tzinfo is UTC


@given(moment=st.datetimes(min_value=datetime(2026, 11, 22), max_value=datetime(2027, 5, 1)))  # noqa: DTZ001
def test_what_loa_writes_it_can_read(moment: datetime) -> None:
    local = moment.replace(tzinfo=ZONE, second=0, microsecond=0)
    assert read_moment(local.strftime("%H:%M %d/%m/%Y"), NOW, ZONE) == local


@pytest.mark.parametrize(
    ("late", "found"),
    [
        (timedelta(seconds=-1), Due.EARLY),
        (timedelta(0), Due.NOW),
        (timedelta(minutes=15), Due.NOW),
        (timedelta(minutes=15, seconds=1), Due.MISSED),
    ],
)
def test_a_start_is_early_due_or_missed(late: timedelta, found: Due) -> None:
    assert due(NOW, NOW + late, timedelta(minutes=15)) is found


def test_what_has_no_time_is_always_due() -> None:
    assert due(None, NOW, timedelta(minutes=15)) is Due.NOW


def test_validity_counts_from_the_start_and_never_from_the_past() -> None:
    later = NOW + timedelta(days=2)
    assert expiry_after(6, later, NOW) == later + timedelta(hours=6)
    assert expiry_after(6, NOW - timedelta(days=2), NOW) == NOW + timedelta(hours=6)


def test_six_hours_a_day_and_three_days_are_offered_and_a_day_is_usual() -> None:
    assert (VALIDITIES_HOURS, USUAL_VALIDITY_HOURS) == ((6, 24, 72), 24)
