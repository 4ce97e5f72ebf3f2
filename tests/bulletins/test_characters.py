"""Nothing invisible gets into a bulletin but what styles and joins emoji, and every Vietnamese text does."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulletins.bulletin import VIETNAMESE, Text
from bulletins.characters import (
    DEFAULT_IGNORABLE,
    UNICODE_VERSION,
    is_default_ignorable,
    odd_characters,
    odd_spots,
    without_odd_characters,
)
from bulletins.problems import ProblemKind, problems
from bulletins.rendering import render
from bulletins.wording import tidied
from tests.bulletins.bulletin_samples import FLOOD, IMPRINT, NOW

VIETNAMESE_TEXTS = (
    "Đường Nguyễn Huệ bị ngập sâu 0,5 m; xe máy không qua được.",
    "Ở xã Ẳng Nưa, ai thấy cháu bé xin gọi 113 – cảm ơn bà con!",
    "Chữ hoa: ĂÂĐÊÔƠƯ ẮẰẲẴẶ ẤẦẨẪẬ ẾỀỂỄỆ ỐỒỔỖỘ ỚỜỞỠỢ ỨỪỬỮỰ ỲÝỶỸỴ",
    "Chữ thường: ăâđêôơư ắằẳẵặ ấầẩẫậ ếềểễệ ốồổỗộ ớờởỡợ ứừửữự ỳýỷỹỵ",
    "Giá 500.000 ₫ (năm trăm nghìn đồng), 37 °C, “khẩn” … 10 µg/m³ • 1⁄2 Ω",
)
EMOJI = (
    "⚠️", "⚠︎", "❤️", "☎️ 113", "1️⃣ 2️⃣ #️⃣", "👨‍👩‍👧‍👦", "👩🏽‍⚕️", "🏃🏿‍♀️", "👍🏽", "🇻🇳", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "🏳️‍🌈", "🧑‍🚒", "🩷",
)  # fmt: skip
HIDDEN = (
    "Ngân\u200bhàng", "Ngân\u00adhàng", "a\u034fb", "a\u115fb", "a\u3164b", "a\uffa0b", "a\u2060b", "a\u2065b",
    "a\ufe00b", "a\ufe0fb", "1\ufe0f", "a\u200db", "👨\u200d", "\u200d👩", "⚠\ufe0f\ufe0f", "👨\u200d\u200d👩",
    "\U0001f3f4\U000e0061\U000e007f", "\U000e0041\U000e0042", "\U000e0fff", "\ufff0", "\ufeff", "\u2800",
    "\ue000", "\U000f0000", "\uffff", "\ufdd0", "\u0378", "\U0001fffe", "\ufffc", "\ud800", "\x07", "\U0001d159",
)  # fmt: skip
INVISIBLE = re.compile(
    "["
    + "".join(f"{chr(first)}-{chr(last)}" for first, last in DEFAULT_IGNORABLE)
    + "\u2800\u202a-\u202e\ue000-\uf8ff\x00-\x09\x0b-\x1f\x7f-\x9f]"
)
KEYCAP = re.compile("[0-9#*]\ufe0f\u20e3")
PIECES = st.sampled_from(
    [*HIDDEN, *EMOJI, "\u200b", "\u200d", "\ufe0f", "\U000e0061", "👩", "một", " ", "\n"]
)


def kinds(body: str) -> set[ProblemKind]:
    bulletin = replace(FLOOD, texts={VIETNAMESE: Text("Tiêu đề", body)})
    return {problem.kind for problem in problems(bulletin, NOW)}


@pytest.mark.parametrize("text", VIETNAMESE_TEXTS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_vietnamese_text_passes_in_either_normal_form(text: str, form: str) -> None:
    assert kinds(unicodedata.normalize(form, text)) == set()  # type: ignore[arg-type]


@pytest.mark.parametrize("text", EMOJI)
def test_emoji_in_every_style_pass(text: str) -> None:
    assert kinds(f"Lưu ý {text} nhé") == set()
    assert without_odd_characters(text) == text


@pytest.mark.parametrize("text", HIDDEN)
def test_what_shows_nothing_or_means_nothing_is_refused(text: str) -> None:
    assert ProblemKind.ODD_CHARACTERS in kinds(f"x{text}y")
    assert odd_characters(without_odd_characters(text)) == ()


@given(st.lists(PIECES, max_size=12).map("".join))
@example("👨\u200b\u200d👩")
def test_nothing_invisible_reaches_a_channel_but_between_emoji(body: str) -> None:
    bulletin = replace(FLOOD, texts={VIETNAMESE: Text("Tiêu đề", body)})
    if problems(bulletin, NOW):
        return
    shown = render(bulletin, VIETNAMESE, imprint=IMPRINT).plain
    for flag in EMOJI:
        shown = shown.replace(flag, "") if flag.startswith("\U0001f3f4") else shown
    shown = KEYCAP.sub("", shown)
    for found in INVISIBLE.finditer(shown):
        before, after = shown[: found.start()].rstrip("\ufe0f🏻🏼🏽🏾🏿")[-1:], shown[found.end() :][:1]
        assert found[0] in "\ufe0e\ufe0f\u200d"
        assert is_pictograph(before)
        assert found[0] != "\u200d" or is_pictograph(after)


def is_pictograph(letter: str) -> bool:
    return bool(letter) and letter >= "\u2600" and unicodedata.category(letter) in ("So", "Cn")


@given(st.text(max_size=40))
def test_what_was_cleaned_is_clean(text: str) -> None:
    assert odd_characters(without_odd_characters(text)) == ()


def test_the_author_reads_which_character_it_is_and_where() -> None:
    assert odd_spots("Gửi tới Ngân\u200bhàng và \u202eai đó", at_most=5) == (
        "U+200B “Gửi tới Ngân▯hàng và ▯ai ”",
        "U+202E “gân▯hàng và ▯ai đó”",
    )
    assert odd_spots("\u200b" * 9 + "\u200c", at_most=1) == ("U+200B “▯▯▯▯▯▯▯▯▯▯”",)


def test_marks_that_hidden_characters_part_are_counted_together() -> None:
    piled = "z" + "\u0335\u0336" * 2 + "\u200b" + "\u0337\u0338" * 2
    assert odd_characters(without_odd_characters(piled)) == ()


def test_the_table_is_in_order_and_covers_what_the_standard_names() -> None:
    """The counts are those of DerivedCoreProperties.txt: 4,174 code points in 17 ranges."""
    assert UNICODE_VERSION == "14.0.0"
    assert all(first <= last for first, last in DEFAULT_IGNORABLE)
    ends = [number for pair in DEFAULT_IGNORABLE for number in pair]
    assert ends == sorted(ends)
    assert (len(DEFAULT_IGNORABLE), sum(last - first + 1 for first, last in DEFAULT_IGNORABLE)) == (17, 4_174)
    assert not any(map(is_default_ignorable, tidied("Tiếng Việt 123")))
