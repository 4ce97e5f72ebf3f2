"""Text as text: one normal form, its length as chat platforms count it, cutting it, comparing it."""

import re
import unicodedata
from typing import Literal

_SPACES_IN_A_LINE = re.compile(r"[^\S\n]+")
_MANY_BLANK_LINES = re.compile(r"\n{3,}")
_ANY_SPACES = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?…:;](?=\s)|\n")
_NOT_A_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
_EMOJI_STYLES = str.maketrans("", "", "\ufe0e\ufe0f")

# Unicode Standard Annex 15, "Stream-Safe Text Format": no language has more marks in a row than these.
_MOST_MARKS_IN_A_ROW = 30
# Letters that become marks when they are taken apart; and marks that become several. A run of emoji is matched too,
# and kept.
_LETTERS_BECOME_MARKS = "\uff9e\uff9f"
_BECOME_MARKS = _LETTERS_BECOME_MARKS + "\u0f73\u0f75\u0f81"
_MAY_BE_MARKS = re.compile(
    rf"(?:[^\w\s\x00-\u02ff]|[{_LETTERS_BECOME_MARKS}]){{{_MOST_MARKS_IN_A_ROW + 1},}}"
)


def normal(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The text in a normal form of Unicode; of more than 30 marks in a row, the rest are left out.

    Python puts the marks of a row in order at a cost that grows with the square of their number.
    """
    return unicodedata.normalize(form, _MAY_BE_MARKS.sub(_few_marks, text))


def tidied(text: str) -> str:
    """The one normal form of a text: NFC, single spaces, at most one blank line, nothing around it."""
    composed = normal("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
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
    compatible = normal("NFKC", normal("NFKC", text).casefold())
    return _ANY_SPACES.sub(" ", compatible.translate(_EMOJI_STYLES)).strip()


def same_words(rendered_plain: str, forwarded_text: str) -> bool:
    """Whether a forwarded copy says what the record says; only spacing and normal form may differ."""
    return without_layout(rendered_plain) == without_layout(forwarded_text)


def without_layout(text: str) -> str:
    """Its words alone, for `same_words`: one normal form, single spaces, no emoji styles."""
    return _ANY_SPACES.sub(" ", normal("NFC", text).translate(_EMOJI_STYLES)).strip()


def bare_words(text: str) -> str:
    """Lower case, without accents and punctuation, single spaces: "Diễn-tập!" is "dien tap"."""
    letters = normal("NFKD", text).casefold().replace("đ", "d")
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


def _few_marks(run: re.Match[str]) -> str:
    kept, in_a_row = [], 0
    for letter in run[0]:
        in_a_row = in_a_row + 1 if unicodedata.combining(letter) or letter in _BECOME_MARKS else 0
        if in_a_row <= _MOST_MARKS_IN_A_ROW:
            kept.append(letter)
    return "".join(kept)
