"""What people see: text stays data, drills cannot be mistaken, corrections fit the copies they replace."""

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Bulletin,
    Category,
    Language,
    Media,
    Severity,
    Status,
    Text,
    Urgency,
    problems,
)
from bulletins.code import find_codes, make
from bulletins.labels import LABELS
from bulletins.rendering import (
    Rendered,
    fitted,
    folded,
    most_units,
    render,
    render_corrected_copy,
    render_correction_notice,
    render_resent,
    same_words,
)
from bulletins.wording import tidied, utf16_length
from tests.bulletins.bulletin_samples import CORRECTION, FLOOD, IMPRINT, NASTY, NOW, WITHDRAWAL

PICTURE = Media(sha256="ab" * 32, file_name="lu.jpg", caption="Bản đồ vùng ngập")
SPANISH = Language("es")


class Screen(HTMLParser):
    """Reads HTML as a phone does: what is visible, and which elements there were."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.visible = ""
        self.open: list[str] = []
        self.elements: list[str] = []
        self.other = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.open.append(tag)
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.visible += data

    def handle_comment(self, data: str) -> None:
        self.other += 1

    def handle_decl(self, decl: str) -> None:
        self.other += 1

    def handle_pi(self, data: str) -> None:
        self.other += 1


def show(bulletin: Bulletin, language: Language = VIETNAMESE) -> Rendered:
    return render(bulletin, language, imprint=IMPRINT)


def all_renderings(bulletin: Bulletin) -> list[Rendered]:
    return [
        show(bulletin),
        render_resent(bulletin, ENGLISH, imprint=IMPRINT),
        render_corrected_copy(bulletin, CORRECTION, VIETNAMESE, imprint=IMPRINT),
        render_corrected_copy(
            FLOOD, replace(bulletin, msg_type=CORRECTION.msg_type), ENGLISH, imprint=IMPRINT
        ),
        render_correction_notice(FLOOD, bulletin, VIETNAMESE, imprint=IMPRINT),
    ]


def test_a_warning_reads_as_an_office_would_write_it() -> None:
    assert show(FLOOD).plain == (
        "🔴 KHẨN CẤP · Thời tiết\n"
        "\n"
        "Lũ trên sông lên nhanh, trên báo động 3\n"
        "\n"
        "Mực nước lúc 5 giờ là 8,2 m.\n"
        "Dự báo lên 8,6 m trước 12 giờ trưa nay.\n"
        "\n"
        "👉 Cần làm: Người dân ở bãi ven sông rời đi trước 8 giờ.\n"
        "\n"
        "🏛 Cơ quan phát hành: Ban Chỉ huy Phòng thủ dân sự tỉnh\n"
        "🔗 Nguồn: https://phongchongthientai.example.vn/tin/123\n"
        "⏳ Có hiệu lực đến 07:00 ngày 03/12/2026\n"
        "🔎 Kiểm tra: gửi mã LOA-3RJ0-R cho @loa_phutho_bot"
    )


def test_the_headline_is_bold_and_the_code_can_be_copied_with_a_tap() -> None:
    html = show(FLOOD).html
    assert "<b>Lũ trên sông lên nhanh, trên báo động 3</b>" in html
    assert "<code>LOA-3RJ0-R</code>" in html


def test_english_readers_get_english_words_and_the_zone_of_the_time() -> None:
    plain = show(FLOOD, ENGLISH).plain
    assert plain.startswith("🔴 EMERGENCY · Weather\n\nThe river is rising fast")
    assert "Valid until 07:00 on 3/12/2026 (GMT+7)" in plain


def test_a_channel_whose_language_has_no_text_gets_the_first_there_is() -> None:
    assert "Lũ trên sông" in show(FLOOD, SPANISH).plain
    only_english = replace(FLOOD, texts={ENGLISH: FLOOD.texts[ENGLISH]})
    plain = show(only_english, VIETNAMESE).plain
    assert "The river" in plain
    assert "KHẨN CẤP" in plain
    others = {Language("zh"): Text("zh", ""), SPANISH: Text("es", "")}
    assert "\n\nes\n\n" in show(replace(FLOOD, texts=others)).plain


def test_optional_parts_leave_no_empty_lines() -> None:
    bare = replace(FLOOD, texts={VIETNAMESE: Text("Lũ", "")}, source_url="", issuer="")
    assert show(bare).plain == (
        "🔴 KHẨN CẤP · Thời tiết\n\nLũ\n\n⏳ Có hiệu lực đến 07:00 ngày 03/12/2026\n"
        "🔎 Kiểm tra: gửi mã LOA-3RJ0-R cho @loa_phutho_bot"
    )


def test_a_picture_is_described_and_its_caption_is_shorter() -> None:
    pictured = replace(FLOOD, media=PICTURE)
    assert "🖼 Trong ảnh: Bản đồ vùng ngập" in show(pictured).plain
    assert (most_units(FLOOD), most_units(pictured)) == (4_096, 1_024)


@pytest.mark.parametrize("language", [VIETNAMESE, ENGLISH])
@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("category", Category)
def test_every_kind_has_its_words(language: Language, severity: Severity, category: Category) -> None:
    bulletin = replace(FLOOD, severity=severity, category=category, urgency=Urgency.FUTURE)
    first_line = show(bulletin, language).plain.split("\n")[0]
    assert first_line.endswith(
        f"{LABELS[language].severities[severity]} · {LABELS[language].categories[category]}"
    )


@pytest.mark.parametrize("language", [VIETNAMESE, ENGLISH])
@pytest.mark.parametrize(
    ("status", "words"), [(Status.EXERCISE, "THIS IS A DRILL"), (Status.TEST, "THIS IS A TEST")]
)
def test_a_drill_says_so_at_head_and_foot_in_both_languages(
    language: Language, status: Status, words: str
) -> None:
    drill = replace(FLOOD, status=status)
    for rendered in (
        render(drill, language, imprint=IMPRINT),
        render_resent(drill, language, imprint=IMPRINT),
        render_corrected_copy(drill, replace(CORRECTION, status=status), language, imprint=IMPRINT),
        render_correction_notice(drill, replace(WITHDRAWAL, status=status), language, imprint=IMPRINT),
    ):
        lines = rendered.plain.split("\n")
        assert words in lines[1]
        assert words in lines[-1]
        assert "KHÔNG CÓ THẬT" in lines[0]
        assert "KHÔNG CÓ THẬT" in lines[-2]
        assert "🔴" not in rendered.plain


def test_a_real_warning_carries_no_word_of_drills() -> None:
    for language in (VIETNAMESE, ENGLISH):
        plain = show(FLOOD, language).plain
        assert not any(word in plain for word in ("DRILL", "DIỄN TẬP", "TEST", "🟦", "⬜"))


@given(NASTY, NASTY, NASTY, NASTY)
def test_visible_text_round_trips_and_nothing_can_be_injected(
    headline: str, body: str, instruction: str, issuer: str
) -> None:
    nasty = replace(
        FLOOD,
        texts={VIETNAMESE: Text(headline, body, instruction)},
        issuer=issuer,
        source_url=issuer,
        media=replace(PICTURE, caption=headline),
    )
    for rendered in all_renderings(nasty):
        screen = Screen(rendered.html)
        assert screen.visible == rendered.plain
        assert screen.open == []
        assert set(screen.elements) <= {"b", "s", "code"}
        assert screen.other == 0
        assert rendered.utf16_length == len(rendered.plain.encode("utf-16-le")) // 2


@given(NASTY, NASTY)
def test_words_change_neither_the_number_of_elements_nor_what_stands_around_them(
    headline: str, body: str
) -> None:
    texts = {VIETNAMESE: Text(f"A{headline}A", f"B{body}B")}
    plain_texts = {VIETNAMESE: Text("A", "B")}
    with_words = Screen(show(replace(FLOOD, texts=texts)).html)
    without = Screen(show(replace(FLOOD, texts=plain_texts)).html)
    assert with_words.elements == without.elements
    assert with_words.visible.splitlines()[0] == without.visible.splitlines()[0]


@given(st.integers(0, 5_000), st.integers(0, 2_000), st.booleans(), st.sampled_from(Status))
def test_a_bulletin_without_problems_fits_however_it_is_sent(
    body: int, instruction: int, pictured: bool, status: Status
) -> None:
    bulletin = replace(
        FLOOD,
        status=status,
        media=PICTURE if pictured else None,
        texts={VIETNAMESE: Text("Lũ", "n" * body, "😀" * instruction)},
    )
    if not problems(bulletin, NOW):
        assert show(bulletin).utf16_length <= most_units(bulletin)
        resent = render_resent(bulletin, VIETNAMESE, imprint=IMPRINT)
        assert resent.utf16_length <= most_units(bulletin)


def test_a_second_sending_says_that_it_is_one() -> None:
    resent = render_resent(FLOOD, VIETNAMESE, imprint=IMPRINT).plain
    assert resent == "🔁 Gửi lại: có thể bạn đã nhận được bản tin này.\n\n" + show(FLOOD).plain


def test_a_corrected_copy_says_first_that_it_is_corrected_and_strikes_the_old_words() -> None:
    copy = render_corrected_copy(FLOOD, CORRECTION, VIETNAMESE, imprint=IMPRINT)
    assert copy.plain.startswith("✏️ ĐÃ ĐÍNH CHÍNH · LOA-3RJ0-R\n")
    assert copy.plain.index("Mực nước đúng là 7,2 m") < copy.plain.index("không còn đúng")
    assert "<s>Lũ trên sông lên nhanh, trên báo động 3</s>" in copy.html
    assert find_codes(copy.plain) == [FLOOD.code, CORRECTION.code]


def test_a_withdrawn_copy_asks_not_to_share_it_and_has_no_validity() -> None:
    copy = render_corrected_copy(FLOOD, WITHDRAWAL, VIETNAMESE, imprint=IMPRINT)
    assert copy.plain.startswith(
        "⛔ ĐÃ THU HỒI\nBản tin LOA-3RJ0-R không còn giá trị. Xin đừng chia sẻ tiếp.\n\nBản tin gửi nhầm"
    )
    assert "hiệu lực" not in copy.plain


def test_the_reply_under_a_copy_is_short_and_leads_to_the_correction() -> None:
    notice = render_correction_notice(FLOOD, CORRECTION, VIETNAMESE, imprint=IMPRINT)
    assert notice.plain == (
        "✏️ Bản tin LOA-3RJ0-R đã được đính chính. Thông tin đúng hiện nay:\n"
        "Mực nước đúng là 7,2 m\n"
        "\n"
        f"🔎 Kiểm tra: gửi mã {CORRECTION.code} cho @loa_phutho_bot"
    )
    withdrawn = render_correction_notice(FLOOD, WITHDRAWAL, ENGLISH, imprint=IMPRINT)
    assert withdrawn.plain.startswith("⛔ Bulletin LOA-3RJ0-R has been withdrawn. Please do not share it")


def test_a_correction_posted_alone_names_what_it_corrects() -> None:
    assert show(CORRECTION).plain.startswith("✏️ ĐÍNH CHÍNH bản tin LOA-3RJ0-R\n🟡 CẦN CHÚ Ý · Thời tiết\n")
    assert show(WITHDRAWAL).plain.startswith("⛔ THU HỒI bản tin LOA-3RJ0-R\nThời tiết\n")


@given(
    old=st.integers(0, 4_000),
    body=st.integers(0, 3_500),
    headline=st.integers(1, 1_500),
    pictured=st.booleans(),
    status=st.sampled_from(Status),
)
def test_every_correction_fits_every_copy(
    old: int, body: int, headline: int, pictured: bool, status: Status
) -> None:
    original = replace(
        FLOOD,
        status=status,
        media=PICTURE if pictured else None,
        texts={VIETNAMESE: Text("Lũ", "😀" * (old // 2))},
    )
    correction = replace(
        CORRECTION,
        status=status,
        issuer="Ủ" * 200,
        source_url="https://example.vn/" + "a" * 480,
        texts={VIETNAMESE: Text("h" * headline, "đúng. " * (body // 6), "làm. " * 40)},
        references=tuple(make(number) for number in range(10)),
    )
    copy = render_corrected_copy(original, correction, VIETNAMESE, imprint=IMPRINT)
    assert copy.utf16_length <= most_units(original)
    assert "ĐÃ ĐÍNH CHÍNH" in copy.plain
    assert correction.code in copy.plain
    notice = render_correction_notice(original, correction, VIETNAMESE, imprint=IMPRINT)
    assert notice.utf16_length <= most_units(original)


def test_a_long_correction_in_a_caption_is_cut_after_a_sentence() -> None:
    original = replace(FLOOD, media=PICTURE)
    correction = replace(CORRECTION, texts={VIETNAMESE: Text("Mực nước đúng", "Nước đang rút dần. " * 100)})
    copy = render_corrected_copy(original, correction, VIETNAMESE, imprint=IMPRINT)
    assert "Nước đang rút dần. …\n" in copy.plain


@given(NASTY, NASTY, NASTY, st.integers(3, 300))
def test_fitted_text_fits(headline: str, body: str, instruction: str, units: int) -> None:
    short = fitted(Text(headline, body, instruction), units)
    assert sum(map(utf16_length, (short.headline, short.body, short.instruction))) <= units


def test_a_forwarded_copy_has_the_same_words_whatever_happened_to_its_spacing() -> None:
    plain = show(FLOOD).plain
    assert same_words(plain, "  " + plain.replace("\n\n", "\r\n") + "\n")
    assert same_words(plain, plain.replace("ũ", "u\u0303"))
    assert not same_words(plain, plain.replace("8,2", "8,3"))
    assert not same_words(plain, plain.replace("@loa_phutho_bot", "@Ioa_phutho_bot"))
    assert not same_words(plain, plain.lower())


def test_folding_forgives_case_and_compatible_forms_but_no_letters() -> None:
    assert folded(" LŨ\nLÊN Ｎhanh ") == folded("lũ lên nhanh")
    assert folded("lũ") != folded("lu")


@given(NASTY)
def test_the_normal_form_is_normal(text: str) -> None:
    assert tidied(tidied(text)) == tidied(text)
    assert folded(folded(text)) == folded(text)
    assert same_words(text, tidied(text))


def test_times_are_told_by_the_clock_that_is_passed_in() -> None:
    late = replace(FLOOD, expires=FLOOD.expires + timedelta(hours=16, minutes=59))
    assert "đến 23:59 ngày 03/12/2026" in show(late).plain
