"""Texts made to be slow, and a measure that tells whether something costs more than their length.

A text comes as a recipe, ``make(length)``, so that it can grow. Recipes for a pattern are made from its own parse tree:
what it repeats, what it begins with, and what almost matches.
"""

from __future__ import annotations

import re
import re._constants as sre
import re._parser as sre_parser
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from time import thread_time
from typing import Any

MOST_PIECES = 8
_MANY = 3
"""A repetition that may go on for so long counts as one that grows."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make a text of any length: a beginning, one or two pieces again and again, an ending."""

    begins: str = ""
    piece: str = ""
    then: str = ""
    ends: str = ""
    numbered: bool = False
    """Each piece is followed by its number, so that no two are alike."""

    def make(self, length: int) -> str:
        """The text."""
        if self.numbered:
            middle = "".join(f"{self.piece}{number}" for number in range(length // (len(self.piece) + 4)))
            return self.begins + middle + self.ends
        half = length // 2 if self.then else length
        middle = self.piece * (half // len(self.piece))
        if self.then:
            middle += self.then * (half // len(self.then))
        return self.begins + middle + self.ends


PIECES = (
    *(
        "a",
        "a.",
        "a-",
        "a ",
        "a\n",
        "và ",
        "A1",
        "1",
        "1.",
        "1 ",
        "1,",
        "1/",
        "1:",
        "07:",
        "0912 345 678 ",
        "1.000 ",
        "7h ",
    ),
    *(
        " ",
        "  .",
        "\n",
        "\r\n",
        "\t",
        "\n\n",
        ".",
        ". ",
        "!",
        "-",
        "_",
        "/",
        "\\",
        ":",
        ";",
        ",",
        "*",
        "%",
        "&",
        "&#",
        "&amp;",
    ),
    *(
        '"',
        "'",
        "“",
        "(",
        "[",
        "{",
        "<",
        ">",
        "[.]",
        "(.) ",
        " [.] ",
        " . ",
        "<a>",
        "<p>",
        "<br",
        "<script>",
        "<li ",
    ),
    *(
        "@",
        "a@",
        "@a",
        "a@b.",
        "://",
        "http:",
        "http://",
        "hxxps://a.",
        "http://a.vn/ ",
        "www.",
        "a.vn ",
        "//a:",
        "xn--a.",
    ),
    *(
        "LOA",
        "LOA-",
        "LOA ",
        "LOA-ABCD-1 ",
        "1OA0",
        "PA-",
        "khong phai ",
        "not a ",
        "thứ hai ",
        "hằng ngày ",
        "tháng 1 ",
    ),
    *(
        "stk ",
        "ngày 1",
        "1h30",
        "+84",
        "1900",
        "DETAIL:  Key ",
        "password=",
        "bearer ",
        "basic a",
        "111111:",
        "retry after 1",
    ),
    *(
        "\u0301",
        "\u0323\u0301",
        "\uff9e\u0301",
        "\u200d",
        "\u200b",
        "\u202e",
        "\ufe0f",
        "\u00ad",
        "ﷺ",
        "İ",
        "ß",
        "ệ",
        "é",
    ),
    *("👨‍👩‍👧", "🇻🇳", "\U0001d15e", "가", "ก็", "ख़", "а", "аa", "\0", "\x1b", "\ud7a3", "�"),
)
BLOCKS = ("a", "1", " ", ".", "\u0301", "\u0323")

GENERAL = (
    *(Recipe(piece=piece) for piece in PIECES),
    *(Recipe(piece=one, then=other, begins="a") for one, other in product(BLOCKS, BLOCKS) if one != other),
    *(
        Recipe(piece=piece, numbered=True)
        for piece in (" nước", ".a", " http://a.vn/", "\nk", " 1", " LOA-ABC")
    ),
)


def recipes_for(pattern: re.Pattern[Any]) -> Iterator[Recipe]:
    """Texts that this pattern may be slow on."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = sre_parser.parse(
        source, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    )
    pieces = dict.fromkeys(piece for piece in _pieces(list(tree)) if piece)
    beginnings = list(dict.fromkeys(_beginnings(list(tree))))
    for piece in [*pieces, *beginnings]:
        yield Recipe(piece=piece)
        yield Recipe(piece=piece, ends="\x01")
    some = list(pieces)[:MOST_PIECES]
    for begins, piece in product(beginnings[:MOST_PIECES], some):
        yield Recipe(begins=begins, piece=piece, ends="\x01")
    for one, other in product(some, some):
        if one != other:
            yield Recipe(piece=one + other, ends="\x01")
            yield Recipe(piece=one, then=other, ends="\x01")


_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


def _pieces(nodes: list[Any]) -> Iterator[str]:
    """What a pattern is made of: what it repeats, each alternative, single characters."""
    for kind, value in nodes:
        inner = list(_within(kind, value))
        if kind in _REPEATS and value[1] >= _MANY:
            yield from _samples(inner[0])
        elif kind is sre.BRANCH or kind in (sre.ASSERT, sre.ASSERT_NOT):
            yield from (sample for nodes in inner for sample in _samples(nodes))
        for nodes in inner:
            yield from _pieces(nodes)
        if not inner:
            yield from _characters(kind, value)


def _within(kind: Any, value: Any) -> Iterator[list[Any]]:
    """The parts that an item of a pattern holds; several when they are alternatives."""
    if kind in _REPEATS:
        yield list(value[2])
    elif kind is sre.SUBPATTERN:
        yield list(value[-1])
    elif kind is sre.ATOMIC_GROUP:
        yield list(value)
    elif kind in (sre.ASSERT, sre.ASSERT_NOT):
        yield list(value[1])
    elif kind is sre.BRANCH:
        yield from map(list, value[1])


def _beginnings(nodes: list[Any]) -> Iterator[str]:
    """What leads a pattern in: ever longer parts of something that matches."""
    begun = ""
    for node in nodes:
        if node[0] is sre.BRANCH:
            for alternative in node[1][1]:
                yield from (begun + beginning for beginning in _beginnings(list(alternative)))
        elif node[0] is sre.SUBPATTERN:
            yield from (begun + beginning for beginning in _beginnings(list(node[1][-1])))
        begun += next(_samples([node]), "")
        if begun:
            yield begun


def _samples(nodes: list[Any]) -> Iterator[str]:
    """A few texts that match."""
    parts = [list(_node_samples(*node)) or [""] for node in nodes]
    for turn in range(max(map(len, parts), default=0)):
        yield "".join(part[min(turn, len(part) - 1)] for part in parts)


def _node_samples(kind: Any, value: Any) -> Iterator[str]:
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return
    inner = list(_within(kind, value))
    times = max(value[0], 1) if kind in _REPEATS else 1
    for nodes in inner:
        yield from (sample * times for sample in _samples(nodes))
    if not inner:
        yield from _characters(kind, value)


_OF_CATEGORY = {
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_NOT_DIGIT: "a ",
    sre.CATEGORY_SPACE: " \n",
    sre.CATEGORY_NOT_SPACE: "a.",
    sre.CATEGORY_WORD: "a1",
    sre.CATEGORY_NOT_WORD: " .-",
}


def _characters(kind: Any, value: Any) -> Iterator[str]:
    """Characters that one item of a pattern takes."""
    if kind is sre.IN and value[0][0] is sre.NEGATE:
        taken = "".join(letter for item in value[1:] for letter in _characters(*item))
        yield from [letter for letter in "a1 .-\n<" if letter not in taken][:3]
    elif kind is sre.IN:
        yield from (letter for item in value for letter in _characters(*item))
    elif kind in (sre.LITERAL, sre.RANGE):
        yield chr(value if kind is sre.LITERAL else value[0])
    elif kind is sre.NOT_LITERAL:
        yield next(letter for letter in "a1 ." if ord(letter) != value)
    elif kind is sre.CATEGORY:
        yield from _OF_CATEGORY[value]
    elif kind is sre.ANY:
        yield from "a."


# --- the measure --------------------------------------------------------------------------------------------

Run = Callable[[str], object]

_SHORT, _LONG = 400, 1_600
_SECOND_LOOKS = (1_000, 2_000)
_TOO_LONG_SECONDS = 2.0
_WORTH_A_SECOND_LOOK_SECONDS = 0.0004
_STEEPEST = 8.0
"""Four times the text may cost so many times as much: a square costs sixteen times, noise never twice in a row."""


def seconds(run: Run, text: str, times: int = 1) -> float:
    """Of this thread's own processor time, the least of so many runs: what others do on the machine changes little."""
    spent = []
    for _ in range(times):
        started = thread_time()
        run(text)
        spent.append(thread_time() - started)
    return min(spent)


class _NeverEnds(Exception):
    """It was given up."""


def _give_up(*_: object) -> None:
    raise _NeverEnds


def is_steep(run: Run, recipe: Recipe) -> bool:
    """Whether the cost grows faster than the text: seen at one length, and seen again at others."""
    before = signal.signal(signal.SIGVTALRM, _give_up)  # patterns listen to signals while they search
    try:
        return _is_steep(run, recipe)
    except _NeverEnds:
        return True
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _is_steep(run: Run, recipe: Recipe) -> bool:
    signal.setitimer(signal.ITIMER_VIRTUAL, _TOO_LONG_SECONDS)
    short, long = seconds(run, recipe.make(_SHORT)), seconds(run, recipe.make(_LONG))
    if long < _WORTH_A_SECOND_LOOK_SECONDS or long < _STEEPEST * short:
        return False
    signal.setitimer(signal.ITIMER_VIRTUAL, 10 * _TOO_LONG_SECONDS)
    return all(
        seconds(run, recipe.make(4 * length), 3) >= _STEEPEST * seconds(run, recipe.make(length), 3)
        for length in _SECOND_LOOKS
    )
