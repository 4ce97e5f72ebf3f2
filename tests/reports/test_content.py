"""Messages become one content, which is known again; moderators see it masked."""

from __future__ import annotations

import pytest

from bulletins.links import MarkedLink
from reports.content import MOST_CHARACTERS, Content, Piece, taken_together
from reports.masking import masked


def content(text: str, *links: MarkedLink) -> Content:
    return Content(text, links, False, False, False)


@pytest.mark.parametrize(
    "copy",
    [
        "TÀI KHOẢN của bạn bị khóa, vào https://evil.top/a",
        "tai khoan cua ban bi khoa vao hxxps://evil[.]top/a",
        "Tài khoản của bạn\n\nbị   khóa!!! Vào https://evil.top/a/",
        "T\u200bài khoản của bạn bị khóa, vào https://evil.top/a",
    ],
)
def test_copies_are_known_again(copy: str) -> None:
    original = content("Tài khoản của bạn bị khóa, vào https://evil.top/a")

    assert content(copy).sha256 == original.sha256


@pytest.mark.parametrize(
    "other",
    [
        "Chuyển 500000 vào tài khoản 1235 tại https://evil.top",
        "Chuyển 500000 vào tài khoản 1234 tại https://evil-top.top",
        "Chuyển 600000 vào tài khoản 1234 tại https://evil.top",
        "Đừng chuyển 500000 vào tài khoản 1234 tại https://evil.top",
    ],
)
def test_another_number_link_or_word_is_another_content(other: str) -> None:
    original = content("Chuyển 500000 vào tài khoản 1234 tại https://evil.top")

    assert content(other).sha256 != original.sha256


def test_a_link_behind_the_same_words_makes_another_content() -> None:
    honest = content("Xem tại đây", MarkedLink("đây", "https://moh.gov.vn"))
    evil = content("Xem tại đây", MarkedLink("đây", "https://evil.top"))

    assert honest.sha256 != evil.sha256


def test_beside_a_forward_own_words_are_left_out() -> None:
    together = taken_together(
        [Piece("1", "Tôi là Sáu, tin này thật không?"), Piece("2", "Tin lạ", is_forwarded=True)]
    )

    assert together.text == "Tin lạ"


def test_several_forwards_are_one_content_in_their_order() -> None:
    together = taken_together(
        [Piece(str(number), f"Phần {number}", is_forwarded=True) for number in range(3)]
    )

    assert together.text == "Phần 0\n\nPhần 1\n\nPhần 2"
    assert not together.was_cut


def test_what_is_too_long_is_cut_and_says_so() -> None:
    together = taken_together([Piece("1", "dài " * MOST_CHARACTERS)])

    assert len(together.text) == MOST_CHARACTERS
    assert together.was_cut


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Gọi 0912 345 678", "Gọi 09•• ••• •78"),
        ("gọi +84 912.345.678 nhé", "gọi +84 •••.•••.•78 nhé"),
        ("CCCD 001099012345", "CCCD 00••••••••45"),
        ("STK 1903-4567-8901", "STK 19••-••••-••01"),
        ("CMND 123.456.789", "CMND 12•.•••.•89"),
        ("chuyển 100.000.000đ", "chuyển 100.000.000đ"),
        ("thưởng 50.000.000 ngay", "thưởng 50.000.000 ngay"),
        ("ngày 20-11-2026, mã 123456", "ngày 20-11-2026, mã 123456"),
        ("tổng đài 19001234", "tổng đài 19001234"),
        ("https://evil.top/a?sdt=0912345678", "hxxps://evil[.]top/a?sdt=••••"),
        ("vào evil.top rồi gọi 0912345678", "vào evil[.]top rồi gọi 09••••••78"),
        ("đảo\u202engược", "đảongược"),
    ],
)
def test_moderators_see_no_personal_numbers_and_no_live_links(text: str, shown: str) -> None:
    assert masked(text) == shown
