"""Text as text: one normal form, its length as chat platforms count it, cutting it, comparing it."""

import re
import unicodedata

_SPACES_IN_A_LINE = re.compile(r"[^\S\n]+")
_MANY_BLANK_LINES = re.compile(r"\n{3,}")
_ANY_SPACES = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?…:;](?=\s)|\n")
_NOT_A_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
_EMOJI_STYLES = str.maketrans("", "", "\ufe0e\ufe0f")


def tidied(text: str) -> str:
    """The one normal form of a text: NFC, single spaces, at most one blank line, nothing around it."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (line.strip(" ") for line in _SPACES_IN_A_LINE.sub(" ", composed).split("\n"))
    return _MANY_BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def one_line(text: str) -> str:
    """`tidied`, with line breaks become spaces."""
    return _ANY_SPACES.sub(" ", tidied(text))


def utf16_length(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts (Bot API, "Message entities")."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def shortened(text: str, most_units: int) -> str:
    """The text, or as many whole sentences as fit with " …" after them; whole words when no sentence fits."""
    if utf16_length(text) <= most_units:
        return text
    mark = " …"
    room = _fitting(text, most_units - len(mark))
    sentences = [end.end() for end in _SENTENCE_END.finditer(text, 0, room + 1) if end.end() <= room]
    # A sentence that ends very early would throw away most of what could be said.
    cut = sentences[-1] if sentences and sentences[-1] * 2 >= room else text.rfind(" ", 0, room + 1)
    kept = text[: cut if cut > 0 else room].rstrip()
    return kept + mark if kept else ""


def folded(text: str) -> str:
    """For comparing loosely: compatibility forms, case, spaces and emoji style make no difference."""
    compatible = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _ANY_SPACES.sub(" ", compatible.translate(_EMOJI_STYLES)).strip()


def same_words(rendered_plain: str, forwarded_text: str) -> bool:
    """Whether a forwarded copy says what the record says; only spacing and normal form may differ."""
    return _without_layout(rendered_plain) == _without_layout(forwarded_text)


def bare_words(text: str) -> str:
    """Lower case, without accents and punctuation, single spaces: "Diễn-tập!" is "dien tap"."""
    letters = unicodedata.normalize("NFKD", text).casefold().replace("đ", "d")
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NOT_A_LETTER_OR_DIGIT.sub(" ", plain).strip()


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter).startswith("M")


def _fitting(text: str, most_units: int) -> int:
    """How many characters fit, never parting a letter from its marks."""
    units = 0
    for index, letter in enumerate(text):
        units += 2 if letter > "\uffff" else 1
        if units > most_units:
            while index > 0 and _is_mark(text[index]):
                index -= 1
            return index
    return len(text)


def _without_layout(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return _ANY_SPACES.sub(" ", composed.translate(_EMOJI_STYLES)).strip()
