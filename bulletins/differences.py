"""What a correction changes, word by word, for whoever is to approve it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from bulletins.values import Bulletin, Language, Text
from bulletins.wording import one_line, tidied

_MOST_WORDS = 1_000
"""Of each text. Beyond that nobody reads a comparison word by word, and it would take long to make."""
_WORDS_AROUND = 6
_TOKEN = re.compile(r"\S+")
LEFT_OUT = "…"


class Mark(StrEnum):
    """What became of a stretch of words."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words in a row of which the same became."""

    mark: Mark
    words: str


class PictureChange(StrEnum):
    """What becomes of the picture."""

    NONE = "none"
    KEPT = "kept"
    NEW = "new"
    REPLACED = "replaced"
    TAKEN_OUT = "taken_out"


def changed_words(before: Bulletin, after: Bulletin) -> Iterator[tuple[Language, tuple[Stretch, ...]]]:
    """For each language of either what its words become; of what stays only the nearest is given."""
    for language in dict.fromkeys((*before.texts, *after.texts)):
        old, new = before.texts.get(language), after.texts.get(language)
        if old != new:
            yield language, tuple(_stretches(_words(old), _words(new)))


def picture_change(before: Bulletin, after: Bulletin) -> PictureChange:
    """By the pictures' bytes."""
    if after.media is None:
        return PictureChange.NONE if before.media is None else PictureChange.TAKEN_OUT
    if before.media is None:
        return PictureChange.NEW
    is_same = before.media.sha256 == after.media.sha256
    return PictureChange.KEPT if is_same else PictureChange.REPLACED


def _words(text: Text | None) -> Sequence[str]:
    if text is None:
        return ()
    parts = (one_line(text.headline), tidied(text.body), tidied(text.instruction))
    return [word for part in parts for word in _TOKEN.findall(part)]


def _stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    if max(len(old), len(new)) > _MOST_WORDS:
        yield from _parts(old, new)
        return
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Stretch(Mark.SAME, " ".join(_shortened(new[new_start:new_end])))
        else:
            yield from _parts(old[start:end], new[new_start:new_end])


def _parts(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    for mark, words in ((Mark.GONE, old), (Mark.NEW, new)):
        if words:
            yield Stretch(mark, " ".join(words))


def _shortened(words: Sequence[str]) -> Sequence[str]:
    """The words next to what is changed, before and after."""
    if len(words) <= 2 * _WORDS_AROUND + 1:
        return words
    return [*words[:_WORDS_AROUND], LEFT_OUT, *words[-_WORDS_AROUND:]]
