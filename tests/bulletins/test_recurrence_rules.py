"""What may repeat, and what approvers consent to when it does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from broadcasts.drafting import repeating
from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Bulletin,
    MsgType,
    ProblemKind,
    Recurrence,
    Severity,
    Status,
    Urgency,
    problems,
)
from bulletins.canonical import approval_hash, canonical_bytes, content_hash
from storage.bulletin_records import bulletin_of, record_of
from tests.bulletins.bulletin_samples import FLOOD, NOW

ROUTINE = replace(FLOOD, severity=Severity.MINOR, urgency=Urgency.FUTURE)
DAILY = Recurrence("0 7 * * *", NOW + timedelta(days=60), 24)
SERIES = repeating(DAILY)(ROUTINE)


def kinds(bulletin: Bulletin) -> set[ProblemKind]:
    return {problem.kind for problem in problems(bulletin, NOW)}


def test_a_series_for_two_months_is_fine_though_no_bulletin_counts_that_long() -> None:
    assert kinds(SERIES) == kinds(ROUTINE) == set()


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (replace(DAILY, cron="khi nào rảnh"), ProblemKind.RULE_UNREADABLE),
        (replace(DAILY, cron="0 7 * * * *"), ProblemKind.RULE_UNREADABLE),
        (replace(DAILY, cron="*/30 * * * *"), ProblemKind.RULE_TOO_OFTEN),
        (replace(DAILY, cron="0,1 7 * * *"), ProblemKind.RULE_TOO_OFTEN),
        (replace(DAILY, ends=NOW), ProblemKind.REPEATS_UNTIL_PAST),
        (replace(DAILY, ends=NOW + timedelta(days=368)), ProblemKind.REPEATS_TOO_LONG),
        (replace(DAILY, valid_hours=31 * 24), ProblemKind.EXPIRES_TOO_LATE),
        (replace(DAILY, valid_hours=0), ProblemKind.EXPIRES_TOO_LATE),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_a_sentence_in_both_languages(
    rule: Recurrence, kind: ProblemKind
) -> None:
    (problem,) = problems(repeating(rule)(ROUTINE), NOW)
    assert problem.kind is kind
    assert problem.sentence(VIETNAMESE) != problem.sentence(ENGLISH)


@pytest.mark.parametrize("line", ["0 * * * *", "59 * * * *", "*/60 7 * * *"])
def test_once_an_hour_is_not_too_often(line: str) -> None:
    assert ProblemKind.RULE_TOO_OFTEN not in kinds(repeating(replace(DAILY, cron=line))(ROUTINE))


def test_each_may_count_longer_than_until_the_next() -> None:
    assert kinds(repeating(replace(DAILY, valid_hours=30 * 24))(ROUTINE)) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"severity": Severity.EXTREME},
        {"severity": Severity.SEVERE, "urgency": Urgency.IMMEDIATE},
        {"severity": Severity.EXTREME, "status": Status.EXERCISE},
    ],
)
def test_danger_to_life_never_repeats_by_itself(change: dict[str, object]) -> None:
    assert ProblemKind.REPEATS_DANGER in kinds(replace(SERIES, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("msg_type", [MsgType.UPDATE, MsgType.CANCEL])
def test_a_correction_goes_out_once(msg_type: MsgType) -> None:
    amendment = replace(SERIES, msg_type=msg_type, references=("LOA-0000-0",))
    assert kinds(amendment) == {ProblemKind.REPEATS_CORRECTION}


@pytest.mark.parametrize(
    "other",
    [
        replace(DAILY, cron="0 8 * * *"),
        replace(DAILY, ends=DAILY.ends + timedelta(days=1)),
        replace(DAILY, valid_hours=25),
    ],
)
def test_approvers_consent_to_the_rule_the_end_and_the_validity(other: Recurrence) -> None:
    changed = replace(SERIES, recurrence=other)
    assert approval_hash(changed) != approval_hash(SERIES)
    assert content_hash(changed) != content_hash(SERIES)


def test_the_record_of_what_does_not_repeat_is_as_it_always_was() -> None:
    assert "recurrence" not in json.loads(canonical_bytes(FLOOD))
    assert json.loads(canonical_bytes(SERIES))["recurrence"]["cron"] == "0 7 * * *"


def test_a_series_reads_back_exactly_and_rows_of_earlier_versions_have_no_rule() -> None:
    assert bulletin_of(record_of(SERIES)) == SERIES
    earlier = record_of(ROUTINE)
    del earlier["recurrence"]
    assert bulletin_of(earlier) == ROUTINE
