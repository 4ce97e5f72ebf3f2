"""The facts in a text that people act upon (links, phone numbers, accounts, dates, amounts), and what differs
between two texts, the facts first. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from bulletins.wording import normal
from reports.checks.alignment import opcodes
from reports.findings import Change, ChangedFact

_MOST_CHARACTERS = 8_192
_MOST_CHANGES = 12
_LONGEST_SHOWN_CHARACTERS = 120


_ORDER = list(ChangedFact)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a fact. Two are the same when their keys are, however they are written."""

    kind: ChangedFact
    key: str
    starts: int
    ends: int

    @property
    def is_fact(self) -> bool:
        return self.kind is not ChangedFact.WORDS


_DOT = r"(?:\.|\s?\[\.\]\s?|\s?\(\.\)\s?)"
_UNITS = (
    r"triệu đồng|tỷ đồng|tỉ đồng|nghìn đồng|ngàn đồng|triệu|tỷ|tỉ|nghìn|ngàn|đồng|vnđ|vnd|usd|đô la|đô|trăm"
    r"|km/h|mm|cm|km|kg|tấn|lít|độ|°c|m|g|k|đ|tr|%"
)
_PATTERN = re.compile(
    rf"""
    (?P<link>
        (?:h(?:tt|xx)ps?\s?:\s?[/\\]{{2}}|www{_DOT})[^\s<>"“”]+
      | (?<![\w.+-])[\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,8}}
      | @\w{{3,32}}
      | (?<![\w@])(?:[\w-]{{1,63}}{_DOT}){{1,8}}[a-zđ]{{2,24}}(?![\w])(?:/[^\s<>"“”]*)?
    )
  | (?P<date>
        \b(?:ngày\s)?\d{{1,2}}[/-]\d{{1,2}}(?:[/-]\d{{2,4}})?(?![\d/])
      | \b(?:ngày\s)?\d{{1,2}}\.\d{{1,2}}\.\d{{4}}\b
      | \b\d{{1,2}}\s?(?::|h|giờ)\s?\d{{2}}(?:\s?phút)?(?!\d)
      | \b\d{{1,2}}\s?(?:giờ|h)(?!\w)
      | \b(?:ngày\s\d{{1,2}}\s)?tháng\s\d{{1,2}}(?:\snăm\s\d{{4}})?\b
      | \b(?:ngày|năm)\s\d{{1,4}}\b
    )
  | (?P<phone>
        (?<![\w.])(?:\+\s?84|0)(?:[\s.-]?\d){{8,10}}(?!\d)
      | (?<![\w.])1[89]00(?:[\s.-]?\d){{4,6}}(?!\d)
      | (?<![\w.,])11[1-9](?![\w.,]\d|\d|\s?(?:{_UNITS})\b)
    )
  | (?P<amount>
        (?<![\w.,])\d{{1,3}}(?:[.,]\d{{3}})+(?!\d)(?:\s?(?:{_UNITS})(?!\w))?
      | (?<![\w.,])\d{{1,7}}(?:[.,]\d{{1,2}})?(?![\d])(?:\s?(?:{_UNITS})(?!\w))?
    )
  | (?P<account>\d(?:[\s.-]?\d){{7,18}}(?!\d))
  | (?P<words>\bLOA-[0-9A-Z]{{4,8}}-[0-9A-Z]\b | [^\W\d_]+)
  | (?P<rest>\w)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ACCOUNT_AHEAD = re.compile(r"(?:stk|tài khoản|số thẻ|\btk|account)\W{0,3}(?:số|no)?\W{0,3}$", re.IGNORECASE)
_AHEAD_CHARACTERS = 24
_TRAILING = ".,;:!?)]}'\"…”’"


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it is compared, taken apart once; of a very long one, the beginning."""

    text: str
    tokens: tuple[Token, ...]
    """Its words and facts, in order."""

    @property
    def facts(self) -> list[Token]:
        """Only what people act upon."""
        return [token for token in self.tokens if token.is_fact]


def read(text: str) -> Reading:
    """A text taken apart."""
    composed = normal("NFC", text[:_MOST_CHARACTERS])
    return Reading(composed, tuple(_token(found, composed) for found in _PATTERN.finditer(composed)))


def facts(text: str) -> list[Token]:
    """Only what people act upon."""
    return read(text).facts


@dataclass(frozen=True, slots=True)
class Difference:
    """How a copy differs from the record; ``is_cut`` when its beginning or end was left out."""

    changes: tuple[Change, ...]
    is_cut: bool
    shared: float
    """Share of the shorter text's words and facts that stand in the other in the same order."""


def difference(record: Reading, copy: Reading) -> Difference:
    """What ``copy`` changes in ``record``, links, phones, accounts, dates and amounts first; at most 12.

    A beginning or end that was left out is not listed: people quote.
    """
    ours, theirs = record.tokens, copy.tokens
    changes, is_cut = list[_Pair](), False
    equal = 0
    for is_equal, i1, i2, j1, j2 in opcodes([token.key for token in ours], [token.key for token in theirs]):
        if is_equal:
            equal += i2 - i1
            continue
        said, shows = _Part(record.text, ours[i1:i2]), _Part(copy.text, theirs[j1:j2])
        at_start, at_end = i1 == 0, i2 == len(ours)
        if (at_start or at_end) and shows.is_rest_of(said, at_start):
            is_cut = True
        else:
            changes += _pairs(said, shows)
    found = sorted(_without_moved(changes), key=lambda pair: _ORDER.index(pair.fact))
    shared = equal / max(1, min(len(ours), len(theirs)))
    return Difference(tuple(pair.change for pair in found[:_MOST_CHANGES]), is_cut, shared)


@dataclass(frozen=True, slots=True)
class _Part:
    whole: str
    tokens: Sequence[Token]

    @property
    def text(self) -> str:
        return self.whole[self.tokens[0].starts : self.tokens[-1].ends] if self.tokens else ""

    def is_rest_of(self, other: _Part, at_start: bool) -> bool:
        """Nothing, or the rest of one cut word. Half a phone number is no rest: it is another number."""
        if any(token.is_fact for token in self.tokens):
            return False
        return other.text.endswith(self.text) if at_start else other.text.startswith(self.text)

    def of(self, kind: ChangedFact) -> list[Token]:
        return [token for token in self.tokens if token.kind is kind]

    def shown(self, token: Token) -> str:
        return self.whole[token.starts : token.ends].strip()[:_LONGEST_SHOWN_CHARACTERS]

    @property
    def words(self) -> str:
        words = self.text if self.of(ChangedFact.WORDS) else ""
        is_long = len(words) > _LONGEST_SHOWN_CHARACTERS
        return words[: _LONGEST_SHOWN_CHARACTERS - 1] + "…" if is_long else words


@dataclass(frozen=True, slots=True)
class _Pair:
    """A fact, or for WORDS the words, of one stretch of the record and of the copy; either may lack it."""

    fact: ChangedFact
    said: _Part
    shows: _Part
    published: Token | None = None
    forwarded: Token | None = None

    @property
    def lone_key(self) -> str | None:
        """The key of a fact that only one side has here."""
        lone = [token.key for token in (self.published, self.forwarded) if token is not None]
        return lone[0] if len(lone) == 1 else None

    @property
    def change(self) -> Change:
        """In words."""
        if self.fact is ChangedFact.WORDS:
            return Change(self.fact, self.said.words, self.shows.words)
        return Change(
            self.fact,
            self.said.shown(self.published) if self.published else "",
            self.shows.shown(self.forwarded) if self.forwarded else "",
        )


def _pairs(said: _Part, shows: _Part) -> Iterator[_Pair]:
    """The facts of one stretch in pairs, kind by kind; then its words, when they differ too."""
    for kind in _ORDER[:-1]:
        for published, forwarded in zip_longest(said.of(kind), shows.of(kind)):
            yield _Pair(kind, said, shows, published, forwarded)
    if said.of(ChangedFact.WORDS) or shows.of(ChangedFact.WORDS):
        yield _Pair(ChangedFact.WORDS, said, shows)


def _without_moved(pairs: Sequence[_Pair]) -> Iterator[_Pair]:
    """A fact that left one place and stands in another, unchanged, was moved and not changed."""
    left = {pair.lone_key for pair in pairs if pair.forwarded is None}
    moved = left & {pair.lone_key for pair in pairs if pair.published is None} - {None}
    return (pair for pair in pairs if pair.lone_key not in moved)


def _token(found: re.Match[str], text: str) -> Token:
    kind = _kind(found, text)
    raw = found[0].rstrip(_TRAILING) if kind is ChangedFact.LINK else found[0]
    return Token(kind, f"{kind}:{_KEYS[kind](raw)}", found.start(), found.start() + len(raw))


def _kind(found: re.Match[str], text: str) -> ChangedFact:
    if found.lastgroup in (None, "rest"):
        return ChangedFact.WORDS
    kind = ChangedFact(found.lastgroup)
    if kind in (ChangedFact.AMOUNT, ChangedFact.PHONE):
        ahead = text[max(0, found.start() - _AHEAD_CHARACTERS) : found.start()]
        return ChangedFact.ACCOUNT if _ACCOUNT_AHEAD.search(ahead) else kind
    return kind


def _link_key(raw: str) -> str:
    plain = re.sub(r"\s?[\[(]\.[\])]\s?", ".", raw).replace("\\", "/")
    plain = re.sub(r"^h(?:tt|xx)ps?\s?:\s?//", "", plain, flags=re.IGNORECASE)
    host, slash, path = plain.partition("/")
    return (host.lower() + slash + path).rstrip("/")


def _digits(raw: str) -> str:
    return re.sub(r"\D", "", raw)


def _phone_key(raw: str) -> str:
    digits = _digits(raw)
    return "0" + digits[2:] if raw.lstrip().startswith("+") else digits


def _date_key(raw: str) -> str:
    """07:30, 7h30 and 7 giờ 30 are one time; 5/9 and 05-09 are one day; a day is no time."""
    kind = "t" if re.search(r"\d\s?(?::|h|giờ)", raw, re.IGNORECASE) else "d"
    numbers = [number.lstrip("0") or "0" for number in re.findall(r"\d+", raw)]
    if kind == "t" and len(numbers) == 1:
        numbers.append("0")
    return kind + "/".join(numbers)


def _amount_key(raw: str) -> str:
    number, unit = re.fullmatch(r"([\d.,]+)\s*(.*)", raw, re.DOTALL).groups()  # type: ignore[union-attr]
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", number):
        number = _digits(number)
    unit = unit.casefold()
    return f"{number.replace(',', '.')} {_SAME_UNITS.get(unit, unit)}"


_SAME_UNITS = {"đ": "đồng", "vnd": "đồng", "vnđ": "đồng", "tỉ": "tỷ", "tỉ đồng": "tỷ", "tỷ đồng": "tỷ"} | {
    "triệu đồng": "triệu",
    "tr": "triệu",
    "nghìn đồng": "nghìn",
    "ngàn đồng": "nghìn",
    "ngàn": "nghìn",
    "k": "nghìn",
}
_KEYS: dict[ChangedFact, Callable[[str], str]] = {
    ChangedFact.LINK: _link_key,
    ChangedFact.PHONE: _phone_key,
    ChangedFact.ACCOUNT: _digits,
    ChangedFact.DATE: _date_key,
    ChangedFact.AMOUNT: _amount_key,
    ChangedFact.WORDS: str.casefold,
}
