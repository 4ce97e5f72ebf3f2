"""Texts and captions of a call: parse mode, given entities, cleaning, found entities, and lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.wire import utf16
from simulator.wire.automatic import with_found
from simulator.wire.cleaning import cleaned, trimmed
from simulator.wire.entities import CODES, QUOTES, STYLES, Entity, in_order
from simulator.wire.html import EntityError, parse_html
from simulator.wire.links import checked_link
from simulator.wire.markdown import parse_markdown
from simulator.world import RichText, World

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
ENTITIES_KEPT = 100
PARSED_KEPT = 256
_PARSERS = {"html": parse_html, "markdownv2": parse_markdown}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a text stands among the parameters, as JSON may nest it: text, parse mode, entities."""

    text: str
    parse_mode: str
    entities: Any


def text_of(request: Request, field: str = "text", entities: str = "entities") -> RichText:
    """The text of a message: 1 to 4,096 units after parsing."""
    source = Source(request.text(field), request.text("parse_mode"), request.structure(entities))
    if not source.text:
        raise bad_request("message text is empty")
    rich = formatted(request.world, source)
    if not rich.text:
        raise bad_request("text must be non-empty")
    if utf16.length(rich.text) > TEXT_UNITS:
        raise bad_request("message is too long")
    return rich


def caption_of(request: Request) -> RichText:
    """The caption of a file: 0 to 1,024 units after parsing."""
    entities = request.structure("caption_entities")
    return caption(request, Source(request.text("caption"), request.text("parse_mode"), entities))


def caption(request: Request, source: Source) -> RichText:
    rich = formatted(request.world, source)
    if utf16.length(rich.text) > CAPTION_UNITS:
        raise bad_request("message caption is too long")
    return rich


def formatted(world: World, source: Source) -> RichText:
    """Parse, clean, and add what the platform finds by itself."""
    text = cleaned(source.text)
    if source.parse_mode:
        rich = _parsed(text, source.parse_mode)
    else:
        rich = _completed(RichText(text, _given(text, source.entities or [])))
    return replace(rich, entities=_known_mentions(world, rich.entities)) if rich.entities else rich


@lru_cache(maxsize=PARSED_KEPT)
def _parsed(text: str, parse_mode: str) -> RichText:
    """Remembered, because a bulletin is the same text for thousands of chats."""
    parser = _PARSERS.get(parse_mode.lower())
    if parser is None:
        raise bad_request("unsupported parse_mode")
    try:
        return _completed(parser(text))
    except EntityError as error:
        raise bad_request(f"can't parse entities: {error}") from None


def _completed(rich: RichText) -> RichText:
    rich = trimmed(rich)
    return replace(rich, entities=_nested_well(with_found(rich.text, rich.entities))[:ENTITIES_KEPT])


def _given(text: str, described: list[dict[str, Any]]) -> tuple[Entity, ...]:
    size = utf16.length(text)
    entities = [_entity(one) for one in described]
    for entity in entities:
        if entity.offset < 0 or entity.length < 0:
            raise bad_request("can't parse entities: entity has a negative offset or length")
        if entity.end > size:
            raise bad_request(
                f"entity beginning at UTF-16 offset {entity.offset} ends after the end of the text "
                f"at UTF-16 offset {entity.end}"
            )
    return in_order(entities)


def _entity(described: dict[str, Any]) -> Entity:
    try:
        kind, offset, size = str(described["type"]), int(described["offset"]), int(described["length"])
    except (KeyError, TypeError, ValueError):
        raise bad_request("can't parse MessageEntity") from None
    return Entity(
        kind,
        offset,
        size,
        url=(checked_link(described.get("url") or "") or "") if kind == "text_link" else "",
        language=described.get("language") or "",
        user_id=(described.get("user") or {}).get("id"),
        emoji_id=described.get("custom_emoji_id") or "",
    )


def _known_mentions(world: World, entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """Mentions of people the platform does not know come to nothing, as do links without a target."""
    return tuple(
        entity
        for entity in entities
        if (entity.kind != "text_mention" or entity.user_id in world.users)
        and (entity.kind != "text_link" or entity.url)
    )


def _nested_well(entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """Nothing stands inside code: styles are cut around it, links and mentions that touch it are gone."""
    codes = [entity for entity in entities if entity.kind in CODES]
    if not codes:
        return entities
    kept: list[Entity] = []
    for entity in entities:
        if entity.kind in CODES or entity.kind in QUOTES:
            kept.append(entity)
        elif entity.kind in STYLES:
            kept.extend(_around(entity, codes))
        elif not any(entity.offset < code.end and code.offset < entity.end for code in codes):
            kept.append(entity)
    return in_order(kept)


def _around(entity: Entity, codes: list[Entity]) -> Iterator[Entity]:
    start = entity.offset
    for code in codes:
        if code.end <= start or code.offset >= entity.end:
            continue
        if code.offset > start:
            yield replace(entity, offset=start, length=code.offset - start)
        start = code.end
    if start < entity.end:
        yield replace(entity, offset=start, length=entity.end - start)
