"""Row "bidi, zero-width, look-alike characters": what an author, fooled or foul, cannot bring into a bulletin."""

from __future__ import annotations

import pytest

from broadcasts.broadcast import BroadcastState
from bulletins.characters import odd_characters
from reports.masking import masked
from tests.handlers.house import House
from tests.handlers.newsroom import Newsroom


@pytest.fixture
async def newsroom(house: House) -> Newsroom:
    newsroom = Newsroom(house)
    await newsroom.open()
    return newsroom


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Cảnh báo\nGửi \u202e000.5 đồng.", "U+202E “Gửi ▯000.5 đồng.”"),
        ("Cảnh báo\nNgân\u200bhàng nhắn tin.", "U+200B “Ngân▯hàng nhắn ti”"),
        ("Cảnh báo\nNgân\U000e0042hàng.", "U+E0042"),
        ("Cảnh báo\nTài khoản \ue000 mới.", "U+E000"),
        ("Cảnh báo\nVào https://vіetcombank.com ngay.", "xn--vetcombank-x2i.com"),
        ("Cảnh báo\nVào https://vneid.gov.vn⁄x.evil.top ngay.", "vneid.gov.vn⁄x.evil.top"),
        ("Cảnh báo\nVào https://vneid.gov.vn@evil.top ngay.", "→ evil.top"),
        ("Cảnh báo\nGọi tổng đài ngân hàng Vietсombank.", "Vietсombank"),
    ],
)
async def test_bidi_zero_width_look_alike_characters_do_not_get_to_the_approvers(
    newsroom: Newsroom, typed: str, said: str
) -> None:
    house, lan = newsroom.house, newsroom.lan
    await newsroom.compose(lan, typed=typed)

    assert said in house.last(lan).text
    assert "❗" in house.last(lan).text
    await house.press(lan, "👁 Xem trước và gửi")

    assert "📨 Gửi duyệt" not in house.labels(lan)
    assert (await newsroom.newest()).state is BroadcastState.DRAFT


async def test_author_and_approver_read_which_host_a_vietnamese_name_opens(newsroom: Newsroom) -> None:
    house, lan, minh = newsroom.house, newsroom.lan, newsroom.minh
    await newsroom.compose(lan, typed="Trang mới\nXem tại https://y-tế.vn nhé.\nHoặc bit.ly/abc")
    said = "🔗 https://y-tế.vn: khi bấm sẽ mở xn--y-t-9jz.vn"
    assert said in house.last(lan).text
    assert "❗" not in house.last(lan).text

    await house.press(lan, "👁 Xem trước và gửi")
    assert said in house.last(lan).text
    await house.press(lan, "📨 Gửi duyệt")

    assert said in house.last(minh).text
    assert "🔗 bit.ly/abc: liên kết rút gọn" in house.last(minh).text


def test_what_hides_in_a_report_is_not_in_front_of_moderators() -> None:
    assert odd_characters(masked("Gửi \u202e123\u200b \U000e0041 tới")) == ()
