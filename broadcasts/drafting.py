"""What a moderator chooses and types, made into a bulletin's values. Pure.

Plain words for CAP's scales, text as it was typed, and the wording that stands ready for corrections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from broadcasts.schedule import USUAL_VALIDITY_HOURS, expiry_after
from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Bulletin,
    Category,
    Certainty,
    Code,
    Language,
    MsgType,
    Recurrence,
    Severity,
    Status,
    Text,
    Urgency,
    is_correction,
)
from bulletins.labels import labels_for
from bulletins.problems import LONGEST_VALIDITY
from bulletins.rendering import text_in
from members.channel import PersonId

MOST_TEXT_CHARACTERS = 4_096
"""Longer than this no bulletin can be, whatever the platform."""

_LONGEST_HEADLINE_CHARACTERS = 150
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_INSTRUCTION = re.compile(r"^(?:👉\s*)?(?:cần làm|what to do)\s*:\s*", re.IGNORECASE)

Edit = Callable[[Bulletin], Bulletin]


class Weight(StrEnum):
    """How grave and how soon, in one plain choice."""

    ORDINARY = "ordinary"
    NOTABLE = "notable"
    URGENT = "urgent"
    LIFE_THREATENING = "life_threatening"


SCALES: Mapping[Weight, tuple[Severity, Urgency, Certainty]] = {
    Weight.ORDINARY: (Severity.MINOR, Urgency.FUTURE, Certainty.OBSERVED),
    Weight.NOTABLE: (Severity.MODERATE, Urgency.EXPECTED, Certainty.LIKELY),
    Weight.URGENT: (Severity.SEVERE, Urgency.EXPECTED, Certainty.LIKELY),
    Weight.LIFE_THREATENING: (Severity.EXTREME, Urgency.IMMEDIATE, Certainty.OBSERVED),
}


def weight_of(bulletin: Bulletin) -> Weight:
    """The plain word nearest to a bulletin's scales, whatever they came from."""
    if bulletin.severity is Severity.EXTREME or bulletin.is_grave_and_now:
        return Weight.LIFE_THREATENING
    if bulletin.severity is Severity.SEVERE:
        return Weight.URGENT
    return Weight.NOTABLE if bulletin.severity is Severity.MODERATE else Weight.ORDINARY


def weighted(weight: Weight) -> Edit:
    """The edit that sets all three scales at once."""
    severity, urgency, certainty = SCALES[weight]
    return lambda bulletin: replace(bulletin, severity=severity, urgency=urgency, certainty=certainty)


def worded(language: Language, text: Text | None) -> Edit:
    """The edit that sets, or with None removes, the words in one language."""

    def edit(bulletin: Bulletin) -> Bulletin:
        others = {tag: words for tag, words in bulletin.texts.items() if tag != language}
        return replace(bulletin, texts=others if text is None else {**others, language: text})

    return edit


def text_from(typed: str) -> Text:
    """Headline, body, instruction: the first line typed, the rest, and what follows "Cần làm:"."""
    lines = typed.strip().splitlines()
    headline, rest = (lines[0].strip(), lines[1:]) if lines else ("", [])
    if not rest and len(headline) > _LONGEST_HEADLINE_CHARACTERS:
        first, *others = _SENTENCE_END.split(headline, maxsplit=1)
        headline, rest = first, others
    body, instruction = _parted("\n".join(rest).strip())
    return Text(headline, body, instruction)


def typed_form(text: Text, language: Language = VIETNAMESE) -> str:
    """The text as `text_from` would read it again: to copy, change and send back."""
    label = f"{labels_for(language).instruction} " if text.instruction else ""
    return "\n\n".join(part for part in (text.headline, text.body, f"{label}{text.instruction}") if part)


