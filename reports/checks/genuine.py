"""Is this one of our bulletins, word for word? A text is compared with the record, never with its sender.

A code in the text leads to the record; without one, a text near a recent bulletin does. The answer: genuine,
altered (and what was changed), corrected or withdrawn since, expired, or not ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bulletins.bulletin import ENGLISH, VIETNAMESE, Bulletin, Code, Language, MsgType, Status, Text
from bulletins.code import find_codes
from bulletins.rendering import (
    Imprint,
    render,
    render_corrected_copy,
    render_correction_notice,
    render_resent,
    same_words,
    text_in,
)
from bulletins.wording import bare_words
from reports.checks.facts import difference, facts
from reports.findings import Change, ChangedFact, GenuineFinding, Likeness

ALIKE = 0.7
"""Share of the shorter text's character 4-grams that both have, from which a text counts as a copy."""

_UNLIKE = 0.5
"""Share of a copy's words, in order, below which it is another text under our code."""

_GRAM = 4
_MOST_CHARACTERS = 8_192
_MOST_CODES = 5
_MOST_NEAR = 3
_MOST_REMEMBERED = 1_024
_FEWEST_GRAMS = 30
_FEWEST_COMPARED_CHARACTERS = 40
_MOST_QUESTION_WORDS = 8
_NUMBER = re.compile(r"\d[\d.,:/+-]*")
_CODE_OR_ADDRESS = re.compile(r"/\w+(?:@\w+)?|@\w+|\bLOA[\s-]*\w{4,8}[\s-]*\w\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Published:
    """A bulletin that went out, with what it corrects and what has corrected it since."""

    bulletin: Bulletin
    original: Bulletin | None = None
    newer: Bulletin | None = None


class BulletinRecords(Protocol):
    """What was published. Drafts are never found."""

    async def published(self, code: Code) -> Published | None:
        """The bulletin with this code, if any copy of it was ever sent."""

    async def newest(self) -> Sequence[Published]:
        """The most recent ones, a bounded number; a moment's delay does no harm."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What an examination came to: the finding, and the record it rests on."""

    finding: GenuineFinding | None
    published: Published | None = None
    is_part: bool = False
    """Nothing is changed, but the beginning or end is missing."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One way in which the record appears in a channel."""

    published: Published
    plain: str


class GenuineCheck:
    """Compares texts with the published bulletins."""

    def __init__(self, records: BulletinRecords, imprint: Imprint, now: Callable[[], datetime]) -> None:
        self._records = records
        self._imprint = imprint
        self._now = now
        self._grams: dict[tuple[str, int, str], frozenset[str]] = {}

    async def check(self, text: str, links: Sequence[str] = ()) -> GenuineFinding | None:
        """The bulletin that ``text`` is or pretends to be; None when it has nothing to do with any.

        ``links`` are those hidden behind words: a copy may look right and lead elsewhere.
        """
        return (await self.examine(text, links)).finding

    async def examine(self, text: str, links: Sequence[str] = ()) -> Examination:
        """The same with the record, which a bare code finds too though there is nothing to compare."""
        text = text[:_MOST_CHARACTERS]
        codes = find_codes(text)[:_MOST_CODES]
        known = [found for code in codes if (found := await self._records.published(code))]
        if known and is_only_a_code(text):
            return Examination(None, known[0])
        if known:
            return self._compared(known, text, links)
        near = await self._near(text)
        if near:
            return self._compared(near, text, links)
        return Examination(GenuineFinding(likeness=Likeness.NOT_OURS, code=codes[0]) if codes else None)

    def _compared(self, candidates: Sequence[Published], text: str, links: Sequence[str]) -> Examination:
        forms = [form for published in candidates for form in self._forms(published)]
        exact = next((form for form in forms if _is_the_same(form.plain, text)), None)
        form = exact or _closest(forms, text)
        foreign = _foreign_links(form.plain, links)
        if exact and not foreign:
            return Examination(self._finding(form, self._likeness(form.published)), form.published)
        differs = difference(form.plain, text)
        changes = differs.changes if differs.shared >= _UNLIKE else _unlike(form, text)
        is_real = form.published.bulletin.status is Status.ACTUAL  # a drill without its banner looks real
        is_part = differs.is_cut and is_real and not changes and not foreign
        shown = (*foreign, *changes) or (Change(ChangedFact.WORDS, form.plain[:120], text[:120]),)
        return Examination(self._finding(form, Likeness.ALTERED, shown), form.published, is_part)

    def _forms(self, published: Published) -> Iterator[_Form]:
        """Every text that a channel may show for it: also the fixed words of a language it has no text in."""
        bulletin, imprint = published.bulletin, self._imprint
        for language in dict.fromkeys((*bulletin.texts, VIETNAMESE, ENGLISH)):
            yield _Form(published, render(bulletin, language, imprint=imprint).plain)
            yield _Form(published, render_resent(bulletin, language, imprint=imprint).plain)
            before = published.original
            if before is not None:
                copy = render_corrected_copy(before, bulletin, language, imprint=imprint)
                notice = render_correction_notice(before, bulletin, language, imprint=imprint)
                yield _Form(published, copy.plain)
                yield _Form(published, notice.plain)

    async def _near(self, text: str) -> list[Published]:
        """The recent bulletins that ``text`` could be a copy of; weekly notices may be very much alike."""
        if len(bare_words(text)) < _FEWEST_COMPARED_CHARACTERS:
            return []
        ours = _grams(text)
        scored = [
            (self._resemblance(published, ours), published) for published in await self._records.newest()
        ]
        alike = sorted((one for one in scored if one[0] >= ALIKE), key=lambda one: -one[0])
        return [near for _score, near in alike[:_MOST_NEAR] if self._shares_words(near, text)]

    def _shares_words(self, near: Published, text: str) -> bool:
        """Whether the words stand in the same order: a long text has most 4-grams of any short one."""
        texts = (_words(words) for words in near.bulletin.texts.values())
        return max(difference(words, text).shared for words in texts) >= ALIKE

    def _resemblance(self, published: Published, ours: frozenset[str]) -> float:
        """By the bulletin's own words: the fixed ones around them are in every other bulletin too."""
        grams = (self._grams_of(published.bulletin, language) for language in published.bulletin.texts)
        return max((_containment(one, ours) for one in grams if len(one) >= _FEWEST_GRAMS), default=0.0)

    def _grams_of(self, bulletin: Bulletin, language: Language) -> frozenset[str]:
        key = (bulletin.code, bulletin.version, language)
        if key not in self._grams:
            if len(self._grams) >= _MOST_REMEMBERED:
                self._grams.clear()
            self._grams[key] = _grams(_words(bulletin.texts[language]))
        return self._grams[key]

    def _likeness(self, published: Published) -> Likeness:
        if published.newer is not None:
            is_withdrawn = published.newer.msg_type is MsgType.CANCEL
            return Likeness.CANCELLED if is_withdrawn else Likeness.SUPERSEDED
        return Likeness.EXPIRED if published.bulletin.expires <= self._now() else Likeness.GENUINE

    def _finding(self, form: _Form, likeness: Likeness, changes: tuple[Change, ...] = ()) -> GenuineFinding:
        bulletin, newer = form.published.bulletin, form.published.newer
        return GenuineFinding(
            likeness=likeness,
            code=bulletin.code,
            headline=text_in(bulletin, VIETNAMESE).headline,
            issuer=bulletin.issuer,
            published_at=bulletin.sent,
            changes=changes,
            newer_code=newer.code if newer else None,
            newer_headline=text_in(newer, VIETNAMESE).headline if newer else "",
            is_drill=bulletin.status is not Status.ACTUAL,
        )


def is_only_a_code(text: str) -> bool:
    """Whether a message only names a bulletin, perhaps with a short question, and claims nothing itself."""
    rest = _CODE_OR_ADDRESS.sub(" ", text)
    return len(bare_words(rest).split()) <= _MOST_QUESTION_WORDS and not facts(rest)


def _closest(forms: Sequence[_Form], text: str) -> _Form:
    """For each bulletin the form most like the text; of these the one that it changes least."""
    grams = _grams(text)
    best: dict[str, tuple[float, _Form]] = {}
    for form in forms:
        score = _containment(_grams(form.plain), grams)
        code = form.published.bulletin.code
        if code not in best or score > best[code][0]:
            best[code] = (score, form)
    candidates = [form for _score, form in best.values()]
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda form: len(difference(form.plain, text).changes))


