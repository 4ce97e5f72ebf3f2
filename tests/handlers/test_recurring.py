"""A bulletin that repeats, by hand: Lan chooses the rule, Minh approves it, two mornings pass, one is skipped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from broadcasts.broadcast import Broadcast, BroadcastState
from platforms.telegram import TelegramAccount, TelegramSender, open_connections
from simulator.world import Chat
from storage.pictures import PictureShelf
from storage.tables import bulletins, channels, deliveries
from tests.broadcasts.office import ZONE, group_row
from tests.broadcasts.station import Station, running
from tests.handlers.house import BOT_NAME, TOKEN, House
from tests.handlers.newsroom import Newsroom


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def repeat(
    newsroom: Newsroom, *, how: str = "Hằng ngày", time: str = "7h", end: str = "1 tháng"
) -> None:
    """The pages behind "When to send", from Lan's card."""
    house, lan = newsroom.house, newsroom.lan
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "🔁 Lặp lại")
    await house.press(lan, how)
    await house.say(lan, time)
    await house.press(lan, end)


async def series_of(newsroom: Newsroom) -> Broadcast:
    """The routine notice, every morning for a month, approved by Minh."""
    await newsroom.compose(newsroom.lan)
    await repeat(newsroom)
    await newsroom.submit(newsroom.lan)
    await newsroom.house.press(newsroom.minh, "✅ Phê duyệt")
    return await newsroom.newest()


async def morning(newsroom: Newsroom, series: Broadcast, **late: float) -> None:
    """The moment of the next occurrence comes, the timer ticks, and the board looks."""
    found = await newsroom.desk.find(series.id)
    assert found is not None
    assert found.upcoming is not None
    newsroom.house.clock.moment = found.upcoming.at + timedelta(**late)
    await newsroom.desk.start_due(series.id)
    await newsroom.board.update()


async def state(newsroom: Newsroom, series: Broadcast) -> BroadcastState:
    found = await newsroom.desk.find(series.id)
    assert found is not None
    return found.state


async def one_group(newsroom: Newsroom) -> Chat:
    """The only channel: a group of the simulated Telegram, with the bot in it."""
    house = newsroom.house
    group = house.world.add_chat("supergroup", "Tổ dân phố 5", newsroom.sau)
    house.world.add_member(group, house.account)
    await newsroom.write(delete(channels))
    await newsroom.write(insert(channels).values(group_row(5, 40, external_id=str(group.id))))
    return group


async def delivered(newsroom: Newsroom) -> None:
    """The engine sends whatever is to be sent now, over HTTP."""
    house, newest = newsroom.house, await newsroom.newest()
    account = TelegramAccount(BOT_NAME, TOKEN, house.simulator.base_url)
    shelf = PictureShelf(house.engine, house.committer)
    async with open_connections(account, 4) as connections:
        sender = TelegramSender(connections, account, shelf)
        station = Station(house.engine, house.committer, started=house.clock.now())
        async with running(station.pump(sender=sender).run):
            await station.until(lambda: station.is_done(newest.id))


