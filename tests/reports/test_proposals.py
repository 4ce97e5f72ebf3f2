"""Which verdicts take a second person: a table of rules, without a database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.cases import CaseId, Need, Reason, VerdictKind
from reports.proposals import SecondRules, leads_beyond, needs_second, words_sha256

RULES = SecondRules(frozenset({Reason.HARMFUL_RUMOUR, Reason.FAKE_NOTICE}), ("gov.vn", "who.int"))
PUBLISHED = "LOA-0000-0"
MILD, SEVERE = (Reason.SCAM, Reason.OTHER_FACTUAL), (Reason.OTHER_FACTUAL, Reason.HARMFUL_RUMOUR)


@pytest.mark.parametrize("reasons", [MILD, SEVERE])
@pytest.mark.parametrize("kind", VerdictKind)
def test_scam_and_false_on_a_severe_topic_take_two(kind: VerdictKind, reasons: tuple[Reason, ...]) -> None:
    expected = {
        (VerdictKind.SCAM, MILD): (Need.SCAM,),
        (VerdictKind.SCAM, SEVERE): (Need.SCAM,),
        (VerdictKind.FALSE, SEVERE): (Need.SEVERE,),
    }.get((kind, reasons), ())

    assert needs_second(kind, reasons, (), RULES) == expected


@pytest.mark.parametrize("kind", VerdictKind)
def test_every_verdict_that_leads_beyond_takes_two(kind: VerdictKind) -> None:
    assert Need.LINKS in needs_second(kind, MILD, ("https://evil.top",), RULES)


@pytest.mark.parametrize("reason", Reason)
def test_one_severe_reason_among_many_is_enough(reason: Reason) -> None:
    needs = needs_second(VerdictKind.FALSE, [*MILD, reason], (), RULES)

    assert (Need.SEVERE in needs) is (reason in RULES.severe_reasons)


@pytest.mark.parametrize(
    "explanation",
    [
        "Không đúng đâu bà con, Bộ Y tế đã trả lời.",
        "Xem https://moh.gov.vn/tin-tuc/123.html nhé.",
        "Xem MOH.GOV.VN/tin, hoặc gov.vn.",
        "Xem https://www.who.int/news?id=5#top (tiếng Anh).",
        "Sở Y tế TP.HCM, ThS Nguyễn Văn A và PGS.TS Trần B trả lời ngày 20.11.2026, v.v. Giá 1.500.000 đồng.",
        f"Bản tin {PUBLISHED} đã nói rõ.",
        "Gọi 113 hoặc 0912.345.678",
    ],
)
def test_plain_words_and_protected_places_lead_nowhere_else(explanation: str) -> None:
    assert leads_beyond(explanation, (PUBLISHED, "https://moh.gov.vn/a"), {PUBLISHED}, RULES) == ()


@pytest.mark.parametrize(
    "written",
    [
        "https://evil.top/a",
        "http://evil.top",
        "evil.top",
        "hxxps://evil[.]top",
        "evil . top",
        "evil。top",
        "evil.zip",
        "evil.photography/x",
        "xem.Ngay.casino",
        "1.2.3.4",
        "1.2.3.4/a",
        "http://0x7f.1/",
        "tg://resolve?domain=evil",
        "https://t.me/evil",
        "@evil_bot",
        "lan@evil.top",
        "evilgov.vn",
        "gov.vn.evil.top",
        "https://gov.vn@evil.top/",
        "https://gov.vn:8443/",
        "https:\\\\gov.vn\\@evil.top/",
        "https://gоv.vn/",
        "https://gov.vn⁄evil.top/",
        "https://evil.top⁄x.gov.vn/",
        "https://xn--gv-tmc.vn/",
        "https://moh.gov.vn/go?to=https://evil.top",
        "https://moh.gov.vn/go?to=evil.top",
        "https://moh.gov.vn/go?to=https%3A%2F%2Fevil.top",
        "https://moh.gov.vn//evil.top",
        "пример.рф",
        "例子.中国",
        "evil.xn--p1ai",
    ],
)
def test_whatever_else_can_be_opened_leads_beyond(written: str) -> None:
    beyond = leads_beyond(f"Xem tại {written} nhé", (), {PUBLISHED}, RULES)

    assert beyond != ()


def test_a_source_counts_as_what_stands_in_the_words() -> None:
    assert leads_beyond("Chỉ là tin đồn.", ("https://evil.top/a",), (), RULES) == ("https://evil.top/a",)


def test_the_code_of_a_bulletin_that_was_never_published_leads_beyond() -> None:
    assert leads_beyond("Chỉ là tin đồn.", (PUBLISHED,), (), RULES) == (PUBLISHED,)


def test_an_address_behind_many_protected_ones_is_seen() -> None:
    many = " ".join(f"https://so{number}.gov.vn" for number in range(40))

    assert leads_beyond(f"{many} https://evil.top", (), (), RULES) == ("https://evil.top",)


def test_without_protected_domains_every_link_leads_beyond() -> None:
    none = SecondRules(frozenset(), ())

    assert leads_beyond("Xem https://moh.gov.vn", (), (), none) == ("https://moh.gov.vn",)


@given(st.text(max_size=300), st.sampled_from(["https://evil.top/a", "evil.top", "@evil_bot", "tg://evil"]))
def test_no_words_around_it_hide_an_address(words: str, address: str) -> None:
    assert leads_beyond(f"{words} {address} ", (), (), RULES) != ()


@pytest.mark.parametrize(
    "other",
    [
        (CaseId(2), VerdictKind.FALSE, "Sai.", ("a",)),
        (CaseId(1), VerdictKind.TRUE, "Sai.", ("a",)),
        (CaseId(1), VerdictKind.FALSE, "Sai!", ("a",)),
        (CaseId(1), VerdictKind.FALSE, "Sai.", ("b",)),
        (CaseId(1), VerdictKind.FALSE, "Sai.", ("a", "b")),
        (CaseId(1), VerdictKind.FALSE, "Sai.", ()),
    ],
)
def test_any_other_words_have_another_name(
    other: tuple[CaseId, VerdictKind, str, tuple[str, ...]],
) -> None:
    assert words_sha256(*other) != words_sha256(CaseId(1), VerdictKind.FALSE, "Sai.", ("a",))
