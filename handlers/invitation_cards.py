"""The card on which an owner says what somebody is to be, its pages, and the question who it was that came.

Each button carries the whole choice as it is to be afterwards, so that pressing twice does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiogram import html
from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from handlers.buttons import Cell
from handlers.settings_cards import name_of
from handlers.staff_desk import StaffDesk
from handlers.staff_words import limits_words, role_words, roles_words
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Limits, Role
from members.staff import Grant, StaffInvitation

Card = tuple[str, InlineKeyboardMarkup]

_ON_A_PAGE = 12


def grant_in(payload: Payload) -> Grant:
    """The choice that a button carries."""
    limits = Limits(frozenset(payload.get("issuers", ())), frozenset(payload.get("areas", ())))
    return Grant(frozenset(map(Role, payload.get("roles", ()))), limits)


class InvitationCards:
    """Draws cards for one owner."""

    def __init__(self, desk: StaffDesk) -> None:
        self._desk = desk

    async def card(self, chosen: Payload, owner: PersonId) -> Card:
        """The card of this choice, or the page of it that ``chosen`` names."""
        page = chosen.get("page")
        if page is not None:
            return await self._page(chosen, page, owner)
        grant = grant_in(chosen)
        rows: list[list[Cell]] = [[_toggle(chosen, "roles", role, _title(role))] for role in Role]
        if len(self._desk.issuers) > 1:
            rows.append([_opener(_("🏛 Only some offices"), chosen, "issuers")])
        if self._desk.areas:
            rows.append([_opener(_("📍 Only some areas"), chosen, "areas")])
        if grant.roles:
            rows.append([(_("✉️ Make the invitation"), "invite.make", _plain(chosen))])
        limits = limits_words(grant.limits, self._desk.areas) or _("For all offices and areas.")
        asked = _(
            "<b>Whom do you invite?</b>\nChoose what they are to be. A limit holds for all their roles."
        )
        return f"{asked}\n\n{limits}", await self._desk.keyboard(rows, owner, repeatable=True)

    async def question(self, invitation: StaffInvitation, username: str | None = None) -> Card:
        """Is that the one you meant? Asked of the owner who invited."""
        key, candidate = invitation.key, invitation.candidate or PersonId(":")
        name = f"<b>{html.quote(invitation.candidate_name)}</b>"
        if username:
            name += f" (@{html.quote(username)})"
        said = _(
            "👤 {name} accepted your invitation for: {roles}\nAccount number: {number}\n\nAnybody can call themselves "
            "so, and links get into wrong hands. Please ask them by telephone or face to face whether it was them, and "
            "only then say yes."
        )
        number, roles = candidate.partition(":")[2], roles_words(invitation.grant.roles)
        row: list[list[Cell]] = [
            [(_("✅ It is them, give the role"), "invite.decide", {"key": key, "yes": True})],
            [(_("⛔ That is somebody else"), "invite.decide", {"key": key, "yes": False})],
        ]
        text = said.format(name=name, roles=roles, number=number)
        return text, await self._desk.keyboard(row, invitation.invited_by or candidate)

    async def _page(self, chosen: Payload, page: str, owner: PersonId) -> Card:
        offered, start = self._offered(page), int(chosen.get("start", 0))
        shown = offered[start : start + _ON_A_PAGE]
        rows: list[list[Cell]] = [[_toggle(chosen, page, key, name)] for key, name in shown]
        turning: list[Cell] = []
        if start > 0:
            turning.append(("⬅️", "invite.choose", {**chosen, "start": max(0, start - _ON_A_PAGE)}))
        if start + _ON_A_PAGE < len(offered):
            turning.append(("➡️", "invite.choose", {**chosen, "start": start + _ON_A_PAGE}))
        back: list[Cell] = [(_("⬅️ Back"), "invite.choose", _plain(chosen))]
        issuers = _("For which offices' bulletins? If none is chosen, for all.")
        areas = _("For which areas' bulletins? If none is chosen, for all.")
        text = issuers if page == "issuers" else areas
        return text, await self._desk.keyboard([*rows, turning, back], owner, repeatable=True)

    def _offered(self, page: str) -> Sequence[tuple[str, str]]:
        if page == "issuers":
            return [(name, name) for name in self._desk.issuers]
        return [(area.key, name_of(area)) for area in self._desk.areas]


def _title(role: Role) -> str:
    words = role_words(role)
    return words[:1].upper() + words[1:]


def _plain(chosen: Payload) -> Payload:
    """The choice without the page it was looked at on."""
    return {what: chosen[what] for what in ("roles", "issuers", "areas") if what in chosen}


def _toggle(chosen: Payload, what: str, key: str, name: str) -> Cell:
    kept: list[str] = list(chosen.get(what, ()))
    is_on = key in kept
    after = [one for one in kept if one != key] if is_on else [*kept, str(key)]
    return f"{'✅' if is_on else '▫️'} {name}", "invite.choose", {**chosen, what: after}


def _opener(label: str, chosen: Payload, page: str) -> Cell:
    count = len(chosen.get(page, ()))
    return f"{label} ({count})" if count else label, "invite.choose", {**_plain(chosen), "page": page}