async def test_the_whole_way_of_a_bulletin_that_repeats(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    group = await one_group(newsroom)
    await newsroom.compose(lan)

    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "🔁 Lặp lại")
    assert "Mỗi kỳ có mã riêng" in house.last(lan).text
    await house.press(lan, "Hằng ngày")
    assert "Lúc mấy giờ?" in house.last(lan).text
    await house.say(lan, "7h")
    assert "🔁 mỗi ngày lúc 07:00" in house.last(lan).text
    await house.press(lan, "3 tháng")
    in_words = "mỗi ngày lúc 07:00, đến hết 02/02/2027 · 3 kỳ tới: 07:00 03/11, 07:00 04/11, 07:00 05/11"
    assert in_words in house.last(lan).text
    assert "24 giờ sau mỗi kỳ" in house.last(lan).text

    await house.press(lan, "👁 Xem trước và gửi")
    assert in_words in house.last(lan).text
    assert any("Có hiệu lực" in text and "07:00 ngày 04/11/2026" in text for text in newsroom.seen(lan))
    await house.press(lan, "📨 Gửi duyệt")
    assert in_words in house.last(minh).text
    await house.press(minh, "✅ Phê duyệt")
    assert f"Lặp lại: {in_words}" in house.last(lan).text
    series = await newsroom.newest()
    assert series.id in newsroom.timers

    await morning(newsroom, series)
    first = await newsroom.newest()
    await delivered(newsroom)
    assert f"Một kỳ của bản tin định kỳ {series.bulletin.code}" in house.last(lan).text
    await morning(newsroom, series)
    second = await newsroom.newest()
    await delivered(newsroom)
    copies = [message.text for message in house.shown(group) if "Phun thuốc muỗi" in message.text]
    assert len(copies) == 2
    assert first.bulletin.code in copies[0]
    assert second.bulletin.code in copies[1]
    assert series.bulletin.code not in "".join(copies)
    await house.say(newsroom.sau, f"/kiemtra {second.bulletin.code}")
    assert "Có bản tin mang mã này" in house.last(newsroom.sau).text

    await house.say(lan, "/lich")
    assert "định kỳ" in house.last(lan).text
    assert await house.press(lan, "⏭ Bỏ qua kỳ tới") == "Đã bỏ qua kỳ 07:00 05/11/2026."
    assert "Kỳ 07:00 05/11/2026 được bỏ qua" in house.last(lan).text
    assert "3 kỳ tới: 07:00 06/11" in house.last(lan).text
    await morning(newsroom, series)
    assert (await newsroom.newest()).id == second.id
    assert len([text for text in newsroom.seen(group) if "Phun thuốc muỗi" in text]) == 2

    await house.say(lan, "/lich")
    await house.press(lan, "⏹ Dừng hẳn")
    assert await state(newsroom, series) is BroadcastState.STOPPED
    assert await newsroom.desk.schedule_to_rebuild() == []


async def test_everything_handled_twice_after_a_crash_has_one_effect(newsroom: Newsroom) -> None:
    newsroom.house.times = 2
    series = await series_of(newsroom)
    await morning(newsroom, series)
    await newsroom.house.say(newsroom.lan, "/lich")
    await newsroom.house.press(newsroom.lan, "⏭ Bỏ qua kỳ tới")
    await morning(newsroom, series)
    await morning(newsroom, series)
    rows = await newsroom.house.rows(bulletins)
    assert [row.state for row in rows] == ["recurring", "sending", "sending"]


@pytest.mark.parametrize(
    ("how", "time", "rule"),
    [
        ("Thứ hai đến thứ sáu", "6h30", "thứ hai đến thứ sáu lúc 06:30"),
        ("Hằng tháng, vào một ngày", "ngày 31 lúc 8h", "ngày 31 hằng tháng lúc 08:00 (bỏ qua tháng không có"),
        ("Lịch khác", "thứ hai và thứ năm 7h30", "thứ hai, thứ năm hằng tuần lúc 07:30"),
        ("Lịch khác", "Sundays 8 pm", "chủ nhật hằng tuần lúc 20:00"),
        ("Lịch khác", "0 8,20 * * 1", "theo lịch cron 0 8,20 * * 1"),
    ],
)
async def test_a_rule_is_chosen_or_typed_and_told_in_words(
    newsroom: Newsroom, how: str, time: str, rule: str
) -> None:
    await newsroom.compose(newsroom.lan)
    await repeat(newsroom, how=how, time=time, end="3 tháng")
    assert rule in newsroom.house.last(newsroom.lan).text
    assert "kỳ tới: " in newsroom.house.last(newsroom.lan).text


