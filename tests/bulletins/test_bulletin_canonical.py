"""The exact bytes: any change that people could see, or that decides who gets it, changes the hash."""

import hashlib
import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Audience,
    Bulletin,
    Category,
    Certainty,
    Media,
    MsgType,
    Provenance,
    Severity,
    Status,
    Text,
    Urgency,
)
from bulletins.canonical import approval_hash, canonical_bytes, canonical_json, content_hash
from bulletins.code import make
from bulletins.wording import one_line, tidied
from tests.bulletins.bulletin_samples import FLOOD, NASTY, NOW

PICTURE = Media(sha256="ab" * 32, file_name="lu.jpg")
ORIGIN = Provenance(
    identifier="VN-1", sender="cap@kttv.example.vn", sent=NOW, msg_type=MsgType.ALERT, sha256="cd"
)

# A bulletin in which nothing is empty, so that every field can be changed and removed.
FULL = replace(
    FLOOD,
    media=PICTURE,
    references=(make(1), make(2)),
    audience=Audience(topics=("health",), areas=("viet-tri",), kinds=("group",)),
    not_before=NOW + timedelta(hours=1),
    provenance=ORIGIN,
)

CONTENT_CHANGES: dict[str, Callable[[Bulletin], Bulletin]] = {
    "code": lambda b: replace(b, code=make(9)),
    "version": lambda b: replace(b, version=2),
    "status": lambda b: replace(b, status=Status.EXERCISE),
    "msg_type": lambda b: replace(b, msg_type=MsgType.UPDATE),
    "category": lambda b: replace(b, category=Category.HEALTH),
    "urgency": lambda b: replace(b, urgency=Urgency.PAST),
    "severity": lambda b: replace(b, severity=Severity.MINOR),
    "certainty": lambda b: replace(b, certainty=Certainty.OBSERVED),
    "issuer": lambda b: replace(b, issuer=b.issuer + "."),
    "headline": lambda b: with_text(b, replace(b.texts[VIETNAMESE], headline="Khác")),
    "body": lambda b: with_text(b, replace(b.texts[VIETNAMESE], body="Khác")),
    "instruction": lambda b: with_text(b, replace(b.texts[VIETNAMESE], instruction="")),
    "a language less": lambda b: replace(b, texts={VIETNAMESE: b.texts[VIETNAMESE]}),
    "languages swapped": lambda b: replace(
        b, texts={VIETNAMESE: b.texts[ENGLISH], ENGLISH: b.texts[VIETNAMESE]}
    ),
    "source": lambda b: replace(b, source_url=""),
    "no media": lambda b: replace(b, media=None),
    "media bytes": lambda b: replace(b, media=replace(PICTURE, sha256="ac" * 32)),
    "media caption": lambda b: replace(b, media=replace(PICTURE, caption="Nước lên")),
    "references": lambda b: replace(b, references=(make(1),)),
    "references in another order": lambda b: replace(b, references=(make(2), make(1))),
    "expires": lambda b: replace(b, expires=b.expires + timedelta(milliseconds=1)),
    "no provenance": lambda b: replace(b, provenance=None),
    "provenance": lambda b: replace(b, provenance=replace(ORIGIN, signed=True)),
}
PLAN_CHANGES: dict[str, Callable[[Bulletin], Bulletin]] = {
    "topics": lambda b: replace(b, audience=replace(b.audience, topics=())),
    "areas": lambda b: replace(b, audience=replace(b.audience, areas=("viet-tri", "ha-hoa"))),
    "kinds": lambda b: replace(b, audience=replace(b.audience, kinds=())),
    "a topic become an area": lambda b: replace(
        b, audience=Audience(topics=(), areas=("health", "viet-tri"), kinds=("group",))
    ),
    "not before": lambda b: replace(b, not_before=None),
    "later": lambda b: replace(b, not_before=NOW + timedelta(hours=2)),
}


def with_text(bulletin: Bulletin, text: Text) -> Bulletin:
    return replace(bulletin, texts={**bulletin.texts, VIETNAMESE: text})


@pytest.mark.parametrize("change", CONTENT_CHANGES)
def test_any_change_of_content_voids_an_approval(change: str) -> None:
    changed = CONTENT_CHANGES[change](FULL)
    assert content_hash(changed) != content_hash(FULL)
    assert approval_hash(changed) != approval_hash(FULL)


@pytest.mark.parametrize("change", PLAN_CHANGES)
def test_a_change_of_audience_or_time_voids_an_approval_of_the_same_content(change: str) -> None:
    changed = PLAN_CHANGES[change](FULL)
    assert content_hash(changed) == content_hash(FULL)
    assert approval_hash(changed) != approval_hash(FULL)


