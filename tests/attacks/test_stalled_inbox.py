"""One person, or one strange update, must not keep everybody else from being heard."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from aiogram.types import Update

from tests.bot.updates import (
    LAN,
    MOMENT,
    Desk,
    Kept,
    Telegram,
    added,
    inbox,
    message,
    poller,
    pressed,
    take_all,
    written,
)

WORDS = "words of a citizen"


def by_chat(desk: Desk, *given: dict[str, Any]) -> Counter[int]:
    """How many of each chat were handled."""
    chats = {one["update_id"]: one["message"]["chat"]["id"] for one in given}
    return Counter(chats[number] for number in desk.handled)


async def test_commands_that_a_group_cannot_be_answered_are_passed_over() -> None:
    kept, desk = Kept(), Desk()
    flood = [written(number, -100, "/verify x", person=7_000 + number) for number in range(100)]
    given = [*flood, written(100, -200, "/verify x", person=7), written(101, 1001, "/start")]

    await take_all(inbox(kept, desk), *given)

    assert by_chat(desk, *given) == {-100: 10, -200: 1, 1001: 1}


async def test_a_person_who_writes_too_much_is_told_once_and_holds_up_nobody() -> None:
    kept, desk = Kept(), Desk()
    given = [*(written(number, 1001, "Tin này có thật không?") for number in range(99)), written(99, 1002)]

    await take_all(inbox(kept, desk), *given)

    assert by_chat(desk, *given) == {1001: 12, 1002: 1}
    assert len(desk.told) == 1


async def test_nor_can_they_do_it_one_after_the_other() -> None:
    desk = Desk()
    box = inbox(Kept(), desk)

    for number in range(60):
        await box.take_pushed(written(number, 1001, "Tin này có thật không?"))

    assert len(desk.handled) == 30
    assert len(desk.told) == 1


CAPTION = {"caption": "/verify", "photo": [{"file_id": "1", "file_unique_id": "1", "width": 9, "height": 9}]}
FLOODS = {
    "a hundred presses of one button": [pressed(number, 7) for number in range(1, 101)],
    "a hundred photos with a command under them": [
        {"update_id": number, "message": message(number, -100, 7, **CAPTION)} for number in range(1, 101)
    ],
    "the bot is added to sixty groups": [added(number, -1_000 - number, 7) for number in range(1, 61)],
    "a hundred edits": [
        {"update_id": number, "edited_message": message(5, 7, text=str(number), edit_date=MOMENT)}
        for number in range(1, 101)
    ],
    "a hundred words": [written(number, 7) for number in range(1, 101)],
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_nobody_waits_for_a_stranger_whom_it_takes_a_second_to_answer_each_time(flood: str) -> None:
    """The stranger's are never done with; everybody else's are, and a Stop of the staff's."""
    stranger = {one["update_id"] for one in FLOODS[flood]}

    async def handle(update: Update) -> None:
        if update.update_id in stranger:
            await asyncio.Event().wait()

    telegram, desk = Telegram(*FLOODS[flood], written(1_000, 1002), pressed(1_001, LAN)), Desk(handle)
    polling = asyncio.create_task(poller(telegram, Kept(), desk).run())
    async with asyncio.timeout(10):
        await telegram.empty.wait()
    polling.cancel()
    await asyncio.wait([polling])

    assert sorted(desk.handled) == [1_000, 1_001]


async def test_an_update_of_an_unknown_kind_is_passed_over_and_its_words_are_not_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = message(1, 1001, text=WORDS)
    strange = {**plain, "forward_origin": {"type": "of_next_year", "date": 1}}
    telegram = Telegram({"update_id": 5, "message": plain}, {"update_id": 6, "message": strange})
    desk = Desk()

    with caplog.at_level(logging.DEBUG):
        polling = asyncio.create_task(poller(telegram, Kept(), desk).run())
        async with asyncio.timeout(5):
            await telegram.empty.wait()
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling

    assert desk.handled == [5]
    told = caplog.text + "".join(capsys.readouterr())
    assert "update_id=6" in told
    assert WORDS not in told


async def test_nor_are_those_of_one_that_a_crash_left_on_the_disk(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, desk = Kept(), Desk()
    kept.backlog[5] = b'{"update_id": 5, "message": "' + WORDS.encode() + b'"}'
    telegram = Telegram(written(6))

    with caplog.at_level(logging.DEBUG):
        polling = asyncio.create_task(poller(telegram, kept, desk).run())
        async with asyncio.timeout(5):
            await telegram.empty.wait()
        polling.cancel()
        await asyncio.wait([polling])

    assert desk.handled == [6]
    told = caplog.text + "".join(capsys.readouterr())
    assert "passed over" in told
    assert WORDS not in told


def test_every_update_of_these_floods_is_one_that_the_platform_could_send() -> None:
    assert all(Update.model_validate(one) for flood in FLOODS.values() for one in flood)