async def test_a_day_of_the_week_is_chosen_and_an_end_typed(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "🔁 Lặp lại")
    await house.press(lan, "Hằng tuần, vào một ngày")
    await house.press(lan, "Chủ nhật")
    await house.say(lan, "7h30")
    await house.press(lan, "Đến ngày khác")
    await house.say(lan, "1/11/2026")
    assert "đã qua" in house.last(lan).text
    await house.say(lan, "khi nào hết dịch")
    assert "Loa chưa hiểu ngày đó" in house.last(lan).text
    await house.say(lan, "đến hết 20/11")
    assert "chủ nhật hằng tuần lúc 07:30, đến hết 20/11/2026" in house.last(lan).text
    assert "2 kỳ tới: 07:30 08/11, 07:30 15/11" in house.last(lan).text


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("lúc nào rảnh", "Loa chưa hiểu lịch đó"),
        ("*/5 * * * *", "lặp lại dày quá"),
        ("0 7 * * * *", "năm cột cron"),
        ("0 7 31 2 *", "không có kỳ nào"),
        ("<b>0</b> 7 * * *", "Loa chưa hiểu lịch đó"),
    ],
)
async def test_what_cannot_be_a_rule_is_said_at_once_and_asked_for_again(
    newsroom: Newsroom, typed: str, answer: str
) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "🔁 Lặp lại")
    await house.press(lan, "Lịch khác")
    await house.say(lan, typed)
    assert answer in house.last(lan).text
    assert (await newsroom.newest()).bulletin.recurrence is None
    await house.say(lan, "0 7 * * 7")
    assert "chủ nhật hằng tuần lúc 07:00" in house.last(lan).text


async def test_a_rule_typed_where_a_moment_is_asked_for_is_understood(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "Giờ khác")
    await house.say(lan, "thứ hai 7h30")
    assert "Loa chưa hiểu thời điểm đó" in house.last(lan).text, "it may mean next Monday"
    await house.say(lan, "thứ hai hằng tuần 7h30")
    await house.press(lan, "1 tháng")
    assert "thứ hai hằng tuần lúc 07:30" in house.last(lan).text


async def test_danger_to_life_is_not_offered_repetition_and_loses_none_unsaid(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await repeat(newsroom)
    await house.press(lan, "⚖️ Mức độ")
    await house.press(lan, "🔴 Đe doạ tính mạng")
    assert "không được tự lặp lại" in house.last(lan).text
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "🔁 Lặp lại")
    assert "không được tự lặp lại" in house.last(lan).text
    assert house.labels(lan) == ["⬅️ Quay lại"]
    await house.press(lan, "⬅️ Quay lại")
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "Ngay khi được duyệt")
    assert "❗" not in house.last(lan).text
    assert (await newsroom.newest()).bulletin.recurrence is None


