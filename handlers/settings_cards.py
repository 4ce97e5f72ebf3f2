"""The card on which a member sees and changes what was chosen for one channel.

Each button carries what is to be so afterwards, not "the other way round", so pressing twice does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Protocol

from aiogram import html
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from handlers.buttons import Buttons, Cell
from handlers.enrolment_words import rights_in_words
from handlers.telling import chat_of, spoken, title_of
from members.buttons import Payload
from members.channel import Channel, ChannelKind, ChannelState, PersonId, Preferences, QuietHours

_CHOICES_ON_A_PAGE = 12
_QUIET_PRESETS = ((time(22), time(6)), (time(21), time(6)), (time(23), time(5)), (time(20), time(7)))


class Choice(Protocol):
    """A topic or an area that the operator offers."""

    @property
    def key(self) -> str:
        """How it stands in the database."""

    @property
    def vi(self) -> str:
        """Its name in Vietnamese."""

    @property
    def en(self) -> str:
        """Its name in English."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What members may choose from."""

    topics: Sequence[Choice] = ()
    areas: Sequence[Choice] = ()

    def listed(self, what: str) -> Sequence[Choice]:
        """The topics or the areas."""
        return self.topics if what == "topics" else self.areas


Card = tuple[str, InlineKeyboardMarkup]


class SettingsCards:
    """Draws the card and the pages behind its buttons."""

    def __init__(self, buttons: Buttons, offer: Offer) -> None:
        self._buttons = buttons
        self._offer = offer

    async def card(self, channel: Channel, person: PersonId) -> Card:
        """Everything chosen for ``channel``, with a button for each."""
        rows = [*self._choosing(channel), *_switches(channel), *_ending(channel)]
        return self._summary(channel), await self._keyboard(rows, person)

    async def choices(self, channel: Channel, person: PersonId, what: str, page: int) -> Card:
        """The topics or areas to choose from, a page at a time; none chosen means all."""
        offered, chosen = self._offer.listed(what), _chosen(channel.preferences, what)
        start = page * _CHOICES_ON_A_PAGE
        rows: list[list[Cell]] = [
            [_choice_cell(channel, what, choice, page)]
            for choice in offered[start : start + _CHOICES_ON_A_PAGE]
        ]
        rows.append(_paging(channel, what, page, len(offered)))
        if chosen:
            everything = {**_set(channel, {what: []}), "back": what}
            rows.append([(_("All of them"), "prefs.set", everything)])
        rows.append([_back(channel)])
        topics = _("Which topics? If you choose none, all bulletins come.")
        areas = _("Which areas? If you choose none, all bulletins come.")
        text = topics if what == "topics" else areas
        return text, await self._keyboard([row for row in rows if row], person)

    async def quiet(self, channel: Channel, person: PersonId) -> Card:
        """The quiet hours to choose from."""
        cells: list[Cell] = [
            (_hours(QuietHours(*hours)), "prefs.set", _set(channel, {"quiet": _minutes(*hours)}))
            for hours in _QUIET_PRESETS
        ]
        rows: list[list[Cell]] = [
            cells[:2],
            cells[2:],
            [(_("Other hours"), "prefs.quiet.type", {"channel": channel.id})],
            [(_("No quiet hours"), "prefs.set", _set(channel, {"quiet": None}))],
            [_back(channel)],
        ]
        text = _(
            "When should it be quiet? In these hours only bulletins of the highest severity are posted, "
            "when human life is in danger."
        )
        return text, await self._keyboard(rows, person)

    async def pinning(self, channel: Channel, person: PersonId, bot_username: str) -> Card:
        """What pinning needs, the link that gives it, and the switch again: it is on only once I may pin."""
        text = _(
            "To pin bulletins in {title} I need one right, and no other. Press the first button, choose the chat, and "
            "allow me to {right}. Then press the second one."
        )
        # The same link gives a right to a bot that is in the chat already.
        wanted, right = "startgroup&admin=pin_messages", "can_pin_messages"
        if channel.kind is ChannelKind.BROADCAST:
            wanted, right = "startchannel&admin=post_messages+edit_messages", "can_edit_messages"
        url = f"https://t.me/{bot_username}?{wanted}"
        rows: list[list[Cell]] = [
            [InlineKeyboardButton(text=_("Give me the right to pin"), url=url)],
            [(_("📌 Pin bulletins"), "prefs.set", _set(channel, {"pin": True}))],
            [_back(channel)],
        ]
        text = text.format(title=title_of(channel), right=rights_in_words([right]))
        return text, await self._keyboard(rows, person)

    def _choosing(self, channel: Channel) -> list[list[Cell]]:
        pages: list[Cell] = []
        if self._offer.topics:
            pages.append((_("Topics"), "prefs.choices", {"channel": channel.id, "what": "topics", "page": 0}))
        if self._offer.areas:
            pages.append((_("Areas"), "prefs.choices", {"channel": channel.id, "what": "areas", "page": 0}))
        quiet: list[Cell] = [(_("Quiet hours"), "prefs.quiet", {"channel": channel.id})]
        return [pages, quiet] if pages else [quiet]

    def _summary(self, channel: Channel) -> str:
        chosen = channel.preferences
        lines = [
            html.bold(html.quote(channel.title or _("Your private chat"))) + f" · {state_words(channel)}",
            "",
            _("Topics: {topics}").format(topics=self._names("topics", chosen.topics)),
            _("Areas: {areas}").format(areas=self._names("areas", chosen.areas)),
            _("Quiet hours: {hours}").format(hours=_hours(chosen.quiet) if chosen.quiet else _("none")),
            _("Pinned: {answer}").format(answer=_yes_no(chosen.pin)),
            _("Without sound: {answer}").format(answer=_yes_no(chosen.silent)),
            _("Drills: {answer}").format(answer=_yes_no(chosen.drills)),
        ]
        return "\n".join(lines)

    def _names(self, what: str, keys: tuple[str, ...]) -> str:
        known = {choice.key: name_of(choice) for choice in self._offer.listed(what)}
        return html.quote(", ".join(known.get(key, key) for key in keys)) or _("all")

    async def _keyboard(self, rows: list[list[Cell]], person: PersonId) -> InlineKeyboardMarkup:
        return await self._buttons.keyboard(rows, chat=chat_of(person), person=person, repeatable=True)


