"""Entities the platform finds by itself: commands, mentions, hashtags, links and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from simulator.wire import utf16
from simulator.wire.entities import CODES, FOUND, Entity, in_order

_TOP_LEVEL = (
    "vn|com|net|org|info|biz|edu|gov|mil|int|io|me|app|dev|site|online|shop|store|xyz|top|club|vip|live|pro|"
    "tv|cc|co|us|uk|ru|cn|jp|kr|sg|th|la|kh|my|id|in|au|de|fr|eu|ly|gl|gd|gg|ai|to|win|bet|fun|icu|click|link|"
    "asia|news|blog|page|wiki|cloud|tech|space|life|world|today|website|win|work|example|test"
)
_TAIL = r"(?:[/?#][^\s<>\"]*)?"
_PATTERNS = (
    ("bot_command", re.compile(r"(?<![\w/@>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@])")),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}(?![\w@])")),
    (
        "url",
        re.compile(
            r"(?<![\w@])(?:(?:https?|ftp|tg|ton)://[^\s<>\"]+"
            rf"|(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:{_TOP_LEVEL})(?::\d{{1,5}})?(?![\w@.-]*\w@)(?!\w){_TAIL})",
            re.IGNORECASE,
        ),
    ),
    ("mention", re.compile(r"(?<![\w/@])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w&])#(?=\w*[^\W\d_])\w{1,256}")),
    ("cashtag", re.compile(r"(?<![\w$])\$[A-Z]{3,8}(?!\w)")),
)
# What a text must contain for a pattern to be worth trying: most texts have nothing to find.
_WORTH_TRYING = {
    "bot_command": re.compile("/"),
    "email": re.compile("@"),
    "url": re.compile(r"://|\w\.\w"),
    "mention": re.compile("@"),
    "hashtag": re.compile("#"),
    "cashtag": re.compile(r"\$"),
}
_TRAILING = ".,;:!?'\"…)]}»”’"
_HINTS = frozenset("/@#$.")
_OPAQUE = CODES | {"text_link", "text_mention", "mention", "custom_emoji"}


def with_found(text: str, given: Iterable[Entity] = ()) -> tuple[Entity, ...]:
    """The given entities and those found in the text, in the order the Bot API lists them."""
    kept = [entity for entity in given if entity.kind not in FOUND]
    if _HINTS.isdisjoint(text):
        return in_order(kept)
    opaque = [(entity.offset, entity.end) for entity in kept if entity.kind in _OPAQUE]
    return in_order([*kept, *_free(found(text), opaque)])


def found(text: str) -> Iterator[Entity]:
    """What the platform marks in a text by itself; marks do not overlap."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in _PATTERNS:
        if _WORTH_TRYING[kind].search(text) is None:
            continue
        for match in pattern.finditer(text):
            start, end = match.start(), match.end()
            if kind == "url":
                end = start + len(_without_trailing(match.group()))
            if not any(start < last and first < end for first, last in taken):
                taken.append((start, end))
                yield _entity(text, kind, start, end)


def _without_trailing(link: str) -> str:
    stripped = link.rstrip(_TRAILING)
    # A bracket that was opened inside the link belongs to it.
    if link[len(stripped) :].startswith(")") and "(" in stripped:
        return stripped + ")"
    return stripped


def _entity(text: str, kind: str, start: int, end: int) -> Entity:
    if text.isascii():
        return Entity(kind, start, end - start)
    return Entity(kind, utf16.length(text[:start]), utf16.length(text[start:end]))


def _free(entities: Iterable[Entity], taken: list[tuple[int, int]]) -> Iterator[Entity]:
    for entity in entities:
        if not any(entity.offset < last and first < entity.end for first, last in taken):
            yield entity