async def test_how_long_each_one_counts_is_chosen(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await repeat(newsroom)
    await house.press(lan, "⏳ Thời hạn")
    assert "Giờ khác" not in house.labels(lan)
    await house.press(lan, "6 giờ")
    assert "6 giờ sau mỗi kỳ" in house.last(lan).text


async def test_one_that_missed_its_time_is_told_in_the_moderators_chat_and_sent_from_there(
    newsroom: Newsroom,
) -> None:
    house = newsroom.house
    chat = await newsroom.open_moderators_chat()
    series = await series_of(newsroom)
    await morning(newsroom, series, days=2, hours=1)

    said = house.last(chat).text
    assert "hẹn lúc 07:00 05/11/2026 nhưng không bắt đầu đúng giờ" in said
    assert "2 kỳ trước đó cũng bị lỡ" in said
    await house.press(newsroom.phuc, "📨 Gửi ngay", chat)
    assert (await newsroom.newest()).state is BroadcastState.HELD
    assert "Phúc đề nghị gửi ngay" in house.last(newsroom.minh).text
    await house.press(newsroom.minh, "✅ Duyệt gửi ngay", chat)
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_after_a_correction_the_next_one_waits_and_says_why(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    series = await series_of(newsroom)
    await morning(newsroom, series)
    first = await newsroom.newest()
    arrived = update(deliveries).where(deliveries.c.bulletin_id == first.id)
    await newsroom.write(arrived.values(state="sent", message_id="1"))
    await newsroom.correct(newsroom.minh, first, "Phun thuốc lúc 8 giờ.", newsroom.phuc)
    await morning(newsroom, series)

    held = await newsroom.newest()
    assert held.state is BroadcastState.HELD
    assert "một kỳ trước đã được đính chính hoặc thu hồi" in house.last(lan).text
    assert {"📨 Gửi ngay", "⏹ Dừng hẳn"} <= set(house.labels(lan))

    await morning(newsroom, series)
    assert any("kỳ này được bỏ qua" in text for text in newsroom.seen(lan))


async def test_the_author_hears_when_the_last_one_is_past_once(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await repeat(newsroom)
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "🔁 Lặp lại")
    await house.press(lan, "Hằng ngày")
    await house.say(lan, "7h")
    await house.press(lan, "Đến ngày khác")
    await house.say(lan, "3/11")
    await newsroom.submit(lan)
    await house.press(newsroom.minh, "✅ Phê duyệt")
    series = await newsroom.newest()
    await morning(newsroom, series)
    await newsroom.board.update()

    assert await state(newsroom, series) is BroadcastState.FINISHED
    assert newsroom.house.said(lan).count("Kỳ cuối cùng đã qua") == 1
    await house.press(lan, "📝 Soạn lại từ bản này")
    assert (await newsroom.newest()).state is BroadcastState.DRAFT
    assert "không có kỳ nào trước ngày kết thúc" in await problems_shown(newsroom)
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "🔁 Lặp lại")
    await house.press(lan, "Chỉ đổi ngày kết thúc")
    await house.press(lan, "1 tháng")
    assert any("mỗi ngày lúc 07:00, đến hết 03/12/2026" in text for text in newsroom.seen(lan))
    await problems_shown(newsroom)
    assert "📨 Gửi duyệt" in house.labels(lan)


async def problems_shown(newsroom: Newsroom) -> str:
    """What Lan reads after asking for the preview."""
    await newsroom.house.press(newsroom.lan, "👁 Xem trước và gửi")
    return newsroom.house.last(newsroom.lan).text


async def test_an_old_button_skips_no_other_one_and_says_so(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    series = await series_of(newsroom)
    await morning(newsroom, series)
    card = next(one for one in reversed(house.shown(lan)) if "Bỏ qua kỳ tới" in str(one.buttons))
    house.world.press(lan, house.account, card.message_id, "⏭ Bỏ qua kỳ tới")
    await house.settle()
    found = await newsroom.desk.find(series.id)
    assert found is not None
    assert found.upcoming is not None
    assert not found.upcoming.is_skipped


async def test_a_skip_is_taken_back_with_the_same_button(newsroom: Newsroom) -> None:
    house, phuc = newsroom.house, newsroom.phuc
    series = await series_of(newsroom)
    await house.say(phuc, "/schedule")
    await house.press(phuc, "⏭ Bỏ qua kỳ tới")
    assert await house.press(phuc, "↩️ Không bỏ qua nữa") == "Bản tin sẽ được gửi lúc 07:00 03/11/2026."
    await morning(newsroom, series)
    assert (await newsroom.newest()).state is BroadcastState.SENDING


async def test_what_is_to_come_is_listed_in_the_order_of_its_time(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    await house.say(minh, "/lich")
    assert "Không có bản tin nào hẹn giờ" in house.last(minh).text
    await newsroom.compose(lan, typed="Lịch cắt nước\nTừ 8 giờ.")
    await house.press(lan, "🕖 Giờ gửi")
    await house.press(lan, "Giờ khác")
    await house.say(lan, "hôm nay 20h")
    await newsroom.submit(lan)
    await house.press(minh, "✅ Phê duyệt")
    await series_of(newsroom)

    before = len(house.shown(minh))
    await house.say(minh, "/lich")
    listed = [message.text for message in house.shown(minh)[before + 1 :]]
    assert ["Lịch cắt nước" in listed[0], "Phun thuốc" in listed[1]] == [True, True]
    await house.press(minh, "📨 Gửi ngay")
    assert not any(row.state == "sending" for row in await house.rows(bulletins))
    await house.press(newsroom.phuc, "✅ Duyệt gửi ngay")
    assert any(row.state == "sending" for row in await house.rows(bulletins))


async def test_citizens_see_no_schedule(newsroom: Newsroom) -> None:
    await series_of(newsroom)
    await newsroom.house.say(newsroom.sau, "/lich")
    assert "Phun thuốc" not in newsroom.house.said(newsroom.sau)


async def test_the_rule_is_on_the_networks_clock(newsroom: Newsroom) -> None:
    series = await series_of(newsroom)
    assert series.upcoming is not None
    assert series.upcoming.at.astimezone(ZONE).strftime("%H:%M %d/%m") == "07:00 03/11"
