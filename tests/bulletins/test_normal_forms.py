"""Normal forms at a bounded cost: the same as Unicode's, but for marks that no language piles so high."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletins.wording import normal

FORMS = ("NFC", "NFKC", "NFKD")


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text(max_size=30))
def test_no_text_that_people_write_is_changed(form: str, text: str) -> None:
    assert normal(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


def test_of_marks_piled_without_end_thirty_are_kept_and_nothing_else_is_lost() -> None:
    assert (
        normal("NFC", "tin" + "\u0323" * 500 + " lũ")
        == "tin\u0323".replace("n\u0323", "ṇ") + "\u0323" * 29 + " lũ"
    )
    assert normal("NFC", "🌊" * 500) == "🌊" * 500


def test_whatever_becomes_a_mark_is_counted_as_one() -> None:
    """No character may let a run of marks go on unseen, whatever it becomes when it is taken apart."""
    for number in range(sys.maxunicode + 1):
        letter = chr(number)
        if unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]):
            assert len(normal("NFC", letter * 200)) <= 90, f"U+{number:04X}"
