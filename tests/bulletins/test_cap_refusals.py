"""CAP files that are refused, each with its reason, and files that are made to do harm."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Status,
)
from bulletins.cap import CapProblem, CapRefusal, read_cap
from bulletins.cap_xml import REFUSALS
from tests.bulletins.bulletin_samples import NOW
from tests.bulletins.cap_samples import (
    CAP_12,
    HEAD,
    INFO,
    alert,
    drafted,
    info,
    refused,
)


@pytest.mark.parametrize("name", HEAD)
def test_each_required_element_must_be_there_filled_and_single(name: str) -> None:
    missing = refused(alert().replace(f"<{name}>{HEAD[name]}</{name}>", ""))
    assert (missing.reason, missing.detail) == (CapProblem.MISSING, name)
    empty = refused(alert(**{name: " \n "}))
    assert (empty.reason, empty.detail) == (CapProblem.EMPTY, name)
    twice = refused(alert().replace(f"<{name}>", f"<{name}>x</{name}><{name}>"))
    assert (twice.reason, twice.detail) == (CapProblem.REPEATED, name)


@pytest.mark.parametrize("name", ["category", "event", "urgency", "severity", "certainty"])
def test_each_info_must_say_what_and_how_bad(name: str) -> None:
    assert refused(alert(info(**{name: None}))).reason is CapProblem.MISSING
    assert refused(alert(INFO, info(**{name: ""}))).reason is CapProblem.EMPTY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (alert(status="Real"), CapProblem.BAD_VALUE),
        (alert(status="actual"), CapProblem.BAD_VALUE),
        (alert(msgType="Warning"), CapProblem.BAD_VALUE),
        (alert(scope="Everybody"), CapProblem.BAD_VALUE),
        (alert(info(severity="Bad")), CapProblem.BAD_VALUE),
        (alert(info(category="Weather")), CapProblem.BAD_VALUE),
        (alert(identifier="a b"), CapProblem.BAD_VALUE),
        (alert(sender="a,b"), CapProblem.BAD_VALUE),
        (alert(identifier="a" * 501), CapProblem.BAD_VALUE),
        (alert(scope="Private"), CapProblem.NOT_FOR_THE_PUBLIC),
        (alert(scope="Restricted"), CapProblem.NOT_FOR_THE_PUBLIC),
        (alert(status="System"), CapProblem.NOT_FOR_THE_PUBLIC),
        (alert(status="Draft"), CapProblem.NOT_FOR_THE_PUBLIC),
        (alert(msgType="Ack"), CapProblem.NOT_FOR_THE_PUBLIC),
        (alert(sent="2026-12-02T11:00:00"), CapProblem.BAD_TIME),
        (alert(sent="2026-12-02 11:00:00+07:00"), CapProblem.BAD_TIME),
        (alert(sent="2026-02-30T11:00:00+07:00"), CapProblem.BAD_TIME),
        (alert(sent="02/12/2026"), CapProblem.BAD_TIME),
        (alert(info(expires="mai")), CapProblem.BAD_TIME),
        *[
            (text, CapProblem.BAD_TIME)
            for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z")
            for text in (
                alert(sent=moment),
                alert(info(expires=moment)),
                alert(info(effective=moment)),
                alert(msgType="Update", references=f"a,b,{moment}"),
            )
        ],
        (alert(msgType="Update"), CapProblem.NO_REFERENCES),
        (alert(msgType="Cancel", references="  "), CapProblem.NO_REFERENCES),
        (alert(msgType="Update", references="VN-2026-0"), CapProblem.BAD_REFERENCES),
        (alert(msgType="Update", references="a,b,c,d"), CapProblem.BAD_REFERENCES),
        (alert(msgType="Update", references="a,b,yesterday"), CapProblem.BAD_TIME),
        (alert("<note>x</note>"), CapProblem.NOTHING_TO_SAY),
        (alert(*[INFO] * 65), CapProblem.TOO_MANY_INFOS),
        (alert(info().replace("<areaDesc>Xã Đường Lâm</areaDesc>", "")), CapProblem.MISSING),
        (alert(namespace="http://www.incident.com/cap/1.0"), CapProblem.OLD_VERSION),
        (alert(namespace="urn:example"), CapProblem.NOT_CAP),
        (alert().replace(f' xmlns="{CAP_12}"', ""), CapProblem.NOT_CAP),
        (f'<feed xmlns="{CAP_12}">{alert()}</feed>', CapProblem.NOT_CAP),
        (alert()[:-20], CapProblem.NOT_XML),
        (alert().replace("Mực nước", "Mực nước &nbsp;"), CapProblem.NOT_XML),
        ("", CapProblem.NOT_XML),
        ("Lũ đang lên, bà con chú ý!", CapProblem.NOT_XML),
        ('{"alert": true}', CapProblem.NOT_XML),
        (alert(prologue='<?xml version="1.0" encoding="no-such-code"?>'), CapProblem.NOT_XML),
        (b"\x89PNG\r\n\x1a\n\0\0", CapProblem.NOT_XML),
        (alert() + " " * 1_048_576, CapProblem.TOO_BIG),
        (b"<" * 10_000_000, CapProblem.TOO_BIG),
        ("<a>" * 10_000, CapProblem.NOT_XML),
    ],
)
def test_each_refusal_has_its_reason(text: str | bytes, reason: CapProblem) -> None:
    refusal = refused(text)
    assert refusal.reason is reason
    assert "\n" not in refusal.sentence(VIETNAMESE) + refusal.sentence(ENGLISH)


def test_every_refusal_is_one_sentence_in_both_languages() -> None:
    assert set(REFUSALS) == set(CapProblem)
    refusal = refused(alert(scope=None))
    assert refusal.sentence_vi == "Cảnh báo thiếu phần bắt buộc <scope>."
    assert refusal.sentence_en == "The alert lacks the required element <scope>."


BILLION_LAUGHS = "<!DOCTYPE alert [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {new} '{('&' + old + ';') * 10}'>" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@contextmanager
def taking_at_most(seconds: float) -> Iterator[None]:
    """Of this process's own time, so that a busy machine changes nothing."""
    started = process_time()
    yield
    assert process_time() - started < seconds


