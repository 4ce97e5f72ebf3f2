"""Genuine, altered, superseded, not ours: what a forwarded copy is told to be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

import pytest

from bulletins.bulletin import ENGLISH, VIETNAMESE, Code, Status, Text
from bulletins.code import make
from bulletins.rendering import (
    render,
    render_corrected_copy,
    render_correction_notice,
    render_resent,
)
from bulletins.wording import bare_words
from reports.checks.comparison import Comparer, Comparison, Published, Question
from reports.checks.facts import facts
from reports.checks.genuine import Examination, GenuineCheck
from reports.findings import ChangedFact, Likeness
from tests.bulletins.bulletin_samples import CORRECTION, FLOOD, IMPRINT, NOW, WITHDRAWAL

NOTICE = replace(
    FLOOD,
    code=make(9_001),
    texts={
        VIETNAMESE: Text(
            "Phun thuốc muỗi phường 5",
            "Từ 7h30 ngày 3/12, đội y tế phun thuốc tại 12 khu phố.\n"
            "Phí tự nguyện 50.000 đồng, chuyển vào STK 0123456789012.\n"
            "Hỏi đáp: 0912 345 678 hoặc 1900 9095. Xem https://soyte.example.vn/tin/1.",
            "Các hộ đóng kín cửa đến 11 giờ.",
        )
    },
    sent=NOW,
)
PUBLISHED = render(NOTICE, VIETNAMESE, imprint=IMPRINT).plain


@dataclass
class Shelf:
    """Published bulletins in a list."""

    held: list[Published] = field(default_factory=list)

    async def published(self, code: Code) -> Published | None:
        return next((one for one in self.held if one.bulletin.code == code), None)

    async def newest(self) -> Sequence[Published]:
        return self.held


class Inline:
    """Compares at once, here."""

    def __init__(self) -> None:
        self._comparer = Comparer(IMPRINT)

    async def compare(self, question: Question) -> Comparison:
        return self._comparer.compare(question)


def check_of(*published: Published) -> GenuineCheck:
    return GenuineCheck(Shelf(list(published)), Inline(), lambda: NOW)


async def examined(text: str, *published: Published, links: Sequence[str] = ()) -> Examination:
    found = await check_of(*(published or (Published(NOTICE),))).examine(text, links)
    assert isinstance(found, Examination)
    return found


async def likeness(text: str, *published: Published) -> Likeness | None:
    finding = (await examined(text, *published)).finding
    return finding and finding.likeness


@pytest.mark.parametrize("language", [VIETNAMESE, ENGLISH])
async def test_a_copy_word_for_word_is_genuine(language: str) -> None:
    flood = replace(FLOOD, sent=NOW)
    for drawn in (render, render_resent):
        copy = drawn(flood, language, imprint=IMPRINT).plain  # type: ignore[arg-type, operator]
        assert await likeness(copy, Published(flood)) is Likeness.GENUINE


async def test_what_a_chat_program_does_to_spacing_changes_nothing() -> None:
    assert await likeness("  " + PUBLISHED.replace("\n\n", "\n") + " \n") is Likeness.GENUINE


async def test_a_copy_typed_without_accents_is_genuine() -> None:
    plain = "".join(letter for letter in _without_accents(PUBLISHED))
    assert await likeness(plain) is Likeness.GENUINE


async def test_some_accents_changed_is_altered() -> None:
    assert await likeness(PUBLISHED.replace("đóng kín", "đóng kin")) is Likeness.ALTERED


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ("https://soyte.example.vn/tin/1", "https://soyte-vn.example.top/tin/1", ChangedFact.LINK),
        ("https://soyte.example.vn", "https://ѕoyte.example.vn", ChangedFact.LINK),
        ("@loa_phutho_bot", "@l0a_phutho_bot", ChangedFact.LINK),
        ("0912 345 678", "0912 345 679", ChangedFact.PHONE),
        ("1900 9095", "1900 9096", ChangedFact.PHONE),
        ("0123456789012", "0123456789013", ChangedFact.ACCOUNT),
        ("7h30", "9h30", ChangedFact.DATE),
        ("ngày 3/12", "ngày 4/12", ChangedFact.DATE),
        ("11 giờ", "15 giờ", ChangedFact.DATE),
        ("50.000 đồng", "500.000 đồng", ChangedFact.AMOUNT),
        ("12 khu phố", "2 khu phố", ChangedFact.AMOUNT),
        ("đóng kín cửa", "mở cửa", ChangedFact.WORDS),
    ],
)
async def test_one_changed_fact_is_named_first(old: str, new: str, fact: ChangedFact) -> None:
    copy = PUBLISHED.replace(old, new, 1)
    assert copy != PUBLISHED
    finding = (await examined(copy)).finding
    assert finding is not None
    assert finding.likeness is Likeness.ALTERED
    assert finding.changes[0].fact is fact
    assert finding.changes[0].published in old or old in finding.changes[0].published


async def test_a_link_put_behind_the_same_words_is_named() -> None:
    finding = (await examined(PUBLISHED, links=("https://lua-dao.example.top/",))).finding
    assert finding is not None
    assert finding.likeness is Likeness.ALTERED
    assert finding.changes[0].forwarded == "https://lua-dao.example.top/"


async def test_a_changed_code_does_not_hide_a_copy() -> None:
    copy = PUBLISHED.replace(NOTICE.code, make(77))
    finding = (await examined(copy)).finding
    assert finding is not None
    assert (finding.likeness, finding.code) == (Likeness.ALTERED, NOTICE.code)


async def test_without_code_and_footer_a_changed_number_is_still_named() -> None:
    body = NOTICE.texts[VIETNAMESE].body.replace("0912 345 678", "0999 999 999")
    finding = (await examined(f"{NOTICE.texts[VIETNAMESE].headline}\n{body}")).finding
    assert finding is not None
    assert finding.changes[0].fact is ChangedFact.PHONE


async def test_of_two_weekly_notices_the_right_one_is_compared() -> None:
    words = NOTICE.texts[VIETNAMESE]
    later = replace(
        NOTICE, code=make(9_002), texts={VIETNAMESE: replace(words, body=words.body.replace("3/12", "10/12"))}
    )
    found = await examined(f"{words.headline}\n{words.body}", Published(later), Published(NOTICE))
    assert found.is_part
    assert found.published == Published(NOTICE)


async def test_words_put_around_it_are_an_alteration() -> None:
    finding = (
        await examined(f"GỬI GẤP CHO 10 NGƯỜI!\n{PUBLISHED}\nĐăng ký tại qua-tang.example.top")
    ).finding
    assert finding is not None
    assert finding.changes[0].fact is ChangedFact.LINK
    assert "qua-tang.example.top" in finding.changes[0].forwarded


async def test_a_part_is_called_a_part_and_not_genuine() -> None:
    found = await examined(PUBLISHED[: len(PUBLISHED) // 2])
    assert found.is_part
    assert found.finding is not None
    assert found.finding.likeness is Likeness.ALTERED


async def test_our_code_under_foreign_words_is_altered() -> None:
    scam = "Nhà nước hỗ trợ 5 triệu đồng mỗi hộ, chuyển phí vào 0971234567 để nhận ngay hôm nay."
    finding = (await examined(f"{scam} Mã {NOTICE.code}")).finding
    assert finding is not None
    assert finding.likeness is Likeness.ALTERED
    assert finding.changes[0].forwarded == "0971234567"


async def test_a_code_never_published_is_not_ours() -> None:
    finding = (
        await examined(f"Thông báo khẩn, mã {make(4)}: mai cúp nước toàn thành phố, hãy trữ nước.")
    ).finding
    assert finding is not None
    assert finding.likeness is Likeness.NOT_OURS


@pytest.mark.parametrize(
    "asked", ["{code}", "/verify {code}", "{code} có thật không ạ?", "@loa_phutho_bot {code}"]
)
async def test_a_bare_code_finds_the_record_and_judges_nothing(asked: str) -> None:
    found = await examined(asked.format(code=NOTICE.code.lower()))
    assert found.finding is None
    assert found.published == Published(NOTICE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Chào bạn",
        "Họp tổ dân phố tối nay lúc 19 giờ tại nhà văn hoá, mời bà con tới dự đông đủ và đúng giờ.",
        "Khuyến mãi 50% tại siêu thị, mua 1 tặng 1, xem https://sieuthi.example.vn hôm nay nhé mọi người ơi",
    ],
)
async def test_other_texts_have_nothing_to_do_with_us(text: str) -> None:
    found = await examined(text)
    assert (found.finding, found.published) == (None, None)


async def test_a_corrected_bulletin_is_superseded_and_leads_to_the_newer() -> None:
    flood = replace(FLOOD, sent=NOW)
    copy = render(flood, VIETNAMESE, imprint=IMPRINT).plain
    finding = (await examined(copy, Published(flood, newer=CORRECTION))).finding
    assert finding is not None
    assert (finding.likeness, finding.newer_code) == (Likeness.SUPERSEDED, CORRECTION.code)
    assert finding.newer_headline == "Mực nước đúng là 7,2 m"


async def test_a_withdrawn_bulletin_is_cancelled() -> None:
    flood = replace(FLOOD, sent=NOW)
    copy = render(flood, VIETNAMESE, imprint=IMPRINT).plain
    assert await likeness(copy, Published(flood, newer=WITHDRAWAL)) is Likeness.CANCELLED


@pytest.mark.parametrize("drawn", [render_corrected_copy, render_correction_notice])
async def test_the_corrected_copy_and_its_notice_are_genuine(drawn) -> None:
    copy = drawn(FLOOD, CORRECTION, VIETNAMESE, imprint=IMPRINT).plain
    records = (Published(FLOOD, newer=CORRECTION), Published(CORRECTION, original=FLOOD))
    assert await likeness(copy, *records) is Likeness.GENUINE


async def test_a_bulletin_whose_time_is_over_is_expired() -> None:
    old = replace(NOTICE, expires=NOW - timedelta(hours=1))
    assert await likeness(render(old, VIETNAMESE, imprint=IMPRINT).plain, Published(old)) is Likeness.EXPIRED


async def test_a_genuine_drill_is_known_as_a_drill() -> None:
    drill = replace(NOTICE, status=Status.EXERCISE)
    finding = (await examined(render(drill, VIETNAMESE, imprint=IMPRINT).plain, Published(drill))).finding
    assert finding is not None
    assert finding.is_drill
    assert finding.likeness is Likeness.GENUINE


async def test_a_drill_without_its_banner_is_altered() -> None:
    drill = replace(NOTICE, status=Status.EXERCISE)
    middle = render(drill, VIETNAMESE, imprint=IMPRINT).plain.split("\n\n")[1:-1]
    assert await likeness("\n\n".join(middle), Published(drill)) is Likeness.ALTERED


async def test_a_huge_text_is_answered() -> None:
    assert await examined("Tin nóng! " * 100_000) == Examination(None)


def _numbers_changed(text: str, draw: Random) -> Iterator[tuple[ChangedFact, str]]:
    """Copies with one digit changed, each with the fact it stands in."""
    for fact in facts(text):
        digits = [place for place in range(fact.starts, fact.ends) if text[place].isdigit()]
        if digits and fact.kind is not ChangedFact.LINK:
            place = draw.choice(digits)
            digit = draw.choice([other for other in "0123456789" if other != text[place]])
            yield fact.kind, text[:place] + digit + text[place + 1 :]


async def test_at_least_99_of_100_single_changes_are_named_by_their_kind() -> None:
    draw, named, total = Random(11), 0, 0
    for _ in range(40):
        for kind, copy in _numbers_changed(PUBLISHED, draw):
            finding = (await examined(copy)).finding
            total += 1
            named += bool(finding and any(change.fact is kind for change in finding.changes[:1]))
    assert total > 300
    assert named / total >= 0.99


def _without_accents(text: str) -> str:
    import unicodedata

    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def test_bare_words_of_both_spellings_agree() -> None:
    assert bare_words(PUBLISHED) == bare_words(_without_accents(PUBLISHED))
