"""What an approver is told a correction changes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bulletins.bulletin import ENGLISH, VIETNAMESE, Media, Text
from bulletins.differences import LEFT_OUT, Mark, PictureChange, Stretch, changed_words, picture_change
from tests.bulletins.bulletin_samples import FLOOD

WORDS = st.lists(st.sampled_from(["mưa", "lũ", "7", "8", "giờ", "xã"]), max_size=12).map(" ".join)


def test_a_changed_number_is_one_word_gone_and_one_new() -> None:
    before = replace(FLOOD, texts={VIETNAMESE: Text("Phun thuốc", "Từ 7 giờ")})
    after = replace(FLOOD, texts={VIETNAMESE: Text("Phun thuốc", "Từ 8 giờ")})
    assert dict(changed_words(before, after)) == {
        VIETNAMESE: (
            Stretch(Mark.SAME, "Phun thuốc Từ"),
            Stretch(Mark.GONE, "7"),
            Stretch(Mark.NEW, "8"),
            Stretch(Mark.SAME, "giờ"),
        )
    }


@given(old=WORDS, new=WORDS)
def test_nothing_that_is_new_or_gone_is_kept_back(old: str, new: str) -> None:
    before = replace(FLOOD, texts={VIETNAMESE: Text("", old)})
    after = replace(FLOOD, texts={VIETNAMESE: Text("", new)})
    for stretches in dict(changed_words(before, after)).values():
        kept = " ".join(one.words for one in stretches if one.mark is not Mark.GONE).split()
        assert LEFT_OUT in kept or kept == new.split()
        lost = " ".join(one.words for one in stretches if one.mark is not Mark.NEW).split()
        assert LEFT_OUT in lost or lost == old.split()


def test_a_language_that_is_left_out_or_new_is_named() -> None:
    both = replace(FLOOD, texts={VIETNAMESE: Text("Lũ", ""), ENGLISH: Text("Flood", "")})
    one = replace(FLOOD, texts={VIETNAMESE: Text("Lũ", "")})
    assert dict(changed_words(both, one)) == {ENGLISH: (Stretch(Mark.GONE, "Flood"),)}
    assert dict(changed_words(one, both)) == {ENGLISH: (Stretch(Mark.NEW, "Flood"),)}


def test_texts_too_long_to_compare_are_shown_one_after_the_other() -> None:
    before = replace(FLOOD, texts={VIETNAMESE: Text("", "a " * 2_000)})
    after = replace(FLOOD, texts={VIETNAMESE: Text("", "b " * 2_000)})
    marks = [one.mark for one in dict(changed_words(before, after))[VIETNAMESE]]
    assert marks == [Mark.GONE, Mark.NEW]


def test_the_picture_is_said_to_be_kept_changed_or_taken_out() -> None:
    none, one = replace(FLOOD, media=None), replace(FLOOD, media=Media("a" * 64, "a.png"))
    other = replace(FLOOD, media=Media("b" * 64, "a.png"))
    assert picture_change(none, none) is PictureChange.NONE
    assert picture_change(one, one) is PictureChange.KEPT
    assert picture_change(none, one) is PictureChange.NEW
    assert picture_change(one, other) is PictureChange.REPLACED
    assert picture_change(one, none) is PictureChange.TAKEN_OUT
