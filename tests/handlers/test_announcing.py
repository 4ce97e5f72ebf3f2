"""What the moderators' chat hears of bulletins: each thing once, and as soon as that is possible."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.drafting import Origin
from broadcasts.ports import LedgerUnavailable
from bulletins.fixed_words import Notice
from handlers.edit_times import EditTimes
from handlers.progress_board import ProgressBoard
from simulator.world import Chat
from storage.tables import bulletins
from tests.handlers.house import BOT_NAME, TEXTS, House
from tests.handlers.newsroom import Newsroom

WHY, IN_WORDS = "rejected:bad_markup", "bị nền tảng từ chối · không đọc được định dạng của tin"


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def becomes(
    newsroom: Newsroom, broadcast: Broadcast, state: BroadcastState, why: str | None = None
) -> None:
    its_row = update(bulletins).where(bulletins.c.id == broadcast.id)
    await newsroom.write(its_row.values(state=state.value, halted_because=why))


def times_heard(newsroom: Newsroom, chat: Chat, words: str = IN_WORDS) -> int:
    return sum(words in text for text in newsroom.seen(chat))


def after_a_restart(newsroom: Newsroom) -> ProgressBoard:
    house = newsroom.house
    return ProgressBoard(
        newsroom.bulletin_desk, {BOT_NAME: house.bot}, newsroom.sources, TEXTS, EditTimes(0.0)
    )


async def test_a_halt_that_could_not_be_announced_is_announced_later(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    chat = await newsroom.open_moderators_chat()
    await newsroom.board.update()
    await becomes(newsroom, broadcast, BroadcastState.PAUSED, WHY)
    newsroom.house.simulator.faults.script("reset", "sendMessage", chat_id=chat.id, times=2)
    for _ in range(2):
        await newsroom.board.update()
    assert times_heard(newsroom, chat) == 0
    assert IN_WORDS in newsroom.house.last(newsroom.lan).text, "its author is not kept waiting"
    for _ in range(2):
        await newsroom.board.update()
    assert times_heard(newsroom, chat) == 1


async def test_a_bot_that_is_no_longer_in_the_moderators_chat_still_shows_lan_how_her_bulletin_ended(
    newsroom: Newsroom,
) -> None:
    house, broadcast = newsroom.house, await newsroom.published()
    chat = await newsroom.open_moderators_chat()
    await newsroom.board.update()
    house.world.remove_member(chat, house.account)
    await becomes(newsroom, broadcast, BroadcastState.PAUSED, WHY)
    await newsroom.board.update()
    assert IN_WORDS in house.last(newsroom.lan).text
    await becomes(newsroom, broadcast, BroadcastState.DONE)
    await newsroom.board.update()
    assert "đã gửi xong" in house.last(newsroom.lan).text


async def test_no_restart_announces_a_halt_again(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    chat = await newsroom.open_moderators_chat()
    await becomes(newsroom, broadcast, BroadcastState.PAUSED, WHY)
    for _ in range(3):
        await after_a_restart(newsroom).update()
    assert times_heard(newsroom, chat) == 1


async def test_a_second_halt_for_the_same_reason_is_announced_too(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    chat = await newsroom.open_moderators_chat()
    for state, why in (
        (BroadcastState.PAUSED, WHY),
        (BroadcastState.SENDING, None),
        (BroadcastState.PAUSED, WHY),
    ):
        await becomes(newsroom, broadcast, state, why)
        await newsroom.board.update()
    assert times_heard(newsroom, chat) == 2


async def test_a_withdrawal_by_one_person_is_announced_even_if_it_was_over_before_anybody_looked(
    newsroom: Newsroom,
) -> None:
    broadcast = await newsroom.published()
    chat = await newsroom.open_moderators_chat()
    origin = Origin(broadcast.author, broadcast.author_chat, "k")
    withdrawal = await newsroom.desk.compose_notice(Notice.WITHDRAWN, broadcast.bulletin.code, origin)
    assert isinstance(withdrawal, Broadcast)
    await newsroom.desk.approve(withdrawal.id, broadcast.author, withdrawal.approval_hash)
    await becomes(newsroom, withdrawal, BroadcastState.DONE)
    for _ in range(2):
        await newsroom.board.update()
    assert times_heard(newsroom, chat, "Lan đã một mình gửi tin này") == 1


async def test_what_cannot_be_noted_is_said_once_all_the_same_and_keeps_no_progress_from_being_shown(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, broadcast = newsroom.house, await newsroom.published()
    chat = await newsroom.open_moderators_chat()
    await newsroom.board.update()
    await becomes(newsroom, broadcast, BroadcastState.PAUSED, WHY)
    with monkeypatch.context() as disk:
        disk.setattr(newsroom.sources.messages, "keep_heard", disk_is_full)
        for _ in range(3):
            await newsroom.board.update()
        assert IN_WORDS in house.last(newsroom.lan).text
        assert times_heard(newsroom, chat) == 1
    await newsroom.board.update()
    assert times_heard(newsroom, chat) == 1
    assert await newsroom.sources.messages.heard(broadcast.id) == {(BOT_NAME, f"paused:{WHY}")}


async def test_what_was_said_but_not_noted_is_said_again_when_it_is_true_again(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = await newsroom.published()
    chat = await newsroom.open_moderators_chat()
    await becomes(newsroom, broadcast, BroadcastState.PAUSED, WHY)
    with monkeypatch.context() as disk:
        disk.setattr(newsroom.sources.messages, "keep_heard", disk_is_full)
        await newsroom.board.update()
    await becomes(newsroom, broadcast, BroadcastState.SENDING)
    await newsroom.board.update()
    await becomes(newsroom, broadcast, BroadcastState.PAUSED, WHY)
    await newsroom.board.update()
    assert times_heard(newsroom, chat) == 2


async def disk_is_full(*_: object) -> None:
    raise LedgerUnavailable("database or disk is full")