def apply(preferences: Preferences, change: Payload) -> Preferences:
    """The preferences as a button of the card wants them."""
    values = dict(change)
    for what in ("topics", "areas"):
        if what in values:
            values[what] = tuple(values[what])
    if values.get("quiet") is not None:
        starts, ends = values["quiet"]
        values["quiet"] = QuietHours(_time(starts), _time(ends))
    return replace(preferences, **values)


def name_of(choice: Choice) -> str:
    """The choice's name in the language of the moment."""
    return choice.en if spoken() == "en" else choice.vi


def state_words(channel: Channel) -> str:
    """How the channel stands, in a word or two."""
    match channel.state:
        case ChannelState.PLEDGING:
            return _("waiting for your pledge")
        case ChannelState.ACTIVE:
            return _("active") if channel.flaw is None else _("active, but I lack a right")
        case ChannelState.PAUSED:
            return _("paused")
        case ChannelState.LEFT:
            return _("has left")
        case ChannelState.LOST:
            return _("taken out")


def _switches(channel: Channel) -> list[list[Cell]]:
    chosen = channel.preferences
    pin = _("📌 Do not pin") if chosen.pin else _("📌 Pin bulletins")
    silent = _("🔔 With sound") if chosen.silent else _("🔕 Without sound")
    drills = _("No drills") if chosen.drills else _("Also drills")
    return [
        [
            (pin, "prefs.set", _set(channel, {"pin": not chosen.pin})),
            (silent, "prefs.set", _set(channel, {"silent": not chosen.silent})),
        ],
        [(drills, "prefs.set", _set(channel, {"drills": not chosen.drills}))],
    ]


def _ending(channel: Channel) -> list[list[Cell]]:
    this = {"channel": channel.id}
    leave = _("Stop bulletins here") if channel.kind is ChannelKind.SUBSCRIBER else _("Leave the network")
    if channel.state is ChannelState.PAUSED:
        return [[(_("▶️ Resume"), "channel.resume", this)], [(leave, "channel.leave", this)]]
    return [[(_("⏸ Pause"), "channel.pause", this)], [(leave, "channel.leave", this)]]


def _choice_cell(channel: Channel, what: str, choice: Choice, page: int) -> Cell:
    chosen = _chosen(channel.preferences, what)
    if choice.key in chosen:
        label, after = f"✅ {name_of(choice)}", [key for key in chosen if key != choice.key]
    else:
        label, after = name_of(choice), [*chosen, choice.key]
    return label, "prefs.set", {**_set(channel, {what: after}), "back": what, "page": page}


def _paging(channel: Channel, what: str, page: int, count: int) -> list[Cell]:
    def turn(label: str, to: int) -> Cell:
        return label, "prefs.choices", {"channel": channel.id, "what": what, "page": to}

    has_more = (page + 1) * _CHOICES_ON_A_PAGE < count
    return [*([turn("◀", page - 1)] if page else []), *([turn("▶", page + 1)] if has_more else [])]


def _back(channel: Channel) -> Cell:
    return _("« Back"), "prefs.card", {"channel": channel.id}


def _set(channel: Channel, change: Payload) -> Payload:
    return {"channel": channel.id, "set": change}


def _chosen(preferences: Preferences, what: str) -> tuple[str, ...]:
    return preferences.topics if what == "topics" else preferences.areas


def _minutes(*moments: time) -> list[int]:
    return [moment.hour * 60 + moment.minute for moment in moments]


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)


def _hours(quiet: QuietHours) -> str:
    return f"{quiet.starts:%H:%M}–{quiet.ends:%H:%M}"


def _yes_no(answer: bool) -> str:
    return _("yes") if answer else _("no")
