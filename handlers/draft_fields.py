"""What a moderator may type into a draft: what is asked, and how the answer is read, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiogram import html
from aiogram.utils.i18n import gettext as _

from broadcasts.broadcast import Broadcast
from broadcasts.drafting import Edit, Weight, once, reworded, typed_form, valid_for, weighted, worded
from broadcasts.repetition import read_rule, says_again
from broadcasts.schedule import read_moment
from bulletins.bulletin import ENGLISH, Category, Language, is_correction
from bulletins.labels import labels_for
from bulletins.problems import is_source
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import moment_words
from handlers.draft_answers import Answer, TypedField
from handlers.repetition_fields import REPETITION_FIELDS, choose_end, judged_rule

_LONGEST_ISSUER_CHARACTERS = 120
_SHOWN_CHARACTERS = 3_000
_NONE_WORDS = frozenset({"-", "không", "khong", "bỏ", "no", "none"})


def _ask_text(broadcast: Broadcast, desk: BulletinDesk) -> str:
    if is_correction(broadcast.bulletin):
        asked = _("Please write what is right. One paragraph is enough; the heading stands ready.")
    else:
        asked = _(
            "Please write the text: the first line is the heading, the rest says more. A paragraph that "
            "begins with “{label}” says what people should do. You may send a picture with it."
        ).format(label=labels_for(desk.language).instruction)
    return f"{asked}{_as_it_is(broadcast, desk.language)}"


def _ask_second(broadcast: Broadcast, desk: BulletinDesk) -> str:
    if desk.second_language == ENGLISH:
        asked = _("Please write the English text in the same way, or “-” for none.")
    else:
        asked = _("Please write the Vietnamese text in the same way, or “-” for none.")
    return f"{asked}{_as_it_is(broadcast, desk.second_language)}"


def _as_it_is(broadcast: Broadcast, language: Language) -> str:
    """What stands there now, to copy and change."""
    text = broadcast.bulletin.texts.get(language)
    return (
        "" if text is None else f"\n\n<pre>{html.quote(typed_form(text, language)[:_SHOWN_CHARACTERS])}</pre>"
    )


def _ask_source(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _("Please send the link to the original information (https://…).")


def _ask_issuer(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _("Please write the name of the office that issues it.")


def _ask_moment(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _("Please write the day and time, for example 25/12 07:00.")


def _ask_picture(_broadcast: Broadcast, _desk: BulletinDesk) -> str:
    return _(
        "Please send one picture as a photo; words under it say what it shows. “-” takes the picture out."
    )


def _read_text(answer: Answer) -> Edit | str:
    return _read_words(answer, answer.desk.language)


def _read_second(answer: Answer) -> Edit | str:
    if answer.typed.strip().casefold() in _NONE_WORDS:
        return worded(answer.desk.second_language, None)
    return _read_words(answer, answer.desk.second_language)


def _read_words(answer: Answer, language: Language) -> Edit | str:
    if not answer.typed.strip():
        return _("There was no text in that message. Please write it again.")
    return reworded(language, answer.typed)


def _read_source(answer: Answer) -> Edit | str:
    typed = answer.typed.strip()
    url = typed if "://" in typed else f"https://{typed}"
    if not is_source(url) or "." not in url:
        return _("That is no link that can be opened. It begins with https:// and has no spaces.")
    return lambda bulletin: replace(bulletin, source_url=url)


def _read_issuer(answer: Answer) -> Edit | str:
    name = " ".join(answer.typed.split())
    if not 0 < len(name) <= _LONGEST_ISSUER_CHARACTERS:
        return _("The name of the office has 1 to 120 characters. Please write it again.")
    return lambda bulletin: replace(bulletin, issuer=name)


def _read_expires(answer: Answer) -> Edit | str:
    moment = _read_future(answer)
    return moment if isinstance(moment, str) else lambda bulletin: replace(bulletin, expires=moment)


def _read_start(answer: Answer) -> Edit | str:
    """Who writes "hằng ngày 7h" here means a rule, and need not look for its page."""
    rule = read_rule(answer.typed)
    if rule is not None and says_again(answer.typed):
        return judged_rule(rule, answer)
    moment = _read_future(answer)
    return moment if isinstance(moment, str) else once(moment, answer.desk.now())


def _read_future(answer: Answer) -> datetime | str:
    now = answer.desk.now()
    moment = read_moment(answer.typed, now, answer.desk.zone)
    if moment is None:
        return _("I do not understand that as a moment. Please write it like 25/12 07:00.")
    if moment <= now:
        said = moment_words(moment, answer.desk)
        return _("{moment} is over already. Please write a later one.").format(moment=said)
    return moment


def _read_picture(answer: Answer) -> Edit | str:
    if answer.typed.strip().casefold() in _NONE_WORDS:
        return lambda bulletin: replace(bulletin, media=None)
    return _("Please send the picture as a photo, not as a file; or “-” for none.")


FIELDS: Mapping[str, TypedField] = {
    "text": TypedField(_ask_text, _read_text),
    "second_text": TypedField(_ask_second, _read_second),
    "source": TypedField(_ask_source, _read_source),
    "issuer": TypedField(_ask_issuer, _read_issuer),
    "issuer.type": TypedField(_ask_issuer, _read_issuer),
    "expires.type": TypedField(_ask_moment, _read_expires),
    "start.type": TypedField(_ask_moment, _read_start),
    "picture": TypedField(_ask_picture, _read_picture),
    **REPETITION_FIELDS,
}


def chosen(field: str, value: Any, desk: BulletinDesk) -> Edit:
    """The edit that a button of a page stands for. Raises KeyError for a field that has no page."""
    return _CHOSEN[field](value, desk)


def _choose_expiry(hours: int, desk: BulletinDesk) -> Edit:
    return valid_for(hours, desk.now())


def _choose_start(written: str | None, desk: BulletinDesk) -> Edit:
    return once(None if written is None else datetime.fromisoformat(written), desk.now())


def _choose_audience(field: str) -> Callable[[Any, BulletinDesk], Edit]:
    def choose(keys: list[str], _desk: BulletinDesk) -> Edit:
        return lambda bulletin: replace(bulletin, audience=replace(bulletin.audience, **{field: tuple(keys)}))

    return choose


_CHOSEN: Mapping[str, Callable[[Any, BulletinDesk], Edit]] = {
    "weight": lambda value, desk: weighted(Weight(value)),
    "category": lambda value, desk: lambda bulletin: replace(bulletin, category=Category(value)),
    "issuer": lambda value, desk: lambda bulletin: replace(bulletin, issuer=value),
    "expires": _choose_expiry,
    "start": _choose_start,
    "repeat.ends": choose_end,
    "topics": _choose_audience("topics"),
    "areas": _choose_audience("areas"),
}
