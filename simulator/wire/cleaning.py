"""Cleaning text as the platform does on arrival: control characters, and white space at the ends."""

from __future__ import annotations

import re
from dataclasses import replace

from simulator.wire import utf16
from simulator.wire.entities import Entity
from simulator.world_model import RichText

_SPACE = " \t\n\v\f\u00a0\u200b\u2800\ufeff"
_ANY_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_CONTROLS: dict[int, int | None] = {code: 32 for code in range(32) if code != 10} | {13: None}


def cleaned(text: str) -> str:
    """The text without carriage returns, and with a space for each other control character."""
    return text.translate(_CONTROLS) if _ANY_CONTROL.search(text) else text


def trimmed(rich: RichText) -> RichText:
    """The text without white space at its ends; an entity that covered nothing else is gone."""
    without_head = rich.text.lstrip(_SPACE)
    stripped = without_head.rstrip(_SPACE)
    if stripped == rich.text:
        return rich
    cut = utf16.length(rich.text) - utf16.length(without_head)
    return RichText(stripped, clipped(rich.entities, cut, utf16.length(stripped)))


def clipped(entities: tuple[Entity, ...], start: int, size: int) -> tuple[Entity, ...]:
    """The entities within `size` units from `start`, counted from there."""
    kept = []
    for entity in entities:
        first, last = max(entity.offset - start, 0), min(entity.end - start, size)
        if last > first:
            kept.append(replace(entity, offset=first, length=last - first))
    return tuple(kept)
