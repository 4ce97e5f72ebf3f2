"""Fixed words: there for each kind, without a blank, and never mistaken for anybody's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulletins.bulletin import ENGLISH, VIETNAMESE, Code, Language, MsgType, Severity, Status, Text, problems
from bulletins.fixed_words import (
    Notice,
    announces_correction,
    ends_everything,
    fixed_text,
    in_fixed_words,
    notice_of,
    speaks_in_fixed_words,
)
from bulletins.rendering import render, render_corrected_copy, render_correction_notice
from tests.bulletins.bulletin_samples import FLOOD, IMPRINT, NOW

REFERENCES = (FLOOD.code,)


def told(notice: Notice, status: Status = Status.ACTUAL) -> object:
    first = replace(FLOOD, status=status)
    return replace(in_fixed_words(notice, first, REFERENCES, FLOOD.expires), code=Code("LOA-7J7H-1"))


@pytest.mark.parametrize("notice", Notice)
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("language", [VIETNAMESE, ENGLISH, Language("fr")])
def test_they_stand_ready_without_a_blank(notice: Notice, status: Status, language: Language) -> None:
    text = fixed_text(notice, status, language)
    assert text.headline
    assert not set("{}%_") & set(text.headline + text.body + text.instruction)


@pytest.mark.parametrize("notice", Notice)
@pytest.mark.parametrize("status", Status)
def test_they_are_ready_to_go_out_and_known_again(notice: Notice, status: Status) -> None:
    first = replace(FLOOD, status=status)
    bulletin = told(notice, status)
    assert problems(bulletin, NOW) == ()
    assert notice_of(bulletin) is notice
    assert speaks_in_fixed_words(bulletin, first)
    assert ends_everything(bulletin) is (notice is Notice.WITHDRAWN)
    assert announces_correction(bulletin) is not ends_everything(bulletin)


@pytest.mark.parametrize("notice", Notice)
def test_nothing_else_is_one(notice: Notice) -> None:
    bulletin = told(notice)
    for other in (
        replace(bulletin, texts={**bulletin.texts, VIETNAMESE: Text("Chuyển tiền ngay", "")}),
        replace(bulletin, texts={}),
        replace(bulletin, texts={**bulletin.texts, Language("fr"): Text("Payez", "")}),
        replace(bulletin, issuer="Ngân hàng"),
        replace(bulletin, source_url="https://evil.example"),
        replace(bulletin, severity=Severity.EXTREME),
        replace(bulletin, references=()),
        replace(bulletin, references=("gọi 0900 000 000", *REFERENCES)),
        replace(bulletin, msg_type=MsgType.ALERT),
        replace(bulletin, not_before=NOW),
    ):
        assert not speaks_in_fixed_words(other, FLOOD), other
    assert not speaks_in_fixed_words(bulletin, replace(FLOOD, code=Code("LOA-0000-0")))


def test_a_wrong_time_is_called_being_corrected_and_not_corrected() -> None:
    bulletin = told(Notice.WRONG_TIME)
    copy = render_corrected_copy(FLOOD, bulletin, VIETNAMESE, imprint=IMPRINT).plain
    notice = render_correction_notice(FLOOD, bulletin, VIETNAMESE, imprint=IMPRINT).plain
    assert "ĐANG ĐÍNH CHÍNH" in copy
    assert "ĐÃ ĐÍNH CHÍNH" not in copy
    assert "Thông tin đúng hiện nay" not in notice
    assert "đang được đính chính" in notice


@pytest.mark.parametrize("notice", Notice)
def test_no_moment_of_expiry_is_shown(notice: Notice) -> None:
    """It is the one value that is not compared."""
    shown = render(told(notice), VIETNAMESE, imprint=IMPRINT).plain
    assert "Có hiệu lực đến" not in shown