def _parted(body: str) -> tuple[str, str]:
    paragraphs = body.split("\n")
    for number, paragraph in enumerate(paragraphs):
        said = _INSTRUCTION.match(paragraph.strip())
        if said:
            instruction = "\n".join([paragraph.strip()[said.end() :], *paragraphs[number + 1 :]])
            return "\n".join(paragraphs[:number]).strip(), instruction.strip()
    return body, ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who composes, where they are answered, and the update that made them: repeated, it makes one draft."""

    author: PersonId
    author_chat: str
    key: str


def blank(status: Status, issuer: str, now: datetime) -> Bulletin:
    """A draft with the usual choices made; words and source are missing. Its code is given later."""
    severity, urgency, certainty = SCALES[Weight.ORDINARY]
    return Bulletin(
        code=Code(""),
        status=status,
        category=Category.OTHER,
        urgency=urgency,
        severity=severity,
        certainty=certainty,
        issuer=issuer,
        texts={},
        expires=expiry_after(USUAL_VALIDITY_HOURS, None, now),
    )


def anew(stopped: Bulletin, now: datetime) -> Bulletin:
    """The same words for a new draft, with a time to come.

    What was a correction becomes an ordinary bulletin: it corrects nothing any more, and takes two to start.
    A series keeps its rule; where its end is past, the draft says so.
    """
    usual = expiry_after(USUAL_VALIDITY_HOURS, None, now)
    return replace(
        stopped,
        code=Code(""),
        version=1,
        msg_type=MsgType.ALERT,
        references=(),
        sent=None,
        not_before=None,
        expires=max(stopped.expires, usual),
    )


def repeating(recurrence: Recurrence) -> Edit:
    """The edit that makes a series of a bulletin: then it has no moment of its own any more."""
    expires = recurrence.ends + recurrence.validity  # of the last occurrence there can be
    return lambda bulletin: replace(bulletin, recurrence=recurrence, not_before=None, expires=expires)


def once(not_before: datetime | None, now: datetime) -> Edit:
    """The edit that sets when a bulletin goes out, a single time."""

    def edit(bulletin: Bulletin) -> Bulletin:
        if bulletin.recurrence is not None:
            hours = bulletin.recurrence.valid_hours
            bulletin = replace(bulletin, recurrence=None, expires=expiry_after(hours, not_before, now))
        return replace(bulletin, not_before=not_before)

    return edit


def valid_for(hours: int, now: datetime) -> Edit:
    """The edit that sets for how long a bulletin, or each occurrence of a series, counts."""

    def edit(bulletin: Bulletin) -> Bulletin:
        if bulletin.recurrence is not None:
            return repeating(replace(bulletin.recurrence, valid_hours=hours))(bulletin)
        return replace(bulletin, expires=expiry_after(hours, bulletin.not_before, now))

    return edit


_READY: Mapping[tuple[Status, Language], str] = {
    (Status.ACTUAL, VIETNAMESE): "Thông tin đúng về: {headline}",
    (Status.ACTUAL, ENGLISH): "The right information about: {headline}",
    (Status.EXERCISE, VIETNAMESE): "Diễn tập, nội dung sửa lại: {headline}",
    (Status.EXERCISE, ENGLISH): "Drill, put right: {headline}",
    (Status.TEST, VIETNAMESE): "Bản tin thử, nội dung sửa lại: {headline}",
    (Status.TEST, ENGLISH): "Test, put right: {headline}",
}
_HEADLINE_SHARE = 120


def ready_text(earlier: Bulletin, language: Language) -> Text:
    """The heading that stands ready for a correction, with the earlier one filled in; what is right is missing."""
    ready = _READY[earlier.status, language if language in (VIETNAMESE, ENGLISH) else ENGLISH]
    headline = text_in(earlier, language).headline
    short = headline if len(headline) <= _HEADLINE_SHARE else headline[: _HEADLINE_SHARE - 1].rstrip() + "…"
    return Text(ready.format(headline=short), "")


def correction_of(standing: Bulletin, references: tuple[str, ...], now: datetime) -> Bulletin:
    """The Update that puts ``standing`` right: all as it was, the picture too, but the words."""
    return replace(
        standing,
        code=Code(""),
        version=1,
        msg_type=MsgType.UPDATE,
        texts={language: ready_text(standing, language) for language in standing.texts},
        references=references,
        sent=None,
        not_before=None,
        expires=amendment_expires(standing, now),
        provenance=None,
    )


def amendment_expires(standing: Bulletin, now: datetime) -> datetime:
    """As long as what it puts right, at least for the usual time: also what has expired is put right."""
    usual = expiry_after(USUAL_VALIDITY_HOURS, None, now)
    return min(max(standing.expires, usual), now + LONGEST_VALIDITY - timedelta(minutes=1))


def reworded(language: Language, typed: str) -> Edit:
    """The edit that puts what was typed in place; one paragraph goes under a correction's ready headline.

    Where the original speaks other languages only, their ready headlines, under which nothing stands, go: a heading
    alone puts nothing right.
    """
    typed = typed.strip()

    def edit(bulletin: Bulletin) -> Bulletin:
        ready = bulletin.texts.get(language)
        if ready is not None and is_correction(bulletin) and "\n" not in typed:
            return worded(language, replace(ready, body=typed))(bulletin)
        if ready is None and is_correction(bulletin):
            said = {other: text for other, text in bulletin.texts.items() if text.body or text.instruction}
            bulletin = replace(bulletin, texts=said)
        return worded(language, text_from(typed))(bulletin)

    return edit
