"""What a correction changes, as its approver reads it: words struck out and words in bold, the picture, the rest."""

from __future__ import annotations

from collections.abc import Iterator

from aiogram import html
from aiogram.utils.i18n import gettext as _

from broadcasts.broadcast import Broadcast
from broadcasts.drafting import weight_of
from bulletins.bulletin import ENGLISH, VIETNAMESE, Bulletin
from bulletins.differences import Mark, PictureChange, Stretch, changed_words, picture_change
from bulletins.labels import category_words
from bulletins.rendering import TEXT_UNITS
from bulletins.wording import utf16_length
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import moment_words, weight_words
from handlers.telling import spoken

_ROOM_UNITS = TEXT_UNITS - 600
"""For the words; marks of HTML do not count on the platform, what stands below them does."""


def difference_words(broadcast: Broadcast, desk: BulletinDesk) -> str | None:
    """The message; None for what puts nothing right."""
    if broadcast.earlier is None:
        return None
    before, after = broadcast.earlier.standing, broadcast.bulletin
    lines = [_("🔍 What changes against what stands in the channels now:"), *_texts(before, after)]
    lines.append(_picture(before, after))
    lines += [
        f"{label} {_became(old, new)}" for label, old, new in _fields(before, after, desk) if old != new
    ]
    return "\n".join(lines)


def _texts(before: Bulletin, after: Bulletin) -> Iterator[str]:
    left = _ROOM_UNITS
    names = {VIETNAMESE: _("Vietnamese"), ENGLISH: _("English")}
    changed = dict(changed_words(before, after))
    for language, stretches in changed.items():
        yield f"<b>{html.quote(names.get(language, language))}</b>"
        words, left = _marked(stretches, left)
        yield words
        if language not in after.texts:
            yield _("This language is left out: its channels get the correction in another one.")
    if not changed:
        yield _("The words stay as they are.")


def _marked(stretches: tuple[Stretch, ...], room: int) -> tuple[str, int]:
    """As much as there is room for. What is cut off is said to be: the preview has all of it."""
    parts: list[str] = []
    for stretch in stretches:
        words = stretch.words
        if utf16_length(words) + 1 > room:
            parts.append(f"{html.quote(words[: max(0, room // 2)])} … ✂️")
            return " ".join(parts), 0
        room -= utf16_length(words) + 1
        quoted = html.quote(words)
        match stretch.mark:
            case Mark.GONE:
                parts.append(f"<s>{quoted}</s>")
            case Mark.NEW:
                parts.append(f"<b>{quoted}</b>")
            case Mark.SAME:
                parts.append(quoted)
    return " ".join(parts), room


def _picture(before: Bulletin, after: Bulletin) -> str:
    return {
        PictureChange.NONE: _("Picture: none, as before."),
        PictureChange.KEPT: _("Picture: kept."),
        PictureChange.NEW: _("Picture: a new one, posted under each copy."),
        PictureChange.REPLACED: _(
            "Picture: another one, posted under each copy; copies keep the one they came with."
        ),
        PictureChange.TAKEN_OUT: _(
            "Picture: taken out; copies that came with it keep it, with the new words."
        ),
    }[picture_change(before, after)]


def _fields(before: Bulletin, after: Bulletin, desk: BulletinDesk) -> Iterator[tuple[str, str, str]]:
    yield _("Weight:"), weight_words(weight_of(before)), weight_words(weight_of(after))
    language = ENGLISH if spoken() == ENGLISH else VIETNAMESE
    yield _("Field:"), category_words(before.category, language), category_words(after.category, language)
    yield _("Issuer:"), before.issuer, after.issuer
    yield _("Source:"), before.source_url, after.source_url
    yield _("Valid until:"), moment_words(before.expires, desk), moment_words(after.expires, desk)


def _became(old: str, new: str) -> str:
    parts = (f"<s>{html.quote(old)}</s>" if old else "", f"<b>{html.quote(new)}</b>" if new else "")
    return " ".join(part for part in parts if part)
