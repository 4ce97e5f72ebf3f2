"""One dishonest person has every button there is for the staff, for whatever bulletin, and presses them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.exceptions import TelegramBadRequest

from broadcasts.broadcast import Broadcast
from broadcasts.consent import at_once
from broadcasts.drafting import Origin, once, reworded
from bulletins.bulletin import VIETNAMESE
from bulletins.fixed_words import Notice
from handlers.buttons import Pressed
from members.roles import needs_role
from storage.tables import bulletins
from tests.broadcasts.office import happened
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom

SCAM = "LỪA ĐẢO"
AT_LAST = ("progress.stop", "draft.discard", "review.refuse", "review.reason")
"""After these there is nothing left to press for."""


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


def staff_actions(house: House) -> list[str]:
    """Found by walking the routers, so that a button that is new tomorrow is pressed too."""
    found = {
        action
        for router in house.dispatcher.sub_routers
        for handler in router.callback_query.handlers
        if needs_role(handler.flags["who"])
        for action in actions_of(handler)
    }
    return sorted(found, key=lambda action: (action in AT_LAST, action))


def actions_of(handler: HandlerObject) -> Iterator[str]:
    for one in handler.filters or ():
        if isinstance(one.callback, Pressed):
            yield one.callback._action


async def test_no_button_lets_one_persons_words_out_or_sends_what_is_for_later(newsroom: Newsroom) -> None:
    targets, later = await targets_of(newsroom)
    actions = staff_actions(newsroom.house)
    assert {"correct.confirm", "correct.submit", "draft.set", "progress.send", "review.approve"} <= set(
        actions
    )
    for action in actions:
        for target in targets:
            for payload in payloads(newsroom, action, target):
                await press(newsroom, action, payload)
        begun = [row for row in await newsroom.house.rows(bulletins) if row.started_at is not None]
        said = json.dumps([row.record for row in begun], ensure_ascii=False)
        assert SCAM not in said, f"{action} let it out"
        assert later.id not in [row.id for row in begun], f"{action} sent it before its time"


async def targets_of(newsroom: Newsroom) -> tuple[list[Broadcast], Broadcast]:
    """What Minh has worded in every way, in every state that one person leads to; and Lan's bulletin for noon."""
    desk, minh = newsroom.desk, newsroom.person(newsroom.minh)
    original = await newsroom.published()
    later = await approved_for_later(newsroom)
    scam = reworded(VIETNAMESE, f"{SCAM}\nChuyển tiền ngay.")

    def origin(key: str) -> Origin:
        return Origin(minh, str(newsroom.minh.id), key)

    drafts = [
        happened(await desk.compose_correction(original.bulletin.code, origin("draft"))),
        happened(await desk.compose_correction(original.bulletin.code, origin("review"))),
        happened(await desk.compose_notice(Notice.WRONG_TIME, original.bulletin.code, origin("notice"))),
        await desk.compose(original.bulletin, origin("own")),
    ]
    worded = [happened(await desk.edit(draft.id, minh, scam)) for draft in drafts]
    await desk.submit(worded[1].id, minh, worded[1].approval_hash)
    return [*worded, later, original], later


async def approved_for_later(newsroom: Newsroom) -> Broadcast:
    await newsroom.compose(newsroom.lan)
    draft, now = await newsroom.newest(), newsroom.house.clock.now()
    await newsroom.desk.edit(draft.id, draft.author, once(now + timedelta(hours=4), now))
    await newsroom.submit(newsroom.lan)
    await newsroom.house.press(newsroom.phuc, "✅ Phê duyệt")
    return await newsroom.newest()


def payloads(newsroom: Newsroom, action: str, target: Broadcast) -> Iterator[dict[str, Any]]:
    """Everything that any handler looks for."""
    field = {"field": "issuer", "value": SCAM} if action == "draft.set" else {"field": "text"}
    payload = {
        "bulletin": target.id,
        "hash": target.approval_hash,
        "code": target.bulletin.code,
        "amends": "corrects",
        "notice": Notice.WRONG_PLACE.value,
        "status": "Actual",
        "reason": SCAM,
        "resolution": "resend",
        "delivery": 1,
        "after": 0,
        "at": newsroom.house.clock.now().isoformat(),
        **field,
    }
    yield payload
    if action == "review.approve":
        yield {
            **payload,
            "hash": at_once(target).approval_hash,
            "asked_by": newsroom.person(newsroom.minh),
        }


async def press(newsroom: Newsroom, action: str, payload: dict[str, Any]) -> None:
    minh = newsroom.minh
    markup = await newsroom.house.buttons.keyboard(
        [[("🔧", action, payload)]], chat=minh.id, person=newsroom.person(minh)
    )
    await newsroom.house.bot.send_message(minh.id, action, reply_markup=markup)
    try:
        await newsroom.house.press(minh, "🔧")
    except TelegramBadRequest:  # a list of nothing: its button is not offered there
        newsroom.house.pass_over()