def test_every_change_gives_a_hash_of_its_own() -> None:
    changes = (CONTENT_CHANGES | PLAN_CHANGES).values()
    assert len({approval_hash(change(FULL)) for change in changes}) == len(changes)


def test_the_moment_of_sending_is_in_the_record_but_voids_no_approval() -> None:
    sent = replace(FULL, sent=NOW)
    assert content_hash(sent) != content_hash(FULL)
    assert approval_hash(sent) == approval_hash(FULL)


def test_an_approval_names_four_parts_each_preceded_by_its_length() -> None:
    parts = (
        canonical_bytes(FULL),
        b'{"areas":["viet-tri"],"kinds":["group"],"topics":["health"]}',
        b"Actual",
        b'"2026-12-02T06:00:00.000Z"',
    )
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    assert approval_hash(FULL) == hashlib.sha256(b"loa-approval/1\n" + framed).digest()


def test_the_order_in_an_audience_means_nothing() -> None:
    one = replace(FULL, audience=Audience(topics=("a", "b", "a")))
    other = replace(FULL, audience=Audience(topics=("b", "a")))
    assert approval_hash(one) == approval_hash(other)


@given(NASTY, NASTY, NASTY)
def test_texts_that_look_the_same_have_one_hash(headline: str, body: str, instruction: str) -> None:
    body = body.replace("\r", "")
    typed = with_text(FULL, Text(headline, body, instruction))
    for form in ("NFC", "NFD"):
        same = Text(*(unicodedata.normalize(form, part) for part in (headline, body, instruction)))
        assert approval_hash(with_text(FULL, same)) == approval_hash(typed)
    spaced = with_text(FULL, Text(f" {headline}  ", body.replace("\n", " \r\n"), f"{instruction}\n\n"))
    assert approval_hash(spaced) == approval_hash(typed)


@given(NASTY, NASTY, NASTY, NASTY)
def test_texts_that_look_different_have_two_hashes(a: str, b: str, c: str, d: str) -> None:
    same = (one_line(a), tidied(b)) == (one_line(c), tidied(d))
    one, other = with_text(FULL, Text(a, b)), with_text(FULL, Text(c, d))
    assert (approval_hash(one) == approval_hash(other)) == same


def test_the_same_moment_in_another_zone_is_the_same_bytes() -> None:
    hanoi = FULL.expires.astimezone(timezone(timedelta(hours=7)))
    assert canonical_bytes(replace(FULL, expires=hanoi)) == canonical_bytes(FULL)


def test_a_time_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="aware"):
        canonical_bytes(replace(FULL, expires=datetime(2026, 12, 3)))  # noqa: DTZ001


def test_the_bytes_are_sorted_compact_utf_8() -> None:
    written = canonical_bytes(FULL)
    assert b'"expires":"2026-12-03T00:00:00.000Z"' in written
    assert "Lũ trên sông".encode() in written
    record = json.loads(written)
    assert list(record) == sorted(record)
    assert json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == written


def test_the_bytes_of_a_record_never_change_between_versions_of_the_program() -> None:
    texts = {VIETNAMESE: Text("Lũ", "Nước lên.")}
    bulletin = replace(FLOOD, texts=texts, sent=datetime(2026, 12, 2, tzinfo=UTC))
    assert canonical_bytes(bulletin).decode() == (
        '{"category":"Met","certainty":"Likely","code":"LOA-3RJ0-R","expires":"2026-12-03T00:00:00.000Z",'
        '"issuer":"Ban Chỉ huy Phòng thủ dân sự tỉnh","media":null,"msg_type":"Alert","provenance":null,'
        '"references":[],"sent":"2026-12-02T00:00:00.000Z","severity":"Severe",'
        '"source_url":"https://phongchongthientai.example.vn/tin/123","status":"Actual",'
        '"texts":{"vi":{"body":"Nước lên.","headline":"Lũ","instruction":""}},"type":"loa-bulletin/1",'
        '"urgency":"Immediate","version":1}'
    )


def test_floats_have_no_place_in_a_record() -> None:
    with pytest.raises(TypeError, match="floats"):
        canonical_json({"ratio": [0.1]})  # type: ignore[list-item]


@given(st.recursive(st.none() | st.booleans() | st.integers() | NASTY, st.lists, max_leaves=9))
def test_canonical_json_is_its_own_normal_form(value: object) -> None:
    written = canonical_json(value)  # type: ignore[arg-type]
    assert canonical_json(json.loads(written)) == written
