"""The progress message says why nothing moves, and says so no longer once it does."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.ports import PaceRecord
from handlers.progress_board import CLOSED
from storage.paces import SqlPaces
from storage.tables import bulletins, channels, deliveries, milliseconds
from tests.handlers.house import BOT_NAME, House
from tests.handlers.newsroom import Newsroom

WAITS = "⏳"


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def on_its_way(newsroom: Newsroom) -> Broadcast:
    """Published, and nothing of it has left yet."""
    broadcast = await newsroom.published()
    await change(newsroom, broadcast, state="queued", message_id=None)
    await newsroom.board.update()
    assert WAITS not in board(newsroom)
    return broadcast


async def change(newsroom: Newsroom, broadcast: Broadcast, **values: object) -> None:
    its_rows = update(deliveries).where(deliveries.c.bulletin_id == broadcast.id)
    await newsroom.write(its_rows.values(**values))


def board(newsroom: Newsroom) -> str:
    return newsroom.house.last(newsroom.lan).text


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("http_502", "Bot loa tạm thời chưa gửi được vì Telegram không trả lời"),
        ("http_401", "Bot loa không gửi được gì vì Telegram không còn chấp nhận token"),
    ],
)
async def test_a_line_that_is_down_whichever_process_sends(
    newsroom: Newsroom, trouble: str, words: str
) -> None:
    await on_its_way(newsroom)
    paces = SqlPaces(newsroom.house.engine, newsroom.house.committer)
    await paces.save_line(BOT_NAME, trouble)
    await newsroom.board.update()
    assert words in board(newsroom)
    await paces.save_line(BOT_NAME, None)
    await newsroom.board.update()
    assert WAITS not in board(newsroom)


async def test_a_long_flood_wait_until_it_is_over(newsroom: Newsroom) -> None:
    house = newsroom.house
    await on_its_way(newsroom)
    until = house.clock.now() + timedelta(hours=1)
    await SqlPaces(house.engine, house.committer).save_pace(BOT_NAME, PaceRecord(until, 17.0))
    await newsroom.board.update()
    assert "Telegram yêu cầu bot loa chờ đến 09:00 02/11/2026" in board(newsroom)
    house.clock.pass_by(hours=1)
    await newsroom.board.update()
    assert WAITS not in board(newsroom)


async def test_a_database_that_cannot_be_written(newsroom: Newsroom) -> None:
    await on_its_way(newsroom)
    newsroom.bell.storage_failed("disk full")
    await newsroom.board.update()
    assert "không ghi được vào cơ sở dữ liệu" in board(newsroom)
    newsroom.bell.storage_recovered()
    await newsroom.board.update()
    assert WAITS not in board(newsroom)


async def test_a_database_that_cannot_be_written_though_the_message_needs_new_buttons(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await on_its_way(newsroom)
    newsroom.board._markups.clear()  # as after a restart
    with monkeypatch.context() as disk:
        disk.setattr(newsroom.house.committer, "write", disk_is_full)
        newsroom.bell.storage_failed("disk full")
        for _ in range(2):
            await newsroom.board.update()
        assert "không ghi được vào cơ sở dữ liệu" in board(newsroom)
    newsroom.bell.storage_recovered()
    await newsroom.board.update()
    assert WAITS not in board(newsroom)
    assert newsroom.house.labels(newsroom.lan) == ["⏸ Tạm dừng", "⏹ Dừng hẳn"]


async def test_a_message_that_was_deleted_is_posted_anew_once_though_that_cannot_be_written_down(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, lan = newsroom.house, newsroom.lan
    await on_its_way(newsroom)
    house.world.remove_message(house.world.chat(lan.id), house.last(lan).message_id)
    before = len(house.shown(lan))
    with monkeypatch.context() as disk:
        disk.setattr(house.committer, "write", disk_is_full)
        newsroom.bell.storage_failed("disk full")
        for _ in range(3):
            await newsroom.board.update()
        assert len(house.shown(lan)) == before + 1
    newsroom.bell.storage_recovered()
    await newsroom.board.update()
    assert len(house.shown(lan)) == before + 1
    ((_, place),) = await newsroom.sources.messages.to_show()
    assert place == f"{BOT_NAME}:{house.last(lan).message_id}"


async def test_what_has_ended_for_an_author_who_is_gone_keeps_no_other_from_being_shown_while_the_disk_is_full(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = await newsroom.published()
    its_row = update(bulletins).where(bulletins.c.id == ended.id)
    await newsroom.write(its_row.values(author_chat="-424242424242", state=BroadcastState.STOPPED.value))
    await on_its_way(newsroom)
    await newsroom.write(its_row.values(progress_message=None))
    with monkeypatch.context() as disk:
        disk.setattr(newsroom.house.committer, "write", disk_is_full)
        newsroom.bell.storage_failed("disk full")
        await newsroom.board.update()
        assert "không ghi được vào cơ sở dữ liệu" in board(newsroom)
    await newsroom.board.update()
    assert await newsroom.sources.messages.message_of(ended.id) == CLOSED


async def test_a_group_that_moved_keeps_no_other_message_from_being_shown_while_the_disk_is_full(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, world = newsroom.house, newsroom.house.world
    group = world.add_chat("group", "Tổ tin tức", newsroom.lan, members=[house.account])
    moved = await newsroom.published()
    its_row = update(bulletins).where(bulletins.c.id == moved.id)
    await newsroom.write(its_row.values(author_chat=str(group.id)))
    await on_its_way(newsroom)
    supergroup = world.upgrade(group)
    with monkeypatch.context() as disk:
        disk.setattr(house.committer, "write", disk_is_full)
        newsroom.bell.storage_failed("disk full")
        await newsroom.board.update()
        assert "không ghi được vào cơ sở dữ liệu" in board(newsroom)
    newsroom.bell.storage_recovered()
    for _ in range(2):
        await newsroom.board.update()
    assert any("Phun thuốc" in one.text for one in world.shows(supergroup))


async def disk_is_full(_: object) -> None:
    raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))


async def test_quiet_hours_once_nothing_but_them_is_left(newsroom: Newsroom) -> None:
    broadcast = await on_its_way(newsroom)
    ends_at = newsroom.house.clock.now().replace(minute=30, second=0, microsecond=0)
    eight = 8 * 60
    await newsroom.write(update(channels).values(quiet_starts_minute=eight, quiet_ends_minute=eight + 30))
    await change(newsroom, broadcast, due_at=milliseconds(ends_at))
    await newsroom.board.update()
    assert "Chỉ còn các kênh đang trong giờ yên lặng. Loa sẽ gửi tiếp lúc 08:30" in board(newsroom)
    newsroom.house.clock.pass_by(minutes=30)
    await newsroom.board.update()
    assert WAITS not in board(newsroom)


async def test_channels_whose_bot_does_not_run_here(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    await change(newsroom, broadcast, state="queued", bot="loa-cu")
    await newsroom.board.update()
    assert "2 kênh phải chờ bot loa-cu, nhưng hiện bot này không chạy ở đây" in board(newsroom)


async def test_a_bulletin_that_was_paused_by_hand_needs_no_other_reason(newsroom: Newsroom) -> None:
    await on_its_way(newsroom)
    await SqlPaces(newsroom.house.engine, newsroom.house.committer).save_line(BOT_NAME, "http_502")
    await newsroom.house.press(newsroom.lan, "⏸ Tạm dừng")
    assert WAITS not in board(newsroom)
