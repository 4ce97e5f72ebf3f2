"""What moderators choose and type becomes a bulletin's values."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.drafting import (
    SCALES,
    Weight,
    blank,
    ready_text,
    reworded,
    text_from,
    typed_form,
    weight_of,
    weighted,
)
from bulletins.bulletin import ENGLISH, VIETNAMESE, Language, MsgType, Status, Text, approvals_needed
from tests.bulletins.bulletin_samples import FLOOD

NOW = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)
DRAFT = blank(Status.ACTUAL, "Sở Y tế", NOW)


@pytest.mark.parametrize("weight", Weight)
def test_a_plain_word_sets_all_scales_and_is_found_again(weight: Weight) -> None:
    bulletin = weighted(weight)(DRAFT)
    assert (bulletin.severity, bulletin.urgency, bulletin.certainty) == SCALES[weight]
    assert weight_of(bulletin) is weight


def test_urgent_and_dangerous_ones_take_two_others() -> None:
    needed = {weight: approvals_needed(weighted(weight)(DRAFT)) for weight in Weight}
    assert needed == {
        Weight.ORDINARY: 1,
        Weight.NOTABLE: 1,
        Weight.URGENT: 2,
        Weight.LIFE_THREATENING: 2,
    }


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("Tiêu đề", Text("Tiêu đề", "")),
        ("Tiêu đề\nThân bài", Text("Tiêu đề", "Thân bài")),
        ("Tiêu đề\n\nMột.\nHai.\nCần làm: Ở trong nhà.", Text("Tiêu đề", "Một.\nHai.", "Ở trong nhà.")),
        ("Title\nBody\n👉 What to do: Stay inside.", Text("Title", "Body", "Stay inside.")),
        ("  \n Tiêu đề  \n", Text("Tiêu đề", "")),
        ("", Text("", "")),
        ("Câu đầu." + " Câu sau rất dài" * 20, Text("Câu đầu.", ("Câu sau rất dài " * 20).strip())),
    ],
)
def test_what_is_typed_is_parted_into_heading_body_and_instruction(typed: str, text: Text) -> None:
    assert text_from(typed) == text


@given(headline=st.text("abc ơ.", min_size=1), body=st.text("abc ơ.\n"), instruction=st.text("abc ơ."))
def test_a_text_shown_to_be_changed_reads_back_the_same(headline: str, body: str, instruction: str) -> None:
    once = text_from(typed_form(Text(headline.strip() or "a", body.strip(), instruction.strip())))
    assert text_from(typed_form(once)) == once


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("language", [VIETNAMESE, ENGLISH, Language("fr")])
def test_a_heading_stands_ready_for_every_kind(status: Status, language: Language) -> None:
    earlier = replace(FLOOD, status=status, texts={**FLOOD.texts, language: FLOOD.texts[VIETNAMESE]})
    text = ready_text(earlier, language)
    assert FLOOD.texts[VIETNAMESE].headline in text.headline
    assert "{" not in text.headline
    assert (text.body, text.instruction) == ("", "")


def test_one_paragraph_goes_under_a_corrections_ready_heading_and_more_replace_it() -> None:
    ready = Text("Thông tin đúng về: Lũ", "")
    correction = replace(FLOOD, msg_type=MsgType.UPDATE, texts={VIETNAMESE: ready})
    assert reworded(VIETNAMESE, "Nước là 7,2 m.")(correction).texts[VIETNAMESE] == Text(
        "Thông tin đúng về: Lũ", "Nước là 7,2 m."
    )
    assert reworded(VIETNAMESE, "Mới\nNước là 7,2 m.")(correction).texts[VIETNAMESE].headline == "Mới"
