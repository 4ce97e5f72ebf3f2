"""What did not arrive, in a long list, in many words, and channel by channel."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from bulletins.bulletin import BulletinId
from storage.tables import channels, deliveries
from tests.broadcasts.office import group_row
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom

LIST = "📋 Kênh chưa nhận được"
ONE_BY_ONE = "❓ Xem từng kênh chưa rõ"


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


async def test_the_failed_can_be_tried_again_however_many_are_unsure(newsroom: Newsroom) -> None:
    bulletin = await unsure_everywhere(newsroom)
    await change(newsroom, bulletin, 1, state="failed", reason="no_rights:can_send_messages")
    await newsroom.house.press(newsroom.lan, LIST)
    assert "🔁 Gửi lại các lượt không gửi được" in newsroom.house.labels(newsroom.lan)


async def test_a_list_of_the_longest_titles_fits_one_message(newsroom: Newsroom) -> None:
    await unsure_everywhere(newsroom, title="Ấ" * 128 + "😀" * 60)
    await newsroom.house.press(newsroom.lan, LIST)
    shown = newsroom.house.last(newsroom.lan).text
    assert "ẤẤẤ" in shown
    assert "và 10 kênh nữa" in shown


async def test_the_whole_list_comes_as_a_file(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await unsure_everywhere(newsroom)
    await house.press(lan, LIST)
    await house.press(lan, "📄 Toàn bộ danh sách (tệp)")
    content = house.world.files[house.last(lan).document or ""].data.decode()
    assert len(content.splitlines()) == 30
    assert "Nhóm 29\tchưa rõ đã tới hay chưa" in content


async def test_lan_settles_one_channel_and_the_others_stay_unsure(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await unsure_everywhere(newsroom)
    await house.press(lan, LIST)
    await house.press(lan, ONE_BY_ONE)
    for label, state in (("✅ 1", "sent"), ("🔁 1", "queued"), ("✖️ 1", "dropped")):
        assert "cho 1 kênh" in await house.press(lan, label)
        assert [row.state for row in await house.rows(deliveries)].count(state) == 1
    assert [row.state for row in await house.rows(deliveries)].count("unsure") == 27


async def test_a_page_has_eight_channels_and_leads_to_the_next(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await unsure_everywhere(newsroom)
    await house.press(lan, LIST)
    await house.press(lan, ONE_BY_ONE)
    assert house.labels(lan).count("✅ 8") == 1
    assert "✅ 9" not in house.labels(lan)
    for _ in range(3):
        await house.press(lan, "Các kênh tiếp theo ▶️")
    assert "6. Nhóm 29" in house.said(lan)
    await house.press(lan, "⏮ Từ kênh đầu")
    assert "1. Tổ dân phố 0" in house.said(lan)


async def unsure_everywhere(newsroom: Newsroom, title: str = "Nhóm") -> BulletinId:
    """A bulletin that went to thirty channels, and nobody knows whether it arrived."""
    for number in range(2, 30):
        await newsroom.write(insert(channels).values(group_row(number, 10, title=f"{title} {number}")))
    bulletin = (await newsroom.published()).id
    await newsroom.write(
        update(deliveries)
        .where(deliveries.c.bulletin_id == bulletin)
        .values(state="unsure", reason="unsure:")
    )
    await newsroom.board.update()
    return bulletin


async def change(newsroom: Newsroom, bulletin: BulletinId, channel: int, **values: object) -> None:
    one = (deliveries.c.bulletin_id == bulletin) & (deliveries.c.channel_id == channel)
    await newsroom.write(update(deliveries).where(one).values(values))
    await newsroom.board.update()
