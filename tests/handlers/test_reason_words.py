"""Why something did not arrive is said in people's words, whatever the ledger calls it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broadcasts.breaker import NOT_AS_APPROVED
from broadcasts.corrections import CANNOT_EDIT, LEFT_BEHIND, LEFT_UNSURE, MOVED_AWAY, NOT_EDITED
from broadcasts.delivery import PINNING
from handlers.reason_words import reason_words
from platforms import telegram_outcomes
from tests.handlers.house import TEXTS


def in_vietnamese(reason: str) -> str:
    with TEXTS.context(), TEXTS.use_locale("vi"):
        return reason_words(reason)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("gone:kicked", "Loa không còn ở đó · đã bị xoá khỏi nhóm"),
        (f"no_rights:{PINNING}", "Loa thiếu quyền · ghim tin"),
        ("rejected:bad_markup", "bị nền tảng từ chối · không đọc được định dạng của tin"),
        ("gave_up:moved", "đã thử hết số lần cho phép · nhóm đã chuyển sang nơi khác"),
        ("unsure:no_answer_in_time", "không nhận được trả lời · chờ quá lâu"),
        (f"{NOT_EDITED}:copy_unknown", "không rõ tin nào là bản đã đăng"),
        (f"{NOT_EDITED}:{MOVED_AWAY}", "bản đó còn ở nhóm cũ"),
        (f"{NOT_EDITED}:{LEFT_UNSURE}", "điều phối viên đã quyết định · để nguyên"),
        (LEFT_BEHIND, "bản đó còn ở nhóm cũ"),
        (CANNOT_EDIT, "nền tảng không cho sửa tin đã gửi"),
        (NOT_AS_APPROVED, "nội dung không còn đúng từng chữ như bản đã duyệt"),
        ("", ""),
    ],
)
def test_a_reason_is_said_in_words(reason: str, words: str) -> None:
    assert in_vietnamese(reason) == words


def test_what_a_platform_said_in_its_own_words_stands_as_it_came() -> None:
    assert in_vietnamese("rejected:unknown_400:bad request: odd") == (
        "bị nền tảng từ chối · unknown_400:bad request: odd"
    )
    assert len(in_vietnamese("rejected:unknown_400:" + "x" * 90)) < 90


def test_every_name_in_the_catalogue_of_outcomes_has_words() -> None:
    source = Path(telegram_outcomes.__file__).read_text(encoding="utf-8")
    names = set(re.findall(r'^    "[^"]+": "(\w+)",$', source, re.MULTILINE)) | {
        PINNING,
        telegram_outcomes.STALE_HANDLE,
    }
    assert len(names) > 20
    assert [name for name in sorted(names) if in_vietnamese(name) == name] == []


def test_each_hears_it_in_their_own_language() -> None:
    in_vietnamese("gone:kicked")
    with TEXTS.context(), TEXTS.use_locale("en"):
        assert reason_words("gone:kicked") == "the bot is no longer there · it was removed"
