"""Pictures and CAP files that Lan sends."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bulletins.bulletin import VIETNAMESE, Status
from storage.tables import bulletins, pictures
from tests.bulletins.cap_samples import alert, info
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom

ALERTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cap"


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


def a_photo() -> bytes:
    content = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(content, "JPEG")
    return content.getvalue()


async def test_a_photo_with_words_is_picture_and_text_at_once(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await house.say(lan, "/broadcast")
    await house.press(lan, "🟦 Diễn tập")
    house.world.send_photo(lan, house.account, a_photo(), "Diễn tập chữa cháy\nTại chợ, 8 giờ.")
    await house.settle()
    bulletin = (await newsroom.newest()).bulletin
    assert bulletin.texts[VIETNAMESE].headline == "Diễn tập chữa cháy"
    assert bulletin.media is not None
    assert len(await house.rows(pictures)) == 1


async def test_the_preview_shows_the_picture_with_the_text_under_it(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "🖼 Ảnh")
    house.world.send_photo(lan, house.account, a_photo(), "Đội phun thuốc")
    await house.settle()
    await newsroom.submit(lan)
    shown = [message for message in house.shown(newsroom.minh) if "Trong ảnh: Đội phun thuốc" in message.text]
    assert len(shown) == 1
    assert "Phun thuốc muỗi phường 5" in shown[0].text


async def test_a_picture_sent_as_a_file_is_asked_for_again(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan)
    await house.press(lan, "🖼 Ảnh")
    house.world.send_document(lan, house.account, a_photo(), "anh.jpg")
    await house.settle()
    assert "gửi ở dạng ảnh" in house.last(lan).text
    assert (await newsroom.newest()).bulletin.media is None


async def test_a_cap_file_becomes_a_draft_with_its_provenance(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    in_force = info(expires="2026-11-02T20:00:00+07:00")
    await send_cap(newsroom, alert(in_force, sent="2026-11-02T07:00:00+07:00"))
    bulletin = (await newsroom.newest()).bulletin
    assert bulletin.texts[VIETNAMESE].headline == "Lũ trên sông lên nhanh"
    assert bulletin.provenance is not None
    assert bulletin.provenance.identifier == "VN-2026-1"
    assert "CAP VN-2026-1" in house.said(lan)


async def test_an_old_alert_asks_for_a_new_expiry(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    over = info(expires="2026-10-02T20:00:00+07:00")
    await send_cap(newsroom, alert(over, sent="2026-10-02T07:00:00+07:00"))
    assert "Thời hạn ghi trong cảnh báo gốc đã qua" in house.last(lan).text
    await house.press(lan, "6 giờ")
    assert "14:00 02/11/2026" in house.last(lan).text


async def test_the_same_file_delivered_twice_makes_one_draft(newsroom: Newsroom) -> None:
    house = newsroom.house
    newsroom.house.times = 2
    await send_cap(newsroom, alert())
    assert len(await house.rows(bulletins)) == 1


async def test_a_file_that_is_no_alert_is_refused_in_one_sentence(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await send_cap(newsroom, "<html>không phải</html>")
    assert len(house.last(lan).text.splitlines()) == 1
    assert "Bản nháp" not in house.said(lan)


async def test_a_huge_file_is_refused_before_it_is_fetched(newsroom: Newsroom) -> None:
    house, lan = newsroom.house, newsroom.lan
    await send_cap(newsroom, "<alert>" + " " * (20 * 1024 * 1024))
    assert "lớn quá 1 MB" in house.last(lan).text


@pytest.mark.skipif(
    not ALERTS.is_dir(), reason="the agencies' alerts are not here: ../shared/data/cap is absent"
)
@pytest.mark.parametrize("name", ["weather.cap", "earthquake.cap", "canada.cap"])
async def test_real_agencies_alerts_become_drafts(newsroom: Newsroom, name: str) -> None:
    await send_cap(newsroom, (ALERTS / name).read_bytes(), name)
    assert (await newsroom.newest()).bulletin.status in set(Status)


async def send_cap(newsroom: Newsroom, content: str | bytes, name: str = "alert.xml") -> None:
    """Lan sends a file in her private chat."""
    data = content.encode() if isinstance(content, str) else content
    newsroom.house.world.send_document(newsroom.lan, newsroom.house.account, data, name)
    await newsroom.house.settle()