def _is_the_same(plain: str, text: str) -> bool:
    """Word for word; typing it without any accents changes nothing, changing some accents might."""
    if same_words(plain, text):
        return True
    if not _letters(text).isascii() or bare_words(plain) != bare_words(text):
        return False
    return _numbers_and_links(plain) == _numbers_and_links(text)


def _numbers_and_links(text: str) -> tuple[list[str], list[str]]:
    links = [fact.key for fact in facts(text) if fact.kind is ChangedFact.LINK]
    return _NUMBER.findall(text), links


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def _foreign_links(plain: str, links: Sequence[str]) -> tuple[Change, ...]:
    """Links behind words that the record does not have."""
    known = {fact.key for fact in facts(plain) if fact.kind is ChangedFact.LINK}
    return tuple(
        Change(ChangedFact.LINK, "", link)
        for link in dict.fromkeys(links)
        if not known.intersection(fact.key for fact in facts(link))
    )


def _unlike(form: _Form, text: str) -> tuple[Change, ...]:
    """Our code under somebody else's words: whatever facts it has are not ours."""
    known = {fact.key for fact in facts(form.plain)}
    foreign = sorted(
        (fact for fact in facts(text) if fact.key not in known),
        key=lambda fact: list(ChangedFact).index(fact.kind),
    )
    changes = [Change(fact.kind, "", text[fact.starts : fact.ends]) for fact in foreign[:8]]
    headline = text_in(form.published.bulletin, VIETNAMESE).headline
    return (*changes, Change(ChangedFact.WORDS, headline, " ".join(text.split())[:120]))


def _words(text: Text) -> str:
    return "\n".join(part for part in (text.headline, text.body, text.instruction) if part)


def _grams(text: str) -> frozenset[str]:
    """Character 4-grams of the bare words, digits made alike: a changed number does not hide a copy."""
    folded = re.sub(r"\d", "0", bare_words(text[:_MOST_CHARACTERS]))
    return frozenset(folded[index : index + _GRAM] for index in range(max(len(folded) - _GRAM + 1, 1)))


def _containment(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
