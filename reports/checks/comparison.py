"""One text beside published bulletins: which of them it is or pretends to be, and what differs.

Pure, and at a cost that grows with the length of the text alone: it is what a worker process does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from bulletins.bulletin import ENGLISH, VIETNAMESE, Bulletin, Status, Text
from bulletins.rendering import (
    Imprint,
    render,
    render_corrected_copy,
    render_correction_notice,
    render_resent,
    text_in,
)
from bulletins.wording import bare_words, without_layout
from reports.checks.facts import Reading, difference, facts, read
from reports.findings import Change, ChangedFact

ALIKE = 0.7
"""Share of the shorter text's character 4-grams that both have, from which a text counts as a copy."""

MOST_COMPARED_CHARACTERS = 8_192
MOST_CHANGES = 12

_UNLIKE = 0.5
"""Share of a copy's words, in order, below which it is another text under our code."""

_GRAM = 4
_MOST_NEAR = 3
_MOST_REMEMBERED = 32
_FEWEST_GRAMS = 30
_FEWEST_COMPARED_CHARACTERS = 40
_MOST_QUESTION_WORDS = 8
_NUMBER = re.compile(r"\d[\d.,:/+-]*")
_CODE_OR_ADDRESS = re.compile(r"/\w+(?:@\w+)?|@\w+|\bLOA[\s-]{0,8}\w{4,8}[\s-]{0,8}\w\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Published:
    """A bulletin that went out, with what it corrects and what has corrected it since."""

    bulletin: Bulletin
    original: Bulletin | None = None
    newer: Bulletin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be compared with what."""

    text: str
    links: tuple[str, ...]
    """The addresses behind words."""
    named: tuple[Published, ...]
    """The bulletins whose codes stand in the text; with none, the recent ones are looked through."""
    recent_mark: str = ""
    """The same as long as the recent bulletins are; they are sent along only when they are not known."""
    recent: tuple[Published, ...] | None = None


class Outcome(StrEnum):
    """What came of comparing."""

    SAME = "same"
    """Word for word."""
    CHANGED = "changed"
    NAMED = "named"
    """It is only a code: there is nothing to compare."""
    NOTHING = "nothing"
    UNKNOWN_RECENT = "unknown_recent"
    """Ask again, with the recent bulletins."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome, and for all but NOTHING the place of the bulletin among those that were asked about."""

    outcome: Outcome
    place: int = 0
    changes: tuple[Change, ...] = ()
    """For CHANGED: the most dangerous first."""
    is_part: bool = False
    """Nothing is changed, but the beginning or end is missing."""
    is_only_a_code: bool = False


@dataclass(frozen=True, slots=True)
class _Form:
    """One way in which a record appears in a channel."""

    place: int
    bulletin: Bulletin
    look: _Look


class _Look:
    """A text, with what is made of it for comparing: each at most once."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def reading(self) -> Reading:
        return read(self.text)

    @cached_property
    def without_layout(self) -> str:
        return without_layout(self.text)

    @cached_property
    def bare_words(self) -> str:
        return bare_words(self.text)

    @cached_property
    def grams(self) -> frozenset[str]:
        """Character 4-grams of the bare words, digits made alike: a changed number does not hide a copy."""
        folded = _DIGIT.sub("0", self.bare_words)
        places = range(max(len(folded) - _GRAM + 1, 1))
        return frozenset(sys.intern(folded[place : place + _GRAM]) for place in places)

    @cached_property
    def is_without_accents(self) -> bool:
        return all(letter.isascii() for letter in self.text if letter.isalpha())

    @cached_property
    def numbers_and_links(self) -> tuple[list[str], list[str]]:
        links = [fact.key for fact in self.reading.facts if fact.kind is ChangedFact.LINK]
        return _NUMBER.findall(self.text), links

    def is_the_same(self, other: _Look) -> bool:
        """Word for word; typing it without any accents changes nothing, changing some accents might."""
        if self.without_layout == other.without_layout:
            return True
        if not other.is_without_accents or self.bare_words != other.bare_words:
            return False
        return self.numbers_and_links == other.numbers_and_links


class Comparer:
    """Compares texts, and remembers how the bulletins look that it compared with last."""

    def __init__(self, imprint: Imprint) -> None:
        self._imprint = imprint
        self._looks: dict[object, tuple[_Look, ...]] = {}
        self._recent_mark: str | None = None
        self._recent: tuple[Published, ...] = ()
        self._recent_words: tuple[tuple[_Look, ...], ...] = ()

    def compare(self, question: Question) -> Comparison:
        """What came of it."""
        if question.recent is not None:
            self._learn(question.recent_mark, question.recent)
        look = _Look(question.text[:MOST_COMPARED_CHARACTERS])
        only_code = is_only_a_code(look.text)
        if question.named and only_code:
            return Comparison(Outcome.NAMED, is_only_a_code=True)
        if question.named:
            return self._compared(list(enumerate(question.named)), look, question.links)
        if self._recent_mark != question.recent_mark:
            return Comparison(Outcome.UNKNOWN_RECENT)
        near = self._near(look)
        if near:
            return self._compared(near, look, question.links)
        return Comparison(Outcome.NOTHING, is_only_a_code=only_code)

    def _learn(self, mark: str, recent: tuple[Published, ...]) -> None:
        """By the bulletins' own words: the fixed ones around them are in every other bulletin too."""
        self._recent_mark, self._recent = mark, recent
        texts = (published.bulletin.texts.values() for published in recent)
        self._recent_words = tuple(tuple(_Look(_words(text)) for text in each) for each in texts)

    def _compared(
        self, candidates: Sequence[tuple[int, Published]], look: _Look, links: Sequence[str]
    ) -> Comparison:
        forms = [form for place, published in candidates for form in self._forms(place, published)]
        exact = next((form for form in forms if form.look.is_the_same(look)), None)
        form = exact or _closest(forms, look)
        foreign = _foreign_links(form.look, links)
        if exact and not foreign:
            return Comparison(Outcome.SAME, form.place)
        differs = difference(form.look.reading, look.reading)
        changes = differs.changes if differs.shared >= _UNLIKE else _unlike(form, look)
        is_real = form.bulletin.status is Status.ACTUAL  # a drill without its banner looks real
        is_part = differs.is_cut and is_real and not changes and not foreign
        shown = (*foreign, *changes)[:MOST_CHANGES]
        said = Change(ChangedFact.WORDS, form.look.text[:120], look.text[:120])
        return Comparison(Outcome.CHANGED, form.place, shown or (said,), is_part)

    def _forms(self, place: int, published: Published) -> Iterator[_Form]:
        bulletin, before = published.bulletin, published.original
        key = (bulletin.code, bulletin.version, before and (before.code, before.version))
        if key not in self._looks:
            if len(self._looks) >= _MOST_REMEMBERED:
                self._looks.pop(next(iter(self._looks)))
            self._looks[key] = tuple(map(_Look, _texts(published, self._imprint)))
        return (_Form(place, bulletin, look) for look in self._looks[key])

    def _near(self, look: _Look) -> list[tuple[int, Published]]:
        """The recent bulletins that the text could be a copy of; weekly notices may be very much alike."""
        if len(look.bare_words) < _FEWEST_COMPARED_CHARACTERS:
            return []
        scored = [(_resemblance(words, look), place) for place, words in enumerate(self._recent_words)]
        alike = sorted((one for one in scored if one[0] >= ALIKE), key=lambda one: -one[0])
        places = [place for _score, place in alike[:_MOST_NEAR] if self._shares_words(place, look)]
        return [(place, self._recent[place]) for place in places]

    def _shares_words(self, place: int, look: _Look) -> bool:
        """Whether the words stand in the same order: a long text has most 4-grams of any short one."""
        own = self._recent_words[place]
        return max(difference(words.reading, look.reading).shared for words in own) >= ALIKE


def is_only_a_code(text: str) -> bool:
    """Whether a message only names a bulletin, perhaps with a short question, and claims nothing itself."""
    rest = _CODE_OR_ADDRESS.sub(" ", text)
    return len(bare_words(rest).split()) <= _MOST_QUESTION_WORDS and not facts(rest)


def _texts(published: Published, imprint: Imprint) -> Iterator[str]:
    """Every text that a channel may show for it: also the fixed words of a language it has no text in."""
    bulletin, before = published.bulletin, published.original
    for language in dict.fromkeys((*bulletin.texts, VIETNAMESE, ENGLISH)):
        yield render(bulletin, language, imprint=imprint).plain
        yield render_resent(bulletin, language, imprint=imprint).plain
        if before is not None:
            yield render_corrected_copy(before, bulletin, language, imprint=imprint).plain
            yield render_correction_notice(before, bulletin, language, imprint=imprint).plain


def _resemblance(words: Sequence[_Look], look: _Look) -> float:
    grams = (one.grams for one in words if len(one.grams) >= _FEWEST_GRAMS)
    return max((_containment(one, look.grams) for one in grams), default=0.0)


def _closest(forms: Sequence[_Form], look: _Look) -> _Form:
    """For each bulletin the form most like the text; of these the one that it changes least."""
    best: dict[int, tuple[float, _Form]] = {}
    for form in forms:
        score = _containment(form.look.grams, look.grams)
        if form.place not in best or score > best[form.place][0]:
            best[form.place] = (score, form)
    candidates = [form for _score, form in best.values()]
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda form: len(difference(form.look.reading, look.reading).changes))


def _foreign_links(record: _Look, links: Sequence[str]) -> tuple[Change, ...]:
    """Links behind words that the record does not have."""
    known = {fact.key for fact in record.reading.facts if fact.kind is ChangedFact.LINK}
    return tuple(
        Change(ChangedFact.LINK, "", link)
        for link in dict.fromkeys(links)
        if not known.intersection(fact.key for fact in facts(link))
    )


def _unlike(form: _Form, look: _Look) -> tuple[Change, ...]:
    """Our code under somebody else's words: whatever facts it has are not ours."""
    known, order = {fact.key for fact in form.look.reading.facts}, list(ChangedFact)
    strange = [fact for fact in look.reading.facts if fact.key not in known]
    strange.sort(key=lambda fact: order.index(fact.kind))
    text = look.reading.text
    changes = [Change(fact.kind, "", text[fact.starts : fact.ends]) for fact in strange[:8]]
    headline = text_in(form.bulletin, VIETNAMESE).headline
    return (*changes, Change(ChangedFact.WORDS, headline, " ".join(text.split())[:120]))


def _words(text: Text) -> str:
    return "\n".join(part for part in (text.headline, text.body, text.instruction) if part)


def _containment(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
