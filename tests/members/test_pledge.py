"""Pledge texts that cannot change behind people's backs, and codes that can be read over the telephone."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from members import pledge
from members.pledge import RECORDED_SHA256, certificate_code, parse_certificate, read_pledge_texts

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_every_recorded_text_is_there_unchanged_in_both_languages() -> None:
    versions = {version for version, _ in RECORDED_SHA256}

    for version in versions:
        texts = read_pledge_texts(version)
        assert set(texts) == {"vi", "en"}
        assert {text.sha256 for text in texts.values()} == {
            RECORDED_SHA256[version, language] for language in texts
        }


def test_the_pledge_fits_into_one_message_with_its_heading() -> None:
    for text in read_pledge_texts("2026-1").values():
        assert len(text.title) + len(text.body) < 3_600


def test_the_pledge_says_what_the_network_must_say() -> None:
    texts = read_pledge_texts("2026-1")

    for promise in ("bằng tên của bot", "giờ yên lặng", "một lần chạm", "không bao giờ về con người"):
        assert promise in texts["vi"].body
    for promise in ("in the bot's own name", "quiet hours", "with one tap", "never people"):
        assert promise in texts["en"].body


def test_a_text_that_was_changed_after_people_pledged_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language in ("vi", "en"):
        text = read_pledge_texts("2026-1")[language]
        changed = f"# {text.title}\n\n{text.body} (và còn nữa)\n"
        (tmp_path / f"2026-1.{language}.md").write_text(changed, encoding="utf-8")
    monkeypatch.setattr(pledge, "_FOLDER", tmp_path)

    with pytest.raises(ValueError, match="not the recorded one"):
        read_pledge_texts("2026-1")


def test_a_version_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="no pledge text 1999-1"):
        read_pledge_texts("1999-1")


def test_a_certificates_code_is_understood_as_people_type_it() -> None:
    code = certificate_code("secret")

    for typed in (code, code.lower(), code.replace("-", " "), f"  {code}  ", code.removeprefix("CK-")):
        assert parse_certificate(typed) == code
    for typed in ("", "CK", "LOA-7F3K-M", code[:-1], code + "0", "x" * 10_000):
        assert parse_certificate(typed) is None


def test_letters_that_look_like_digits_are_forgiven() -> None:
    code = next(code for code in map(certificate_code, map(str, range(1_000))) if {"0", "1"} <= set(code))

    assert parse_certificate(code.replace("0", "O").replace("1", "l")) == code


def test_any_one_wrong_symbol_is_noticed() -> None:
    random = Random(0)
    for _ in range(200):
        code = certificate_code(random.randbytes(8).hex())
        place = random.choice([index for index, sign in enumerate(code) if index > 2 and sign != "-"])
        wrong = random.choice([symbol for symbol in SYMBOLS if symbol != code[place]])

        assert parse_certificate(code[:place] + wrong + code[place + 1 :]) is None
