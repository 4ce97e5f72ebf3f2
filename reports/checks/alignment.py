"""Which items of two sequences belong together, in order, at a cost that grows with their lengths alone. Pure.

What stands once in each is an anchor; what is between two anchors is looked at in the same way, a few levels deep.
Short stretches are compared item by item. A long stretch without anchors counts as different: it is hardly the
same text then, and an exact answer would cost the square of its length, or more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_DEEPEST = 6
_MOST_COMPARED = 1_024
"""Items of one stretch times items of the other, up to which each is compared with each."""

Opcode = tuple[bool, int, int, int, int]
"""Whether they are equal; from and up to which of ours; from and up to which of theirs."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """A stretch of both, and whether it touches what belongs together at its head and at its tail."""

    i1: int
    i2: int
    j1: int
    j2: int
    follows: bool = False
    precedes: bool = False


def opcodes(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Opcode]:
    """What is equal and what is not, in order, without gaps; the equal stretches as long as they can be."""
    i = j = 0
    for i1, i2, j1 in _blocks(_pairs(ours, theirs, _Gap(0, len(ours), 0, len(theirs)), _DEEPEST)):
        if i < i1 or j < j1:
            yield (False, i, i1, j, j1)
        i, j = i2, j1 + i2 - i1
        yield (True, i1, i2, j1, j)
    if i < len(ours) or j < len(theirs):
        yield (False, i, len(ours), j, len(theirs))


def _blocks(pairs: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Pairs that follow each other on both sides as one: from and up to which of ours, from which of theirs."""
    begun: tuple[int, int, int] | None = None
    for i, j in pairs:
        if begun and i == begun[1] and j == begun[2] + i - begun[0]:
            begun = (begun[0], i + 1, begun[2])
            continue
        if begun:
            yield begun
        begun = (i, i + 1, j)
    if begun:
        yield begun


def _pairs(ours: Sequence[str], theirs: Sequence[str], gap: _Gap, depth: int) -> Iterator[tuple[int, int]]:
    """Pairs of items that belong together, in order."""
    head = _alike(ours, theirs, gap) if gap.follows else 0
    rest = _Gap(gap.i1 + head, gap.i2, gap.j1 + head, gap.j2, gap.follows, gap.precedes)
    tail = _alike_at_end(ours, theirs, rest) if gap.precedes else 0
    rest = _Gap(rest.i1, rest.i2 - tail, rest.j1, rest.j2 - tail, gap.follows, gap.precedes)
    yield from ((gap.i1 + place, gap.j1 + place) for place in range(head))
    yield from _inner_pairs(ours, theirs, rest, depth)
    yield from ((rest.i2 + place, rest.j2 + place) for place in range(tail))


def _inner_pairs(
    ours: Sequence[str], theirs: Sequence[str], gap: _Gap, depth: int
) -> Iterator[tuple[int, int]]:
    if (gap.i2 - gap.i1) * (gap.j2 - gap.j1) <= _MOST_COMPARED:
        yield from _compared(ours, theirs, gap)
        return
    anchors = _anchors(ours, theirs, gap)
    if not anchors and not (gap.follows and gap.precedes):
        yield from _pairs(ours, theirs, _Gap(gap.i1, gap.i2, gap.j1, gap.j2, True, True), depth)
        return
    if not anchors or depth == 0:
        return
    i, j, follows = gap.i1, gap.j1, gap.follows
    for at_i, at_j in anchors:
        yield from _pairs(ours, theirs, _Gap(i, at_i, j, at_j, follows, True), depth - 1)
        yield (at_i, at_j)
        i, j, follows = at_i + 1, at_j + 1, True
    yield from _pairs(ours, theirs, _Gap(i, gap.i2, j, gap.j2, True, gap.precedes), depth - 1)


def _compared(ours: Sequence[str], theirs: Sequence[str], gap: _Gap) -> Iterator[tuple[int, int]]:
    if gap.i1 == gap.i2 or gap.j1 == gap.j2:
        return
    matcher = SequenceMatcher(None, ours[gap.i1 : gap.i2], theirs[gap.j1 : gap.j2], autojunk=False)
    for block in matcher.get_matching_blocks():
        for place in range(block.size):
            yield (gap.i1 + block.a + place, gap.j1 + block.b + place)


def _alike(ours: Sequence[str], theirs: Sequence[str], gap: _Gap) -> int:
    """How many at the head of a gap are equal."""
    most = min(gap.i2 - gap.i1, gap.j2 - gap.j1)
    return next((at for at in range(most) if ours[gap.i1 + at] != theirs[gap.j1 + at]), most)


def _alike_at_end(ours: Sequence[str], theirs: Sequence[str], gap: _Gap) -> int:
    most = min(gap.i2 - gap.i1, gap.j2 - gap.j1)
    return next((at for at in range(most) if ours[gap.i2 - 1 - at] != theirs[gap.j2 - 1 - at]), most)


def _anchors(ours: Sequence[str], theirs: Sequence[str], gap: _Gap) -> list[tuple[int, int]]:
    """The longest row of items that stand once in each and in the same order (patience sorting)."""
    counted = Counter(ours[gap.i1 : gap.i2])
    elsewhere = Counter(theirs[gap.j1 : gap.j2])
    places = {theirs[j]: j for j in range(gap.j1, gap.j2) if elsewhere[theirs[j]] == 1}
    common = [
        (i, places[ours[i]]) for i in range(gap.i1, gap.i2) if counted[ours[i]] == 1 and ours[i] in places
    ]
    lowest: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_i, j) in enumerate(common):
        pile = bisect_left(lowest, j)
        before.append(ends[pile - 1] if pile else -1)
        lowest[pile : pile + 1] = [j]
        ends[pile : pile + 1] = [index]
    row, index = [], ends[-1] if ends else -1
    while index >= 0:
        row.append(common[index])
        index = before[index]
    return row[::-1]
