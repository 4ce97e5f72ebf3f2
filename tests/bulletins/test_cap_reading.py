"""CAP files written by hand: what becomes of their words, times, areas and languages."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Certainty,
    Language,
    MsgType,
    ProblemKind,
    Severity,
    Status,
    Text,
    problems,
)
from bulletins.code import make
from tests.bulletins.bulletin_samples import FLOOD, NASTY, NOW
from tests.bulletins.cap_samples import CAP_11, INFO, TOMORROW, alert, drafted, info, vietnamese


def test_an_alert_becomes_a_draft_with_its_origin() -> None:
    draft = drafted(alert())
    assert draft.texts == {
        VIETNAMESE: Text(
            "Lũ trên sông lên nhanh", "Mực nước 8,2 m.\n\n📍 Khu vực: Xã Đường Lâm", "Rời bãi ven sông."
        )
    }
    assert (draft.status, draft.severity, draft.certainty) == (
        Status.ACTUAL,
        Severity.SEVERE,
        Certainty.LIKELY,
    )
    assert draft.issuer == "Đài Khí tượng Thủy văn"
    assert draft.source_url == "https://kttv.example.vn/1"
    assert draft.area_names == ("Xã Đường Lâm",)
    assert draft.provenance.identifier == "VN-2026-1"
    assert draft.provenance.sent == datetime(2026, 12, 2, 4, tzinfo=UTC)
    assert not draft.truncated
    assert not draft.provenance.signed


def test_a_draft_becomes_a_bulletin_that_can_be_sent() -> None:
    draft = drafted(alert())
    bulletin = draft.as_bulletin(code=make(5), expires=NOW + timedelta(hours=3))
    assert problems(bulletin, NOW) == ()
    assert bulletin.provenance == draft.provenance


def test_the_alerts_own_expiry_serves_only_while_it_lies_ahead() -> None:
    assert drafted(alert(info(expires=TOMORROW))).expires == datetime(2026, 12, 2, 17, tzinfo=UTC)
    for expires in ("2026-12-02T12:00:00+07:00", "2027-12-02T12:00:00+07:00", "", None):
        draft = drafted(alert(info(expires=expires)))
        assert draft.expires_needed, expires
        with pytest.raises(ValueError, match="expires"):
            draft.as_bulletin(code=make(5))
    past = drafted(alert(info(expires="2026-12-01T00:00:00-00:00"))).provenance.expires
    assert past == datetime(2026, 12, 1, tzinfo=UTC)


def test_an_update_of_something_we_never_carried_starts_as_an_alert() -> None:
    update = alert(
        msgType="Update", references="a@b.vn,1,2026-12-01T00:00:00+07:00 a@b.vn,2,2026-12-01T01:00:00Z"
    )
    draft = drafted(update)
    expires = NOW + timedelta(hours=1)
    assert draft.provenance.msg_type is MsgType.UPDATE
    assert len(draft.provenance.references) == 2
    assert draft.as_bulletin(code=make(5), expires=expires).msg_type is MsgType.ALERT
    ours = draft.as_bulletin(code=make(5), expires=expires, references=(FLOOD.code,))
    assert ours.msg_type is MsgType.UPDATE


def test_a_cap_1_1_alert_may_be_very_likely() -> None:
    text = alert(info(certainty="Very Likely"), namespace=CAP_11)
    assert drafted(text).certainty is Certainty.LIKELY


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "windows-1258", "iso-8859-1", "windows-1252"],
)
def test_any_declared_encoding_is_read(encoding: str) -> None:
    declared = {"utf-8-sig": "utf-8", "utf-16-le-bom": "utf-16"}.get(encoding, encoding)
    # ISO 8859-1 has no ũ; windows-1258 writes tones as separate marks.
    headline = "Ðê Cô Tô: mưa" if declared == "windows-1258" else "Eau à côté, été"
    prologue = f'<?xml version="1.0" encoding="{declared}"?>\n'
    text = alert(
        info(headline=headline, event="a", senderName="b", description="c", instruction=None).replace(
            "Xã Đường Lâm", "d"
        ),
        prologue=prologue,
    )
    if encoding == "windows-1258":
        text = text.replace("Ðê", "Đê").replace("mưa", "mưa lu\u0303")
        headline = "Đê Cô Tô: mưa lũ"
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    assert drafted(data).texts[VIETNAMESE].headline == headline


def test_vietnamese_in_utf_16_arrives_whole() -> None:
    text = alert(prologue='<?xml version="1.0" encoding="UTF-16"?>')
    assert drafted(text.encode("utf-16")).texts[VIETNAMESE].headline == "Lũ trên sông lên nhanh"


def test_the_prefix_does_not_matter() -> None:
    text = alert().replace('<alert xmlns="', '<cap:alert xmlns:cap="').replace("</alert>", "</cap:alert>")
    inner = text.split(">", 1)[1].rsplit("</cap:alert>", 1)[0]
    prefixed = inner.replace("</", "\0").replace("<", "<cap:").replace("\0", "</cap:")
    assert drafted(text.replace(inner, prefixed)).texts == drafted(alert()).texts


@given(NASTY, NASTY, NASTY, NASTY)
def test_whatever_the_words_the_draft_holds_no_hidden_characters_and_fits(
    headline: str, description: str, instruction: str, area: str
) -> None:
    def written(text: str) -> str:
        legal = "".join(c for c in text if c in "\n\t" or " " <= c <= "\ud7ff" or c >= "\ue000")
        legal = legal.replace("\ufffe", "").replace("\uffff", "")
        return legal.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    text = alert(
        info(
            headline=written(headline),
            description=written(description * 30),
            instruction=written(instruction * 30),
        ).replace("Xã Đường Lâm", "a" + written(area * 9))
    )
    bulletin = drafted(text).as_bulletin(code=make(5), expires=NOW + timedelta(hours=1))
    found = {problem.kind for problem in problems(bulletin, NOW)}
    assert found <= {ProblemKind.LOOK_ALIKES}


def test_the_longest_draft_fits_with_everything_around_it() -> None:
    long = "Nước đang lên ở các xã ven sông. " * 900
    text = alert(
        info(headline=long, description=long, instruction=long, contact=long, senderName="Đ" * 900),
        status="Exercise",
        msgType="Update",
        references="a@b.vn,1,2026-12-01T00:00:00+07:00",
    )
    bulletin = drafted(text).as_bulletin(
        code=make(5, symbols=8),
        expires=NOW + timedelta(hours=1),
        source_url="https://example.vn/" + "a" * 480,
        references=tuple(make(number, symbols=8) for number in range(100, 110)),
    )
    assert problems(bulletin, NOW) == ()


def test_what_is_too_long_ends_after_a_sentence_and_says_so() -> None:
    draft = drafted(alert(info(description="Nước đang lên ở các xã ven sông. " * 200)))
    body = draft.texts[VIETNAMESE].body
    assert draft.truncated
    assert "ven sông. …\n" in body
    assert body.endswith("(Nội dung đã được rút gọn; bản đầy đủ ở nguồn.)")
    assert draft.texts[VIETNAMESE].instruction == "Rời bãi ven sông."


def test_all_languages_are_read_vietnamese_and_english_first() -> None:
    text = alert(
        info(language="fr-CA", headline="Crue"),
        info(language="ENG", headline="Flood"),
        info(headline="Lũ lên"),
    )
    draft = drafted(text)
    assert [(language, words.headline) for language, words in draft.texts.items()] == [
        (ENGLISH, "Flood"),
        (VIETNAMESE, "Lũ lên"),
        (Language("fr"), "Crue"),
    ]


@pytest.mark.parametrize("tag", [None, "", "en-US", "en", "tiếng Anh", "x" * 100])
def test_the_language_is_english_unless_it_says_otherwise(tag: str | None) -> None:
    assert list(drafted(alert(info(language=tag))).texts) == [ENGLISH]


def test_an_event_for_several_areas_is_one_text_with_all_areas() -> None:
    other = INFO.replace("Xã Đường Lâm", "Xã Sơn Vi")
    draft = drafted(alert(INFO, other, other))
    assert list(draft.texts) == [VIETNAMESE]
    assert "Khu vực: Xã Đường Lâm; Xã Sơn Vi" in draft.texts[VIETNAMESE].body
    assert draft.area_names == ("Xã Đường Lâm", "Xã Sơn Vi")
    assert not draft.truncated


def test_of_two_different_events_the_graver_is_told_and_the_rest_is_at_the_source() -> None:
    lesser = info(severity="Minor", event="Mưa", headline="Mưa nhỏ", description="Mưa.").replace(
        "Đường Lâm", "Sơn Vi"
    )
    draft = drafted(alert(lesser, INFO))
    body = draft.texts[VIETNAMESE].body
    assert draft.severity is Severity.SEVERE
    assert draft.texts[VIETNAMESE].headline == "Lũ trên sông lên nhanh"
    assert "Sơn Vi" not in body
    assert "bản đầy đủ ở nguồn" in body


def test_the_event_stands_in_for_a_missing_headline_and_the_sender_for_a_missing_name() -> None:
    draft = drafted(
        alert(info(headline=None, senderName="", description=None, instruction="None", web="a.vn"))
    )
    assert draft.texts[VIETNAMESE] == Text("Lũ", "📍 Khu vực: Xã Đường Lâm")
    assert draft.issuer == "cap@kttv.example.vn"
    assert not draft.source_url


def test_markup_in_a_description_becomes_lines() -> None:
    html = "&lt;p&gt;Mức: cao&lt;br /&gt;Gió &amp;lt; 5 m/s&lt;/p&gt;"
    html += "&lt;ul&gt;&lt;li&gt;Bến Gót&lt;/li&gt;&lt;/ul&gt;"
    body = vietnamese(
        alert(info(description=html + "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;Hết&lt;/b&gt;"))
    ).body
    assert body.startswith("Mức: cao\nGió < 5 m/s\n• Bến Gót")
    assert "alert" not in body
    assert "Hết" in body
    assert "<b>" not in body


def test_a_sentence_with_less_and_greater_signs_is_no_markup() -> None:
    body = vietnamese(alert(info(description="gió &lt;5 m/s, sóng &gt; 3 m, &lt;Bộ TN&amp;MT&gt;"))).body
    assert body.startswith("gió <5 m/s, sóng > 3 m, <Bộ TN&MT>")


def test_hard_wrapped_lines_flow_again_and_lists_stay_lists() -> None:
    wrapped = """
    Do ảnh hưởng của hoàn lưu bão, từ đêm nay khu vực vùng núi phía bắc
    có mưa to đến rất to. Tổng lượng mưa phổ biến từ 100 mm đến 200 mm.
    Người dân cần chú ý:
    * không đi qua ngầm tràn
    * rời nhà ở sườn dốc

    Bản tin tiếp theo lúc 17 giờ.
    Trạm Yên Bái
    Trạm Bảo Hà
    """
    body = vietnamese(alert(info(description=wrapped))).body
    assert body.split("\n\n📍")[0] == (
        "Do ảnh hưởng của hoàn lưu bão, từ đêm nay khu vực vùng núi phía bắc có mưa to đến rất to. "
        "Tổng lượng mưa phổ biến từ 100 mm đến 200 mm. Người dân cần chú ý:\n"
        "* không đi qua ngầm tràn\n"
        "* rời nhà ở sườn dốc\n"
        "\n"
        "Bản tin tiếp theo lúc 17 giờ.\n"
        "Trạm Yên Bái\n"
        "Trạm Bảo Hà"
    )


def test_a_signature_is_noticed_but_not_trusted() -> None:
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    assert drafted(alert(INFO, signature)).provenance.signed


@pytest.mark.parametrize(("status", "expected"), [("Exercise", Status.EXERCISE), ("Test", Status.TEST)])
def test_drills_and_tests_stay_what_they_are(status: str, expected: Status) -> None:
    assert drafted(alert(status=status)).as_bulletin(code=make(5), expires=NOW).status is expected
