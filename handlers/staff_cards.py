"""The pages on which the staff is seen and changed."""

from __future__ import annotations

from aiogram import html
from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from handlers.buttons import Cell
from handlers.staff_desk import StaffDesk
from handlers.staff_words import colleague_words, role_words, roles_words, why_no_change
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Role
from members.staff import Colleague, StaffRefusal

Card = tuple[str, InlineKeyboardMarkup | None]

_ON_A_PAGE = 12


class StaffCards:
    """Draws pages for whoever looks; each button does what it says, however often it is pressed."""

    def __init__(self, desk: StaffDesk) -> None:
        self._desk = desk

    async def everybody(self, owner: PersonId, start: int = 0) -> Card:
        """The whole staff, a page at a time."""
        staff = await self._desk.staffing.staff()
        rows: list[list[Cell]] = [
            [(f"{one.name} · {roles_words(one.roles)}", "staff.one", {"person": one.person})]
            for one in staff[start : start + _ON_A_PAGE]
        ]
        rows.append(_turning(len(staff), start, "staff.list", {}))
        text = _(
            "<b>The staff of this network</b>\n/moi invites somebody. Choose a name to see or change it."
        )
        return text, await self._desk.keyboard(rows, owner, repeatable=True)

    async def one(self, person: PersonId, looker: PersonId, *, is_owner: bool) -> Card:
        """One account: what it is, since when, and what can be changed about that."""
        staff = await self._desk.staffing.staff()
        found = next((one for one in staff if one.person == person), None)
        if found is None:
            return why_no_change(StaffRefusal.NO_COLLEAGUE), None
        since = found.since.astimezone(self._desk.zone).strftime("%d/%m/%Y") if found.since else ""
        text = colleague_words(found, self._desk.areas, since)
        others = [one.name for one in staff if one.person in found.others]
        if others:
            names = html.quote(", ".join(others))
            text += "\n" + _("One person with the account: {names}").format(names=names)
        rows = _removing(found)
        if is_owner:
            rows.append([(_("🔗 Has a second account"), "staff.link", {"person": person})])
            if found.others:
                label = _("✂️ Is a person of its own after all")
                rows.append([(label, "staff.unlinked", {"person": person})])
            rows.append([(_("⬅️ Back"), "staff.list", {})])
        return text, await self._desk.keyboard(rows, looker, repeatable=True)

    async def removal(self, payload: Payload, by: PersonId) -> Card:
        """Are you sure? With what it takes along."""
        found = await self._desk.staffing.colleague(PersonId(payload["person"]))
        if found is None:
            return why_no_change(StaffRefusal.NO_COLLEAGUE), None
        roles = roles_words(frozenset(map(Role, payload["roles"])))
        if found.person == by:
            said = _("You give this up: {roles}. Approvals of yours that were not used yet become void.")
        else:
            said = _(
                "You take this from {name}: {roles}. Approvals of theirs that were not used yet become void."
            )
        text = said.format(name=html.quote(found.name), roles=roles)
        row: list[Cell] = [(_("Yes, take it away"), "staff.removed", payload)]
        return text, await self._desk.keyboard([row, *self._back(found.person, by)], by)

    async def second_of_two(self, first: PersonId, owner: PersonId, start: int) -> Card:
        """Which one is that?"""
        staff = [one for one in await self._desk.staffing.staff() if one.person != first]
        rows: list[list[Cell]] = [
            [(one.name, "staff.pair", {"first": first, "second": one.person})]
            for one in staff[start : start + _ON_A_PAGE]
        ]
        rows.append(_turning(len(staff), start, "staff.link", {"person": first}))
        text = _("Which account belongs to the same person?")
        return text, await self._desk.keyboard(rows, owner, repeatable=True)

    async def link(self, payload: Payload, owner: PersonId) -> Card:
        """Are you sure?"""
        names = {one.person: html.quote(one.name) for one in await self._desk.staffing.staff()}
        first, second = names.get(payload["first"]), names.get(payload["second"])
        if first is None or second is None:
            return why_no_change(StaffRefusal.NO_COLLEAGUE), None
        said = _(
            "{first} and {second} are one person? Then their approvals count once, and neither approves what the "
            "other wrote. All owners are told; you can undo it."
        )
        row: list[Cell] = [(_("Yes, one person"), "staff.linked", payload)]
        markup = await self._desk.keyboard([row, *self._back(payload["first"], owner)], owner)
        return said.format(first=first, second=second), markup

    def _back(self, person: str, looker: PersonId) -> list[list[Cell]]:
        return [] if person == looker else [[(_("⬅️ Back"), "staff.one", {"person": person})]]


def _removing(colleague: Colleague) -> list[list[Cell]]:
    """A button for each role, and one for all when there are several."""
    this = {"person": colleague.person}
    held = [role for role in Role if role in colleague.roles]
    rows: list[list[Cell]] = [
        [
            (
                _("➖ No longer {role}").format(role=role_words(role)),
                "staff.remove",
                {**this, "roles": [role.value]},
            )
        ]
        for role in held
    ]
    if len(held) > 1:
        every = [role.value for role in held]
        rows.append([(_("🚪 Off the staff"), "staff.remove", {**this, "roles": every})])
    return rows


def _turning(count: int, start: int, action: str, payload: Payload) -> list[Cell]:
    cells: list[Cell] = []
    if start > 0:
        cells.append(("⬅️", action, {**payload, "start": max(0, start - _ON_A_PAGE)}))
    if start + _ON_A_PAGE < count:
        cells.append(("➡️", action, {**payload, "start": start + _ON_A_PAGE}))
    return cells
