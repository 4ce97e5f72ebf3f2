"""How it is getting on, and who may stop it."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from broadcasts.broadcast import Broadcast, BroadcastState
from handlers.progress_board import CLOSED
from members.roles import Role
from simulator.world import User
from storage.tables import bulletins, deliveries
from tests.handlers.house import BOT_NAME, House
from tests.handlers.newsroom import Newsroom
from tests.staff_rows import set_staff


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_one_message_is_edited_while_it_runs_and_says_how_it_ended(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    broadcast = await newsroom.published()
    await newsroom.board.update()
    count = len(house.shown(lan))
    assert "Đã gửi: 2/2 kênh" in house.last(lan).text
    await newsroom.write(
        update(bulletins).where(bulletins.c.id == broadcast.id).values(state=BroadcastState.DONE.value)
    )
    await newsroom.board.update()
    assert len(house.shown(lan)) == count
    assert "đã gửi xong" in house.last(lan).text
    assert house.labels(lan) == ["✏️ Đính chính", "⛔ Thu hồi"]


async def test_nothing_is_edited_when_nothing_is_new(newsroom: Newsroom) -> None:
    await newsroom.published()
    await newsroom.board.update()
    edits = newsroom.house.last(newsroom.lan)
    await newsroom.board.update()
    assert newsroom.house.last(newsroom.lan) == edits


async def test_pause_resume_and_stop_by_their_buttons(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.published()
    for label, state, words in (
        ("⏸ Tạm dừng", BroadcastState.PAUSED, "tạm dừng"),
        ("▶️ Gửi tiếp", BroadcastState.SENDING, "đang gửi"),
        ("⏹ Dừng hẳn", BroadcastState.STOPPED, "đã dừng"),
    ):
        answer = await house.press(lan, label)
        assert words in answer
        assert (await newsroom.newest()).state is state
        assert words in house.last(lan).text


async def test_a_press_is_answered_at_once_though_the_message_may_not_be_changed_yet(house: House) -> None:
    newsroom = Newsroom(house, edits_apart_seconds=3_600.0)
    await newsroom.open()
    await newsroom.published()
    assert "tạm dừng" in await house.press(newsroom.lan, "⏸ Tạm dừng")
    assert (await newsroom.newest()).state is BroadcastState.PAUSED
    assert "tạm dừng" not in house.last(newsroom.lan).text


async def test_phuc_stops_it_with_the_code_alone(newsroom: Newsroom) -> None:
    house, phuc = newsroom.house, newsroom.phuc
    broadcast = await newsroom.published()
    await house.say(phuc, f"/stop {broadcast.bulletin.code}")
    assert "đã dừng" in house.last(phuc).text
    assert (await newsroom.newest()).state is BroadcastState.STOPPED


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/stop", "Bản tin nào?"),
        ("/dung LOA-0000-0", "không tìm thấy bản tin đó"),
        ("/stop xin chào", "Bản tin nào?"),
    ],
)
async def test_a_wrong_code_stops_nothing(newsroom: Newsroom, said: str, answer: str) -> None:
    await newsroom.published()
    await newsroom.house.say(newsroom.lan, said)
    assert answer in newsroom.house.last(newsroom.lan).text
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_a_citizen_stops_nothing(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    await newsroom.house.say(newsroom.sau, f"/stop {broadcast.bulletin.code}")
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_a_missed_start_asks_a_moderator_and_goes_out_when_another_agrees(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    scheduled = await _scheduled(newsroom)
    house.clock.pass_by(hours=24)
    await newsroom.desk.start_due(scheduled.id)
    await newsroom.board.update()
    assert "không bắt đầu đúng giờ" in house.last(lan).text
    await house.press(lan, "📨 Gửi ngay")
    assert await newsroom.planned(scheduled) == 0
    await house.press(newsroom.minh, "✅ Duyệt gửi ngay")
    assert (await newsroom.newest()).state is BroadcastState.SENDING
    assert await newsroom.planned(scheduled) == 2


async def test_a_scheduled_bulletin_is_stopped_and_need_not_be_typed_again(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    scheduled = await _scheduled(newsroom)
    await house.press(lan, "⏹ Dừng hẳn")
    assert (await newsroom.newest()).state is BroadcastState.STOPPED
    await house.say(lan, f"/stop {scheduled.bulletin.code}")
    await house.press(lan, "📝 Soạn lại từ bản này")
    again = await newsroom.newest()
    assert again.state is BroadcastState.DRAFT
    assert again.bulletin.texts == scheduled.bulletin.texts
    assert again.bulletin.code != scheduled.bulletin.code


async def test_a_missed_start_whose_approver_left_can_only_be_stopped(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    scheduled = await _scheduled(newsroom)
    await set_staff(house.committer, [(newsroom.person(lan), "Lan", (Role.MODERATOR,))])
    house.clock.pass_by(hours=24)
    await newsroom.desk.start_due(scheduled.id)
    await newsroom.board.update()
    assert "không còn được phép gửi" in house.last(lan).text
    assert house.labels(lan) == ["⏹ Dừng hẳn"]


async def test_a_halt_by_the_breaker_is_told_with_its_reason(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    await newsroom.write(
        update(bulletins)
        .where(bulletins.c.id == broadcast.id)
        .values(state=BroadcastState.PAUSED.value, halted_because="message is too long")
    )
    await newsroom.board.update()
    assert "Loa tự tạm dừng vì: message is too long" in newsroom.house.last(newsroom.lan).text


async def test_failures_are_counted_by_kind(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    one_of_them = update(deliveries).where(
        deliveries.c.bulletin_id == broadcast.id, deliveries.c.channel_id == 1
    )
    await newsroom.write(one_of_them.values(state="unsure"))
    await newsroom.board.update()
    assert "chưa rõ: 1" in newsroom.house.last(newsroom.lan).text


async def test_an_author_who_blocked_the_bot_stops_nobody_elses_progress(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.published()
    blocked: User = lan
    house.world.block(blocked, house.account)
    await newsroom.board.update()
    assert (await newsroom.newest()).state is BroadcastState.SENDING


@pytest.mark.parametrize("nonsense", ["wrong_types", "huge", "truncated", "gateway"])
async def test_an_answer_that_says_nothing_does_not_end_the_board(newsroom: Newsroom, nonsense: str) -> None:
    house, broadcast = newsroom.house, await newsroom.published()
    await newsroom.board.update()
    house.simulator.faults.script(nonsense, "editMessageText")
    ended = update(bulletins).where(bulletins.c.id == broadcast.id)
    await newsroom.write(ended.values(state=BroadcastState.DONE.value))
    await newsroom.board.update()
    await newsroom.board.update()
    assert "đã gửi xong" in house.last(newsroom.lan).text


async def test_what_did_not_arrive_is_named_and_tried_again(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    broadcast = await newsroom.published()
    first = update(deliveries).where(deliveries.c.bulletin_id == broadcast.id, deliveries.c.channel_id == 1)
    await newsroom.write(first.values(state="failed", reason="rejected:too long"))
    await newsroom.board.update()

    await house.press(lan, "📋 Kênh chưa nhận được")
    assert "Tổ dân phố 0: không gửi được (bị nền tảng từ chối · too long)" in house.last(lan).text
    wakes = newsroom.wakes
    assert "cho 1 kênh" in await house.press(lan, "🔁 Gửi lại các lượt không gửi được")

    assert newsroom.wakes > wakes
    assert [row.state for row in await house.rows(deliveries)] == ["queued", "sent"]


@pytest.mark.parametrize(
    ("label", "state"),
    [
        ("✅ Tôi đã kiểm tra: các lượt chưa rõ đã đến nơi", "sent"),
        ("🔁 Gửi lại các lượt chưa rõ, có ghi chú", "queued"),
    ],
)
async def test_a_moderator_settles_what_nobody_knows(newsroom: Newsroom, label: str, state: str) -> None:
    house, lan = newsroom.house, newsroom.lan
    broadcast = await newsroom.published()
    first = update(deliveries).where(deliveries.c.bulletin_id == broadcast.id, deliveries.c.channel_id == 1)
    await newsroom.write(first.values(state="unsure"))
    await newsroom.board.update()
    await house.press(lan, "📋 Kênh chưa nhận được")
    await house.press(lan, label)
    assert {row.channel_id: row.state for row in await house.rows(deliveries)}[1] == state


async def _scheduled(newsroom: Newsroom) -> Broadcast:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "⏳ Thời hạn")
    await house.press(lan, "3 ngày")
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "Lúc 07:00 03/11")
    await newsroom.submit(lan)
    await house.press(newsroom.minh, "✅ Phê duyệt")
    return await newsroom.newest()


async def test_the_moderators_chat_hears_once_of_a_missed_start_and_may_send_it(newsroom: Newsroom) -> None:
    house = newsroom.house
    chat = await newsroom.open_moderators_chat()
    scheduled = await _scheduled(newsroom)
    house.clock.pass_by(hours=24)
    await newsroom.desk.start_due(scheduled.id)
    for _ in range(3):
        await newsroom.board.update()
    said = [text for text in newsroom.seen(chat) if "không bắt đầu đúng giờ" in text]
    assert len(said) == 1
    await house.press(newsroom.minh, "📨 Gửi ngay", chat)
    await house.press(newsroom.phuc, "✅ Duyệt gửi ngay", chat)
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_at_the_end_a_table_says_by_reason_what_did_not_arrive(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    of_it = update(deliveries).where(deliveries.c.bulletin_id == broadcast.id)
    await newsroom.write(of_it.values(state="sent", message_id="7", settled_at=1))
    await newsroom.write(
        of_it.where(deliveries.c.channel_id == 1).values(
            state="failed", reason="gone:kicked", message_id=None
        )
    )
    await newsroom.write(update(bulletins).values(state=BroadcastState.DONE.value))
    await newsroom.board.update()
    said = newsroom.house.last(newsroom.lan).text
    assert "• 1: không gửi được (Loa không còn ở đó · đã bị xoá khỏi nhóm)" in said
    await newsroom.board.update()
    assert newsroom.house.last(newsroom.lan).text == said


async def written_in(newsroom: Newsroom, chat: str) -> None:
    """As if the author had written in this chat."""
    await newsroom.write(update(bulletins).values(author_chat=chat))


async def test_the_message_follows_a_group_that_became_a_supergroup(newsroom: Newsroom) -> None:
    house, world = newsroom.house, newsroom.house.world
    group = world.add_chat("group", "Tổ tin tức", newsroom.lan, members=[house.account])
    ended = await newsroom.published()
    await newsroom.write(update(bulletins).values(state=BroadcastState.STOPPED.value))
    await newsroom.board.update()
    await newsroom.published()
    await written_in(newsroom, str(group.id))
    await newsroom.board.update()
    supergroup = world.upgrade(group)
    others = update(bulletins).where(bulletins.c.id != ended.id)
    await newsroom.write(others.values(state=BroadcastState.PAUSED.value))
    for _ in range(2):
        await newsroom.board.update()
    (shown,) = [one for one in world.shows(supergroup) if "Phun thuốc" in one.text]
    await newsroom.write(update(bulletins).values(state=BroadcastState.STOPPED.value))
    await newsroom.board.update()
    assert "đã dừng" in world.chats[supergroup.id].messages[shown.message_id].text


async def test_where_a_group_has_moved_to_no_other_message_is_taken_for_the_one_that_could_not_be_noted(
    newsroom: Newsroom,
) -> None:
    house, world = newsroom.house, newsroom.house.world
    group = world.add_chat("group", "Tổ tin tức", newsroom.lan, members=[house.account])
    broadcast = await newsroom.published()
    await written_in(newsroom, str(group.id))
    await newsroom.board.update()
    supergroup = world.upgrade(group)
    other = (await house.bot.send_message(supergroup.id, "Chào cả nhà")).message_id
    newsroom.board._unnoted[broadcast.id] = f"{BOT_NAME}:{other}"
    await newsroom.write(update(bulletins).values(state=BroadcastState.PAUSED.value, progress_message=None))
    world.chats[group.id].messages.clear()
    for _ in range(2):
        await newsroom.board.update()
    assert world.chats[supergroup.id].messages[other].text == "Chào cả nhà"


async def test_a_chat_that_is_no_more_keeps_no_message_open(newsroom: Newsroom) -> None:
    broadcast = await newsroom.published()
    await written_in(newsroom, "-424242424242")
    await newsroom.write(update(bulletins).values(state=BroadcastState.STOPPED.value))
    await newsroom.board.update()
    assert await newsroom.sources.messages.message_of(broadcast.id) == CLOSED
