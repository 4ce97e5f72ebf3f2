"""The card of a draft with a button for each field, and the pages of choices behind those buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from broadcasts.broadcast import Broadcast
from broadcasts.drafting import Weight
from broadcasts.schedule import VALIDITIES_HOURS
from bulletins.bulletin import ENGLISH, Category, Language, is_correction
from bulletins.labels import category_words
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import draft_words, weight_words
from handlers.buttons import Cell
from handlers.repetition_fields import repetition_page
from handlers.settings_cards import Choice, name_of
from handlers.telling import spoken

Card = tuple[str, InlineKeyboardMarkup]
Editor = Callable[[str, str], Cell]
"""Makes a button with this label that opens this field."""

_ON_A_PAGE = 12
_MORNING_HOUR = 7


class DraftCards:
    """Draws cards. Their buttons stay good: an edit says what is to be so afterwards."""

    def __init__(self, desk: BulletinDesk) -> None:
        self._desk = desk

    async def card(self, broadcast: Broadcast) -> Card:
        """Everything chosen so far, with a button for each."""
        draw = self._correction_rows if is_correction(broadcast.bulletin) else self._rows
        rows = draw(broadcast)
        return draft_words(broadcast, self._desk), await self.keyboard(broadcast, rows)

    async def choices(self, broadcast: Broadcast, field: str, page: int = 0) -> Card | None:
        """The page for a field that is chosen and not typed; None for any other."""
        match field:
            case "weight":
                return await self._page(
                    broadcast, _("How grave is it, and how soon?"), self._weights(broadcast)
                )
            case "category":
                return await self._page(broadcast, _("What is it about?"), self._categories(broadcast))
            case "topics" | "areas":
                return await self._audience(broadcast, field, page)
            case "issuer" if self._desk.issuers:
                return await self._page(broadcast, _("In whose name?"), await self._issuers(broadcast))
            case "expires":
                return await self._page(broadcast, _("Until when does it count?"), self._expiries(broadcast))
            case "start":
                return await self._page(broadcast, _("When should it go out?"), self._starts(broadcast))
            case "repeat" | "repeat.weekly" | "repeat.ends":
                return await self._page(broadcast, *repetition_page(broadcast, field))
        return None

    async def keyboard(self, broadcast: Broadcast, rows: Sequence[Sequence[Cell]]) -> InlineKeyboardMarkup:
        """Buttons for the author alone, in their private chat; they stay good while the draft is edited."""
        kept = [row for row in rows if row]
        chat, author = broadcast.author_chat, broadcast.author
        return await self._desk.buttons.keyboard(kept, chat=chat, person=author, repeatable=True)

    def _rows(self, broadcast: Broadcast) -> list[list[Cell]]:
        edit = _editor(broadcast)
        audience = [
            edit(label, field)
            for label, field, offered in (
                (_("Topics"), "topics", self._desk.offer.topics),
                (_("Areas"), "areas", self._desk.offer.areas),
            )
            if offered
        ]
        return [
            [edit(_("📝 Text"), "text"), self._second_text(edit), edit(_("🖼 Picture"), "picture")],
            [edit(_("⚖️ Weight"), "weight"), edit(_("Field"), "category")],
            audience,
            [edit(_("🏛 Issuer"), "issuer"), edit(_("🔗 Source"), "source")],
            [edit(_("⏳ Valid until"), "expires"), edit(_("🕖 When to send"), "start")],
            *self._ending(broadcast),
        ]

    def _correction_rows(self, broadcast: Broadcast) -> list[list[Cell]]:
        """All but for whom: it goes to those who have what it puts right, at once."""
        edit = _editor(broadcast)
        return [
            [edit(_("📝 Text"), "text"), self._second_text(edit), edit(_("🖼 Picture"), "picture")],
            [edit(_("⚖️ Weight"), "weight"), edit(_("Field"), "category")],
            [edit(_("🏛 Issuer"), "issuer"), edit(_("🔗 Source"), "source")],
            [edit(_("⏳ Valid until"), "expires")],
            *self._ending(broadcast),
        ]

    def _second_text(self, edit: Editor) -> Cell:
        is_english = self._desk.second_language == ENGLISH
        return edit(_("🇬🇧 English") if is_english else _("🇻🇳 Vietnamese"), "second_text")

    def _ending(self, broadcast: Broadcast) -> list[list[Cell]]:
        this = {"bulletin": broadcast.id}
        return [
            [(_("👁 Preview and send"), "draft.preview", this)],
            [(_("🗑 Throw away"), "draft.discard", this)],
        ]

    async def _page(self, broadcast: Broadcast, asked: str, rows: list[list[Cell]]) -> Card:
        back: list[Cell] = [(_("⬅️ Back"), "draft.card", {"bulletin": broadcast.id})]
        return asked, await self.keyboard(broadcast, [*rows, back])

    def _weights(self, broadcast: Broadcast) -> list[list[Cell]]:
        return [[_setter(broadcast, weight_words(weight), "weight", weight.value)] for weight in Weight]

    def _categories(self, broadcast: Broadcast) -> list[list[Cell]]:
        language = Language(spoken())
        cells = [
            _setter(broadcast, category_words(category, language), "category", category.value)
            for category in Category
        ]
        return [cells[start : start + 2] for start in range(0, len(cells), 2)]

    async def _issuers(self, broadcast: Broadcast) -> list[list[Cell]]:
        limits = await self._desk.limits_of(broadcast.author)
        names = self._desk.issuers_within(limits)
        rows = [[_setter(broadcast, name, "issuer", name)] for name in names][:_ON_A_PAGE]
        return rows if limits.issuers else [*rows, [_editor(broadcast)(_("Another name"), "issuer.type")]]

    def _expiries(self, broadcast: Broadcast) -> list[list[Cell]]:
        labels = {6: _("6 hours"), 24: _("24 hours"), 72: _("3 days")}
        offered = [
            _setter(broadcast, labels.get(hours, f"{hours} h"), "expires", hours)
            for hours in VALIDITIES_HOURS
        ]
        if broadcast.bulletin.recurrence is not None:  # no moment is meant then, but a time after each one
            return [offered]
        return [offered, [_editor(broadcast)(_("Another moment"), "expires.type")]]

    def _starts(self, broadcast: Broadcast) -> list[list[Cell]]:
        local = self._desk.now().astimezone(self._desk.zone)
        morning = local.replace(hour=_MORNING_HOUR, minute=0, second=0, microsecond=0)
        if morning <= local:
            morning += timedelta(days=1)
        label = _("At {moment}").format(moment=morning.strftime("%H:%M %d/%m"))
        return [
            [_setter(broadcast, _("As soon as it is approved"), "start", None)],
            [_setter(broadcast, label, "start", morning.isoformat())],
            [_editor(broadcast)(_("Another moment"), "start.type")],
            [_editor(broadcast)(_("🔁 Repeat"), "repeat")],
        ]

    async def _audience(self, broadcast: Broadcast, field: str, page: int) -> Card:
        limits = (await self._desk.limits_of(broadcast.author)).areas if field == "areas" else frozenset()
        offered = [one for one in self._desk.offer.listed(field) if not limits or one.key in limits]
        chosen = list(getattr(broadcast.bulletin.audience, field))
        start = page * _ON_A_PAGE
        rows = [
            [_toggle(broadcast, field, choice, chosen, page)]
            for choice in offered[start : start + _ON_A_PAGE]
        ]
        rows.append(_paging(broadcast, field, page, len(offered)))
        if chosen and not limits:
            rows.append([_setter(broadcast, _("Everybody"), field, [])])
        topics = _("Which topics? If none is chosen, it goes to everybody.")
        areas = _("Which areas? If none is chosen, it goes everywhere.")
        return await self._page(broadcast, topics if field == "topics" else areas, rows)


def _editor(broadcast: Broadcast) -> Editor:
    """Makes the buttons that open a field of one draft."""
    return lambda label, field: (label, "draft.edit", {"bulletin": broadcast.id, "field": field})


def _setter(broadcast: Broadcast, label: str, field: str, value: object) -> Cell:
    return label, "draft.set", {"bulletin": broadcast.id, "field": field, "value": value}


def _toggle(broadcast: Broadcast, field: str, choice: Choice, chosen: list[str], page: int) -> Cell:
    if choice.key in chosen:
        label, after = f"✅ {name_of(choice)}", [key for key in chosen if key != choice.key]
    else:
        label, after = name_of(choice), [*chosen, choice.key]
    payload = {"bulletin": broadcast.id, "field": field, "value": after, "page": page}
    return label, "draft.set", payload


def _paging(broadcast: Broadcast, field: str, page: int, count: int) -> list[Cell]:
    this = {"bulletin": broadcast.id, "field": field}
    cells: list[Cell] = []
    if page > 0:
        cells.append(("⬅️", "draft.edit", {**this, "page": page - 1}))
    if (page + 1) * _ON_A_PAGE < count:
        cells.append(("➡️", "draft.edit", {**this, "page": page + 1}))
    return cells
