"""Alerts as real agencies sent them, and five that are wrong on purpose. They are read where they lie."""

from datetime import timedelta

import pytest

from bulletins.bulletin import ENGLISH, Language, MsgType, Severity, problems
from bulletins.cap import CapDraft, CapProblem, CapRefusal, read_cap
from bulletins.code import make
from bulletins.rendering import render
from tests.alerts import ALERTS, RIGHT, needs_alerts
from tests.bulletins.bulletin_samples import IMPRINT, NOW

WRONG = {
    "invalid.cap": (CapProblem.MISSING, "scope"),
    "canada_errors.cap": (CapProblem.NO_REFERENCES, "Update"),
    "noaa_errors.cap": (CapProblem.EMPTY, "urgency"),
    "no_optional_fields.cap": (CapProblem.NOTHING_TO_SAY, ""),
    "xee.cap": (CapProblem.UNSAFE, ""),
}

pytestmark = needs_alerts


def read(name: str) -> CapDraft | CapRefusal:
    return read_cap((ALERTS / name).read_bytes(), NOW)


def draft_of(name: str) -> CapDraft:
    draft = read(name)
    assert isinstance(draft, CapDraft), draft
    return draft


def test_every_alert_there_is_has_its_place_in_these_tests() -> None:
    assert {path.name for path in ALERTS.glob("*.cap")} == {*RIGHT, *WRONG}


@pytest.mark.parametrize("name", RIGHT)
def test_a_valid_alert_composes_a_bulletin_that_can_be_sent(name: str) -> None:
    draft = draft_of(name)
    assert draft.expires_needed
    bulletin = draft.as_bulletin(
        code=make(5),
        expires=NOW + timedelta(hours=3),
        source_url=draft.source_url or "https://source.example/alert",
    )
    assert problems(bulletin, NOW) == ()
    for language in draft.texts:
        assert draft.texts[language].headline in render(bulletin, language, imprint=IMPRINT).plain


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_alert_is_refused_with_its_reason(name: str) -> None:
    refusal = read(name)
    assert isinstance(refusal, CapRefusal)
    assert (refusal.reason, refusal.detail) == WRONG[name]


def test_canada_speaks_two_languages() -> None:
    draft = draft_of("canada.cap")
    assert {language: text.headline for language, text in draft.texts.items()} == {
        ENGLISH: "severe thunderstorm watch",
        Language("fr"): "veille d'orages violents",
    }
    assert draft.provenance.msg_type is MsgType.UPDATE
    assert len(draft.provenance.references) == 2


def test_the_tsunami_warning_is_as_grave_as_it_can_be() -> None:
    draft = draft_of("wcatwc-warning.cap")
    assert draft.severity is Severity.EXTREME
    assert draft.provenance.references == ("PAAQ,PAAQ-1-lqw6d6,2011-09-02T10:55:55-00:00",)


def test_the_signed_ones_are_known_as_signed() -> None:
    signed = {name for name in RIGHT if draft_of(name).provenance.signed}
    assert signed == {"canada_signed.cap", "earthquake_signed.cap", "earthquake-iso8859-1.cap"}


def test_australias_line_breaks_are_lines() -> None:
    body = draft_of("australia.cap").texts[ENGLISH].body
    assert body.startswith("ALERT LEVEL: Not Applicable\nLOCATION: 12 Cox Street, Yerong Creek\n")
    assert "<br" not in body


def test_latin_1_letters_are_read() -> None:
    assert "Usulután" in draft_of("earthquake-iso8859-1.cap").texts[ENGLISH].headline


def test_text_wrapped_by_a_teletype_flows_again() -> None:
    body = draft_of("thunderstorm.cap").texts[ENGLISH].body
    assert "\n" not in body.split("\n\n")[0]
