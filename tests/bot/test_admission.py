"""Which updates are heard: talk in groups is not, and of every other kind only so many, by person and by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.admission import BY_PERSON, Admission, Hearing, Kind, Verdict, look_at
from handlers.crowding import Crowded
from tests.bot.updates import KINDS, MODERATORS, OUR_ID, added, message, pressed, user, written

NOON = datetime(2026, 11, 2, 5, tzinfo=UTC)
GROUP = -100
Make = Callable[[int], dict[str, Any]]


def admission(kinds: tuple[str, ...] = KINDS) -> Admission:
    return Admission(kinds, OUR_ID, str(MODERATORS))


def weigh(box: Admission, given: dict[str, Any], at: datetime = NOON, **how: bool) -> Verdict:
    return box.weigh(look_at(given), now=at, **{"is_staff": False, "is_crowded": False, **how})


def in_group(text: str, **what: Any) -> dict[str, Any]:
    return {"update_id": 1, "message": message(1, GROUP, 1001, text=text, **what)}


OURS = {"message_id": 5, "date": 0, "chat": {"id": GROUP, "type": "supergroup"}, "text": "?"}


@pytest.mark.parametrize(
    "given",
    [
        in_group("Chiều nay có mưa không?"),
        in_group("@LoaTestBot ơi"),
        in_group("", photo=[{"file_id": "1", "file_unique_id": "1", "width": 1, "height": 1}]),
        in_group("đúng rồi", reply_to_message={**OURS, "from": user(77)}),
        in_group("", new_chat_members=[user(8)]),
        {"update_id": 1, "edited_message": message(1, 1001, text="xin chào")},
        {"update_id": 1, "channel_post": {**OURS, "chat": {"id": GROUP, "type": "channel"}}},
        {"update_id": 1, "inline_query": {"id": "1", "from": user(1001), "query": "x", "offset": ""}},
        {"update_id": 1, "of_next_year": {"id": 1}},
        {"update_id": 1},
    ],
)
def test_what_nobody_listens_to_is_dropped_and_counts_for_nothing(given: dict[str, Any]) -> None:
    box = admission()

    assert {weigh(box, given).hearing for _ in range(500)} == {Hearing.NOT_FOR_US}
    assert weigh(box, written(1, text="/start")).hearing is Hearing.HEARD


@pytest.mark.parametrize(
    "given",
    [
        in_group("/verify x"),
        {"update_id": 1, "message": message(1, GROUP, 1001, caption="/verify", photo=[])},
        in_group("vì sao?", reply_to_message={**OURS, "from": {**user(OUR_ID), "is_bot": True}}),
        in_group("", migrate_to_chat_id=-200),
        in_group("", migrate_from_chat_id=-200),
        written(1, MODERATORS, "ai nhận vụ này?", person=1001),
        written(1, text="xin chào"),
        pressed(1, chat=GROUP),
        added(1, GROUP),
    ],
)
def test_what_is_meant_for_the_bot_is_heard(given: dict[str, Any]) -> None:
    assert weigh(admission(), given).hearing is Hearing.HEARD


def test_what_the_staff_write_in_a_group_is_heard_for_it_may_be_the_reason_they_were_asked_for() -> None:
    assert weigh(admission(), in_group("chưa rõ nguồn"), is_staff=True).hearing is Hearing.HEARD


FLOODS: dict[str, tuple[Make, Kind]] = {
    "messages": (written, Kind.MESSAGE),
    "forms that hold a caption": (
        lambda number: {"update_id": number, "message": message(number, 1001, caption="/verify", photo=[])},
        Kind.MESSAGE,
    ),
    "commands in ever other groups": (
        lambda number: written(number, -1_000 - number, "/verify x", person=1001),
        Kind.MESSAGE,
    ),
    "presses": (pressed, Kind.PRESS),
    "groups the bot is added to": (lambda number: added(number, -1_000 - number), Kind.MEMBERSHIP),
    "inline questions": (
        lambda number: {
            "update_id": number,
            "inline_query": {"id": str(number), "from": user(1001), "query": "x", "offset": ""},
        },
        Kind.OTHER,
    ),
}
EVERYTHING = (*KINDS, "inline_query")


@pytest.mark.parametrize("flood", FLOODS)
def test_of_every_kind_one_person_may_cause_so_many_a_minute_and_a_day(flood: str) -> None:
    make, kind = FLOODS[flood]
    box = admission(EVERYTHING)

    first = [weigh(box, make(number)).hearing for number in range(500)]
    assert first.count(Hearing.HEARD) == BY_PERSON[kind].a_minute

    day = [
        weigh(box, make(number), NOON + timedelta(seconds=number)).hearing for number in range(500, 86_000, 2)
    ]
    assert (first + day).count(Hearing.HEARD) <= BY_PERSON[kind].a_day
    assert weigh(box, make(1), NOON + timedelta(days=3)).hearing is Hearing.HEARD


@pytest.mark.parametrize("flood", FLOODS)
def test_nobody_else_pays_for_it_nor_do_the_staff_have_a_quota(flood: str) -> None:
    box = admission(EVERYTHING)
    make, _ = FLOODS[flood]
    for number in range(500):
        weigh(box, make(number))

    assert weigh(box, written(1, 1002)).hearing is Hearing.HEARD
    assert all(weigh(box, make(number), is_staff=True).hearing is Hearing.HEARD for number in range(500))


def test_of_a_group_ten_commands_a_minute_are_heard_whoever_writes_them() -> None:
    box = admission()
    heard = [
        weigh(box, written(number, GROUP, "/verify x", person=2_000 + number)).hearing for number in range(60)
    ]
    assert heard.count(Hearing.HEARD) == 10
    assert weigh(box, written(99, -200, "/verify x", person=2_001)).hearing is Hearing.HEARD


def test_that_the_bot_itself_has_left_is_heard_however_many_groups_it_leaves() -> None:
    box = admission()
    heard = [weigh(box, added(number, -1_000 - number, OUR_ID)).hearing for number in range(500)]
    assert set(heard) == {Hearing.HEARD}


def test_who_writes_as_the_group_itself_is_counted_by_the_group() -> None:
    box = admission()
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    sent = [in_group("/leave", sender_chat=OURS["chat"]) for _ in range(60)]
    for one in sent:
        one["message"]["from"] = anonymous
    assert [weigh(box, one).hearing for one in sent].count(Hearing.HEARD) == 10


@pytest.mark.parametrize("make", [written, pressed])
def test_who_is_over_a_quota_is_told_so_once_a_minute_and_once_an_hour_when_it_is_the_days(
    make: Make,
) -> None:
    box = admission()
    told = Counter[Crowded | None]()
    for number in range(3_600):
        told[weigh(box, make(number), NOON + timedelta(seconds=number)).tells] += 1

    minutes_until_the_day_is_used_up = 300 // 30
    assert told[Crowded.FOR_NOW] <= minutes_until_the_day_is_used_up
    assert told[Crowded.FOR_NOW] >= 5
    assert told[Crowded.TODAY] == 1


def test_a_group_does_not_see_that_somebody_was_too_fast() -> None:
    box = admission()
    verdicts = [
        weigh(box, written(number, -1_000 - number, "/verify x", person=1001)) for number in range(99)
    ]
    verdicts += [weigh(box, added(number, -1_000 - number)) for number in range(99)]
    assert {verdict.tells for verdict in verdicts} == {None}