@pytest.mark.parametrize(
    "prologue",
    [
        BILLION_LAUGHS + "]>",
        "<!DOCTYPE alert>",
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!-- <alert > --><?x <alert> ?>\n<!DOCTYPE alert [<!ENTITY x 'y'>]>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_with_declarations_of_its_own_is_an_attack(prologue: str, encoding: str) -> None:
    text = alert(prologue=prologue)
    with taking_at_most(1.0):
        assert refused(text.encode(encoding)).reason is CapProblem.UNSAFE


def test_an_encoding_that_spells_it_otherwise_hides_no_declaration() -> None:
    prologue = '<?xml version="1.0" encoding="UTF-7"?>\n'
    entity = '+ADwAIQ-ENTITY x SYSTEM "file:///etc/passwd">'
    declared = f"{prologue}+ADwAIQ-DOCTYPE alert [{entity}]>".encode("ascii")
    text = alert(info(headline="lu")).encode("utf-7").replace(b"lu</headline", b"lu+ACY-x;</headline")
    assert b"<!" not in declared
    assert refused(declared + text).reason is CapProblem.UNSAFE


def test_billion_laughs_in_an_attribute_are_refused_before_anything_is_parsed() -> None:
    text = alert(prologue=BILLION_LAUGHS + "]>").replace("<identifier>", '<identifier x="&j;">')
    with taking_at_most(1.0):
        assert refused(text).reason is CapProblem.UNSAFE


def test_remarks_and_instructions_for_programs_are_not_part_of_a_value() -> None:
    text = alert(status="Act<!-- Exercise -->ual<?mark Test?>")
    assert drafted(text).status is Status.ACTUAL


def test_no_other_file_can_be_pulled_in(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("bí mật")
    include = (
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}" parse="text"/>'
    )
    prologue = f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="{secret.as_uri()}"?>'
    draft = drafted(alert(info(description=f"Nước {include} lên"), prologue=prologue))
    assert "bí mật" not in str(draft)
    assert draft.texts[VIETNAMESE].body.startswith("Nước lên")


@pytest.mark.parametrize(
    "piece", ["<script>", "<br", "&amp;", "<li>", "<p>", "\n ", "a\n", "\u0301", "&#160;"]
)
def test_a_file_made_to_be_slow_is_not(piece: str) -> None:
    data = f"<![CDATA[{piece * (900_000 // len(piece.encode()))}]]>"
    with taking_at_most(3.0):
        read_cap(alert(info(description=data, headline=data)).encode(), NOW)


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(read_cap(data, NOW), CapRefusal)


@given(st.data())
def test_a_damaged_file_never_raises(data: st.DataObject) -> None:
    good = alert().encode()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 20)))
    read_cap(good[:start] + data.draw(st.binary(max_size=10)) + good[end:], NOW)
