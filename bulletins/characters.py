"""Which characters have no place in an official notice: those that show nothing, hide, reorder or mean nothing yet.

Emoji are the exception: what styles and joins them is invisible too, and is let through only where it stands in an
emoji sequence (Unicode Technical Standard #51, "ED-17 emoji sequence"). A style mark after a letter is not one.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

MOST_MARKS_ON_A_LETTER = 4
_SHOWN_AROUND = 12
_PLACEHOLDER = "▯"

# Default_Ignorable_Code_Point of Unicode 14.0 (DerivedCoreProperties.txt): shown as nothing, also by fonts that do
# not know them, and so also those that nobody has given a meaning yet. Python does not carry this property.
UNICODE_VERSION = "14.0.0"
DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Not ignorable by that property, and blank in every font all the same: a Braille cell without dots, a placeholder
# for what is no text, a note head that is none, fillers of old scripts.
_BLANK = frozenset("\u2800\ufffc\U0001d159\U00016fe4\U00013441\U00013442")
# Control, format, surrogate, private use, unassigned (noncharacters are among the last).
_MEANINGLESS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

# Extended_Pictographic of the same version (emoji-data.txt), the scattered signs below U+2C00 among their
# neighbours. It holds code points kept free for emoji to come: a telephone may know them before Python does.
_PICTOGRAPH = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705"
    "\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767"
    "\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a"
    "\U0001f23c-\U0001f23f\U0001f249-\U0001f3fa\U0001f400-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f"
    "\U0001f888-\U0001f88f\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff"
    "\U0001fc00-\U0001fffd"
)
_ELEMENT = rf"[{_PICTOGRAPH}](?:\ufe0e|\ufe0f?[\U0001f3fb-\U0001f3ff]?)"
# "gbeng", "gbsct", "gbwls" in tag letters: the only flags of that kind that are drawn.
_FLAGS_OF_PARTS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in name) for name in ("gbeng", "gbsct", "gbwls")
)
_EMOJI = re.compile(
    rf"\U0001f3f4(?:{_FLAGS_OF_PARTS})\U000e007f"
    rf"|[0-9#*]\ufe0f\u20e3"
    rf"|{_ELEMENT}(?:\u200d{_ELEMENT}){{0,9}}"
)
_HARMLESS = re.compile(r"[\n\x20-\x7e]+")


def odd_characters(text: str) -> tuple[str, ...]:
    """Characters that could hide or reorder what people read, named as U+202E, each once."""
    return tuple(dict.fromkeys(f"U+{ord(text[place]):04X}" for place in _odd_places(text)))


def odd_spots(text: str, at_most: int) -> tuple[str, ...]:
    """The first of them, each once, with the words around: ``U+200B “Ngân▯hàng”``."""
    first: dict[str, int] = {}
    for place in _odd_places(text):
        first.setdefault(text[place], place)
    return tuple(
        f"U+{ord(odd):04X} “{_around(text, place)}”" for odd, place in islice(first.items(), at_most)
    )


def without_odd_characters(text: str) -> str:
    """The text with every odd character left out, for text that others wrote."""
    odd = set(_odd_places(text))
    return "".join(letter for place, letter in enumerate(text) if place not in odd)


def is_default_ignorable(letter: str) -> bool:
    """Whether a character shows nothing wherever it stands."""
    number = ord(letter)
    return any(first <= number <= last for first, last in DEFAULT_IGNORABLE)


def _odd_places(text: str) -> Iterator[int]:
    """Where they are, in order. Emoji sequences are stepped over whole."""
    if _HARMLESS.fullmatch(text):
        return
    position = height = 0
    for begin, end in (*(emoji.span() for emoji in _EMOJI.finditer(text)), (len(text), len(text))):
        for place in range(position, begin):
            is_odd, is_mark = _is_odd(text[place]), _is_mark(text[place])
            # What shows nothing does not part the marks before it from those after it.
            height = height + is_mark if is_mark or is_odd else 0
            if is_odd or height > MOST_MARKS_ON_A_LETTER:
                yield place
        position, height = end, 0


def _is_odd(letter: str) -> bool:
    if letter == "\n" or " " <= letter <= "~":
        return False
    return unicodedata.category(letter) in _MEANINGLESS or letter in _BLANK or is_default_ignorable(letter)


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter).startswith("M")


def _around(text: str, place: int) -> str:
    """The words at a place, on one line, with everything odd in them made visible."""
    begin = max(place - _SHOWN_AROUND, 0)
    near = text[begin : place + _SHOWN_AROUND + 1]
    odd = set(_odd_places(near)) | {place - begin}
    return "".join(_PLACEHOLDER if at in odd else letter for at, letter in enumerate(near)).replace("\n", " ")
