"""Words out of a CAP file made fit for a chat: markup taken out, hard-wrapped lines joined again."""

import html
import re
from itertools import pairwise

from bulletins.characters import without_odd_characters
from bulletins.wording import tidied

# Only HTML's own element names count as markup: "gió < 5 m/s và > 3 m/s" is a sentence.
_HIDDEN_PARTS = re.compile(r"<(script|style)\b[^<>]*>[^<]*</\1\s*>", re.IGNORECASE)
_LIST_ITEM = re.compile(r"<li\b[^<>]*>", re.IGNORECASE)
_LINE_BREAK = re.compile(r"</?br\b[^<>]*>|</?(?:tr|div|ul|ol|dl|dt|dd|table|hr)\b[^<>]*>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</?(?:p|h[1-6]|blockquote|section|article)\b[^<>]*>", re.IGNORECASE)
_OTHER_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|small|big|sub|sup|span|font|center|pre|code|img|li|td|th|tbody|thead"
    r"|abbr|acronym|html|head|body|title|meta|link)\b[^<>]*>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,7});")
_BULLET = re.compile(r"(?:[*•\-–+]|\d{1,3}[.)]|[a-zđ][.)])\s")
_SAYS_NOTHING = frozenset({"", "none", "n/a", "na", "not applicable", "nil", "-", "--", "không", "không có"})

# Mail and teletype programs wrap between these; a longest line outside them is no sign of wrapping.
_SENTENCE_ENDS = (".", "!", "?", "…", ";")
_NARROWEST_WRAP, _WIDEST_WRAP = 60, 100


def readable(text: str) -> str:
    """Plain words with the paragraphs that the author meant; empty when it only says "None"."""
    words = tidied("\n".join(map(_unwrapped, _LINE_BREAK.split(text))))
    return "" if words.casefold().rstrip(".") in _SAYS_NOTHING else words


def _unwrapped(text: str) -> str:
    plain = tidied(without_odd_characters(_without_markup(text.replace("\t", " "))))
    return "\n\n".join(_joined(paragraph.split("\n")) for paragraph in plain.split("\n\n"))


def _without_markup(text: str) -> str:
    if "<" in text:
        text = _HIDDEN_PARTS.sub(" ", text)
        text = _LIST_ITEM.sub("\n• ", text)
        text = _PARAGRAPH.sub("\n\n", text)
        text = _OTHER_TAG.sub("", text)
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def _joined(lines: list[str]) -> str:
    width = max(map(len, lines))
    joined = [lines[0]]
    for above, below in pairwise(lines):
        joined += [" " if _is_wrapped(above, below, width) else "\n", below]
    return "".join(joined)


def _is_wrapped(above: str, below: str, width: int) -> bool:
    """Whether a line went on below only because there was no room for the next word."""
    if _BULLET.match(below) or above.endswith(":"):
        return False
    if below[:1].islower():
        return True
    if not _NARROWEST_WRAP <= width <= _WIDEST_WRAP:
        return False
    # The width is a guess: tags and indents make some lines shorter than the text was wrapped at.
    room = width if above.endswith(_SENTENCE_ENDS) else width * 3 // 4
    return len(above) + 1 + len(below.split(" ", 1)[0]) > room
