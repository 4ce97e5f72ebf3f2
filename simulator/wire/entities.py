"""Message entities: what marks a stretch of text, counted in UTF-16 units as the Bot API does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

QUOTES = frozenset({"blockquote", "expandable_blockquote"})
CODES = frozenset({"code", "pre"})
FOUND = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})
"""Kinds the platform finds by itself."""

STYLES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})

_PRIORITY = {
    **dict.fromkeys(QUOTES, 0),
    "code": 10,
    "pre": 11,
    "text_link": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
_USUAL_PRIORITY = 50


@dataclass(frozen=True, slots=True)
class Entity:
    """One marked stretch; `offset` and `length` count UTF-16 code units."""

    kind: str
    offset: int
    length: int
    url: str = ""
    language: str = ""
    user_id: int | None = None
    emoji_id: str = ""

    @property
    def end(self) -> int:
        return self.offset + self.length

    def moved(self, by: int) -> Entity:
        return replace(self, offset=self.offset + by)


def in_order(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """The order in which the Bot API lists them: by beginning, the longer first, then by kind."""
    return tuple(sorted(entities, key=_rank))


def _rank(entity: Entity) -> tuple[int, int, int]:
    return entity.offset, -entity.length, _PRIORITY.get(entity.kind, _USUAL_PRIORITY)
