"""Turning a formatted text into HTML for people to look at, every kind of entity included."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from simulator.wire import utf16
from simulator.wire.entities import Entity, in_order

_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "spoiler": "tg-spoiler",
    "code": "code",
    "blockquote": "blockquote",
}


def as_html(text: str, entities: Sequence[Entity]) -> str:
    """The text with tags the Bot API itself would accept; found links and mentions stay plain."""
    marks = [entity for entity in entities if _tags(entity) is not None]
    if not marks:
        return escape(text, quote=False)
    cuts = sorted({0, utf16.length(text)} | {at for mark in marks for at in (mark.offset, mark.end)})
    pieces: list[str] = []
    open_marks: list[Entity] = []
    for start, end in zip(cuts, [*cuts[1:], cuts[-1]], strict=True):
        pieces.extend(_close(open_marks, start))
        for mark in in_order(mark for mark in marks if mark.offset == start):
            pieces.append((_tags(mark) or ("", ""))[0])
            open_marks.append(mark)
        pieces.append(escape(utf16.cut(text, start, end - start), quote=False))
    return "".join(pieces)


def _close(open_marks: list[Entity], at: int) -> list[str]:
    closed = []
    while open_marks and open_marks[-1].end <= at:
        closed.append((_tags(open_marks.pop()) or ("", ""))[1])
    return closed


def _tags(entity: Entity) -> tuple[str, str] | None:
    match entity.kind:
        case "text_link":
            return f'<a href="{escape(entity.url)}">', "</a>"
        case "text_mention":
            return f'<a href="tg://user?id={entity.user_id}">', "</a>"
        case "pre" if entity.language:
            return f'<pre><code class="language-{escape(entity.language)}">', "</code></pre>"
        case "pre":
            return "<pre>", "</pre>"
        case "expandable_blockquote":
            return "<blockquote expandable>", "</blockquote>"
        case "custom_emoji":
            return f'<tg-emoji emoji-id="{escape(entity.emoji_id)}">', "</tg-emoji>"
    tag = _TAGS.get(entity.kind)
    return None if tag is None else (f"<{tag}>", f"</{tag}>")
