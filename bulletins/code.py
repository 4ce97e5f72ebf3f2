"""The short code of a bulletin, ``LOA-XXXX-C``: made, read from what a person typed, found in a longer text.

The body is Crockford's base 32 (no I, L, O, U); C is his check symbol, the number modulo 37. A body has four
symbols (1,048,576 numbers) and grows, up to eight, when the space becomes crowded: `body_symbols` says when.
A longer body never begins with 0, so that every number has exactly one code.
"""

import re
import unicodedata
from typing import NewType

from bulletins.wording import normal

Code = NewType("Code", str)

PREFIX = "LOA"
FEWEST_SYMBOLS = 4
MOST_SYMBOLS = 8
MOST_TYPED_CHARACTERS = 64
MOST_SEARCHED_CHARACTERS = 16_384
MOST_CODES_FOUND = 20

_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK_SYMBOLS = _SYMBOLS + "*~$=U"
# Crockford allows these four as check symbols; chat programs read them as formatting, links cannot carry
# them and nobody can say them on the telephone. They are understood, never made.
_AWKWARD_CHECKS = frozenset("*~$=")
_LOOK_ALIKES = str.maketrans("OIL", "011")
_BETWEEN = r"[\s\-\u2010-\u2015\u2212]"
_BETWEEN_PATTERN = re.compile(_BETWEEN)
_PREFIX_PATTERN = re.compile(r"(?<![0-9A-Z])[L1I][O0]A", re.ASCII)
_AFTER_PREFIX = {
    length: re.compile(
        rf"{_BETWEEN}{{0,3}}([0-9A-TV-Z]{{{length}}}){_BETWEEN}{{0,3}}([0-9A-Z*~$=])(?!-?[0-9A-Z])"
    )
    for length in range(FEWEST_SYMBOLS, MOST_SYMBOLS + 1)
}


def body_symbols(codes_in_use: int) -> int:
    """How long the next code's body should be, so that a random draw collides less than once in eight."""
    for symbols in range(FEWEST_SYMBOLS, MOST_SYMBOLS):
        if codes_in_use < 32**symbols // 8:
            return symbols
    return MOST_SYMBOLS


def make(random_bits: int, symbols: int = FEWEST_SYMBOLS) -> Code:
    """The code for some random bits; only as many as the body holds are used.

    Whoever calls keeps codes unique: when the result is taken, draw again.
    """
    if not FEWEST_SYMBOLS <= symbols <= MOST_SYMBOLS:
        raise ValueError(f"a code has {FEWEST_SYMBOLS} to {MOST_SYMBOLS} symbols, not {symbols}")
    lowest = 0 if symbols == FEWEST_SYMBOLS else 32 ** (symbols - 1)
    room = 32**symbols - lowest
    number = lowest + random_bits % room
    while _CHECK_SYMBOLS[number % 37] in _AWKWARD_CHECKS:
        number = lowest + (number - lowest + 1) % room
    return _written(_body_of(number, symbols), number)


def parse(text: str) -> Code | None:
    """The code a person typed, with case, spaces, hyphens, O for 0 and I or L for 1 forgiven; else None."""
    if len(text) > MOST_TYPED_CHARACTERS:
        return None
    typed = _BETWEEN_PATTERN.sub("", _plain_capitals(text))
    if not _PREFIX_PATTERN.match(typed):
        return None
    return _checked(typed[len(PREFIX) : -1], typed[-1])


def find_codes(text: str) -> list[Code]:
    """The codes in a longer text, each once, in the order they appear; at most 20 from the first 16,384."""
    searched = _plain_capitals(text[:MOST_SEARCHED_CHARACTERS])
    found: dict[Code, None] = {}
    for prefix in _PREFIX_PATTERN.finditer(searched):
        for code in _codes_after(searched, prefix.end()):
            found[code] = None
        if len(found) >= MOST_CODES_FOUND:
            break
    return list(found)[:MOST_CODES_FOUND]


def _codes_after(text: str, position: int) -> list[Code]:
    matches = (pattern.match(text, position) for pattern in _AFTER_PREFIX.values())
    codes = (_checked(match[1], match[2]) for match in matches if match)
    return [code for code in codes if code]


def _checked(body: str, check: str) -> Code | None:
    body = body.translate(_LOOK_ALIKES)
    check = check.translate(_LOOK_ALIKES)
    if not FEWEST_SYMBOLS <= len(body) <= MOST_SYMBOLS or not set(body) <= set(_SYMBOLS):
        return None
    if len(body) > FEWEST_SYMBOLS and body[0] == "0":
        return None
    number = _number_of(body)
    return _written(body, number) if _CHECK_SYMBOLS[number % 37] == check else None


def _written(body: str, number: int) -> Code:
    return Code(f"{PREFIX}-{body}-{_CHECK_SYMBOLS[number % 37]}")


def _body_of(number: int, symbols: int) -> str:
    return "".join(_SYMBOLS[number >> 5 * place & 31] for place in reversed(range(symbols)))


def _number_of(body: str) -> int:
    number = 0
    for symbol in body:
        number = number * 32 + _SYMBOLS.index(symbol)
    return number


def _plain_capitals(text: str) -> str:
    compatible = normal("NFKC", text)
    visible = "".join(letter for letter in compatible if unicodedata.category(letter) != "Cf")
    return visible.strip().upper()
