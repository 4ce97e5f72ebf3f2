"""A rule in words, Vietnamese and English, so that approvers see what they consent to."""

from __future__ import annotations

import pytest

from handlers.repetition_words import rule_words
from tests.handlers.house import TEXTS

RULES = {
    "0 7 * * *": ("mỗi ngày lúc 07:00", "every day at 07:00"),
    "30 6 * * 1-5": ("thứ hai đến thứ sáu lúc 06:30", "Monday to Friday at 06:30"),
    "30 7 * * 1": ("thứ hai hằng tuần lúc 07:30", "every week on Monday at 07:30"),
    "30 7 * * 0,4": ("thứ năm, chủ nhật hằng tuần lúc 07:30", "every week on Thursday, Sunday at 07:30"),
    "0 8 15 * *": ("ngày 15 hằng tháng lúc 08:00", "every month on day 15 at 08:00"),
    "0 8 1,15 * *": ("ngày 1, 15 hằng tháng lúc 08:00", "every month on day 1, 15 at 08:00"),
    "0 8 31 * *": (
        "ngày 31 hằng tháng lúc 08:00 (bỏ qua tháng không có ngày đó)",
        "every month on day 31 at 08:00 (not in months that have no such day)",
    ),
    "0 8,20 * * *": ("theo lịch cron 0 8,20 * * *", "by the rule 0 8,20 * * *"),
}


@pytest.mark.parametrize("line", RULES)
@pytest.mark.parametrize(("language", "column"), [("vi", 0), ("en", 1)])
def test_a_rule_is_said_in_words(line: str, language: str, column: int) -> None:
    with TEXTS.context(), TEXTS.use_locale(language):
        assert rule_words(line) == RULES[line][column]
