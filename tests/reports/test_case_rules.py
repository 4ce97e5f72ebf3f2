"""The rules of cases, drafts, receipts, quotas and explanations, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import receipts
from reports.cases import CASE_TRANSITIONS, CaseState, VerdictKind, may_become, state_after
from reports.drafts import DRAFT_TRANSITIONS, DraftState
from reports.quotas import Quota
from reports.verdicts import FEWEST_CHARACTERS, MOST_CHARACTERS, Explained, Lack, lack_of, taken_apart

NOON = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)


def reached_from(start: StrEnum, table: Mapping[StrEnum, frozenset[StrEnum]]) -> set[StrEnum]:
    reached, waiting = {start}, [start]
    while waiting:
        for after in table[waiting.pop()] - reached:
            reached.add(after)
            waiting.append(after)
    return reached


def test_every_state_of_a_case_is_reached_and_can_be_left_for_its_end() -> None:
    assert reached_from(CaseState.OPEN, CASE_TRANSITIONS) == set(CaseState)
    for state in CaseState:
        assert CaseState.CLOSED in reached_from(state, CASE_TRANSITIONS)


def test_every_state_of_a_draft_is_reached() -> None:
    assert reached_from(DraftState.PARKED, DRAFT_TRANSITIONS) == set(DraftState)


@pytest.mark.parametrize("kind", VerdictKind)
@pytest.mark.parametrize("state", [CaseState.CLAIMED, CaseState.ANSWERED, CaseState.REVISED])
def test_a_verdict_leads_where_the_table_allows(state: CaseState, kind: VerdictKind) -> None:
    assert may_become(state, state_after(state, kind))


def test_nobody_decides_a_case_that_nobody_took() -> None:
    assert not may_become(CaseState.OPEN, CaseState.ANSWERED)
    assert not may_become(CaseState.CLOSED, CaseState.REVISED)


@given(st.text(min_size=1))
def test_a_receipt_is_read_back_however_it_is_typed(secret: str) -> None:
    receipt = receipts.make(secret)

    assert receipts.parse(receipt) == receipt
    assert receipts.parse(receipt.lower().replace("-", " ")) == receipt
    assert receipts.parse(receipt.replace("0", "o").replace("1", "l")) == receipt
    assert receipts.parse(receipt.removeprefix("PA-")) == receipt


@pytest.mark.parametrize("typed", ["", "PA-", "PA-123", "PA-1234-567U", "x" * 1_000, "PA-1234-56789"])
def test_what_is_no_receipt_is_none(typed: str) -> None:
    assert receipts.parse(typed) is None


def test_a_quota_gives_room_again_when_its_time_has_passed() -> None:
    quota = Quota(2, timedelta(hours=1))
    assert quota.use("sau", NOON) is None
    assert quota.use("sau", NOON + timedelta(minutes=10)) is None

    assert quota.use("sau", NOON + timedelta(minutes=20)) == timedelta(minutes=40)
    assert quota.use("ba", NOON + timedelta(minutes=20)) is None
    assert quota.use("sau", NOON + timedelta(hours=1)) is None


def test_a_quota_of_hundreds_a_day_keeps_few_moments_and_is_never_exceeded_in_any_stretch() -> None:
    random, quota, used = Random(5), Quota(300, timedelta(days=1)), list[datetime]()
    now = NOON
    for _ in range(5_000):
        now += timedelta(seconds=random.choice([0, 1, 60, 600]))
        if quota.use("sau", now) is None:
            used.append(now)

    assert all(later - first >= timedelta(days=1) for first, later in zip(used, used[300:], strict=False))
    assert len(used) > 2_500
    assert len(quota._used["sau"]) <= 25


def test_a_flood_of_strangers_gives_nobody_their_quota_back_and_takes_no_more_memory() -> None:
    quota = Quota(5, timedelta(days=1), most_remembered=1_000)
    while quota.use("kẻ phá", NOON) is None:
        pass
    for number in range(20_000):
        quota.use(str(number), NOON + timedelta(seconds=1))

    assert quota.use("kẻ phá", NOON + timedelta(seconds=2)) is not None
    assert len(quota._used) == 1_000


def test_sources_are_web_addresses_and_codes_and_leave_the_explanation() -> None:
    text = "Sai rồi nhé (xem https://moh.gov.vn/tin). Đã có LOA-0000-0."

    assert taken_apart(text) == Explained(
        "Sai rồi nhé (xem ). Đã có LOA-0000-0.", ("https://moh.gov.vn/tin", "LOA-0000-0")
    )


@pytest.mark.parametrize("text", ["xem moh.gov.vn", "ftp://moh.gov.vn", "https://", "http://localhost/x"])
def test_what_is_no_web_address_is_no_source(text: str) -> None:
    assert taken_apart(text).sources == ()


@pytest.mark.parametrize(
    ("explanation", "sources", "lack"),
    [
        ("x" * FEWEST_CHARACTERS, ("https://a.vn",), None),
        ("x" * MOST_CHARACTERS, ("https://a.vn",), None),
        ("x" * (FEWEST_CHARACTERS - 1), ("https://a.vn",), Lack.EXPLANATION),
        ("x" * (MOST_CHARACTERS + 1), ("https://a.vn",), Lack.TOO_LONG),
        ("x" * FEWEST_CHARACTERS, (), Lack.SOURCE),
    ],
)
def test_what_is_lacking_is_named(explanation: str, sources: tuple[str, ...], lack: Lack | None) -> None:
    assert lack_of(Explained(explanation, sources)) is lack
