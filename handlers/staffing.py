"""Who belongs to the staff: /nhansu for owners, one's own page for others; roles taken away, accounts linked."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from handlers.access import acknowledge, may, person_of, writer_of
from handlers.buttons import Pressed
from handlers.commands import Command
from handlers.invitation_cards import InvitationCards
from handlers.staff_cards import StaffCards
from handlers.staff_desk import StaffDesk
from handlers.staff_words import why_no_change
from handlers.telling import show_instead
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Role, Who
from members.staff import StaffRefusal, roles_of

_in_private = F.chat.type == ChatType.PRIVATE


def router(desk: StaffDesk) -> Router:
    """The handlers."""
    talk = StaffingTalk(desk)
    routes = Router(name="staffing")
    owner, staff = Who.OWNER, Who.STAFF
    listing, linking = Command("nhansu", "staff"), Command("lienket", "link")
    for command, who in ((listing, staff), (linking, owner)):  # accounts are linked from somebody's page
        routes.message.register(talk.list, command, _in_private, flags=may(who))
        routes.message.register(talk.go_private, command, flags=may(who))
    for action, handler, who in (
        ("staff.list", talk.list_again, owner),
        ("staff.one", talk.show, owner),
        ("staff.remove", talk.ask_removal, staff),
        ("staff.removed", talk.remove, staff),
        ("staff.link", talk.choose_second, owner),
        ("staff.pair", talk.ask_link, owner),
        ("staff.linked", talk.link, owner),
        ("staff.unlinked", talk.unlink, owner),
    ):
        routes.callback_query.register(handler, Pressed(action), flags=may(who))
    return routes


class StaffingTalk:
    """The handlers of this module. Whoever is no owner only ever acts on themselves, whatever a button says."""

    def __init__(self, desk: StaffDesk) -> None:
        self._desk = desk
        self._cards = StaffCards(desk)
        self._invitations = InvitationCards(desk)

    async def go_private(self, message: Message) -> None:
        """Who works here is not discussed in a group."""
        await message.reply(_("That is between you and me: please write it to me in private."))

    async def list(self, message: Message, state: FSMContext) -> None:
        """Everybody for an owner, with those who wait for their word; for others their own page."""
        await state.clear()
        person = writer_of(message)
        me = await self._desk.staffing.colleague(person)
        if Role.OWNER not in roles_of(me):
            text, markup = await self._cards.one(person, person, is_owner=False)
            await message.answer(text, reply_markup=markup)
            return
        for invitation in await self._desk.staffing.waiting(person):
            text, markup = await self._invitations.question(invitation)
            await message.answer(text, reply_markup=markup)
        text, markup = await self._cards.everybody(person)
        await message.answer(text, reply_markup=markup)

    async def list_again(self, query: CallbackQuery, payload: Payload) -> None:
        """Another page of everybody."""
        await acknowledge(query)
        start = int(payload.get("start", 0))
        await show_instead(query, *await self._cards.everybody(person_of(query.from_user), start))

    async def show(self, query: CallbackQuery, payload: Payload) -> None:
        """One of them."""
        await acknowledge(query)
        owner, person = person_of(query.from_user), PersonId(payload["person"])
        await show_instead(query, *await self._cards.one(person, owner, is_owner=True))

    async def ask_removal(self, query: CallbackQuery, payload: Payload) -> None:
        """Are you sure?"""
        await acknowledge(query)
        await show_instead(query, *await self._cards.removal(payload, person_of(query.from_user)))

    async def remove(self, query: CallbackQuery, payload: Payload) -> None:
        """The role goes, and what rested on it."""
        await acknowledge(query)
        person, by = PersonId(payload["person"]), person_of(query.from_user)
        roles = frozenset(map(Role, payload["roles"]))
        refused = await self._desk.staffing.remove(person, roles, by)
        await self._finish(query, refused, _("Done. The owners are told."))

    async def choose_second(self, query: CallbackQuery, payload: Payload) -> None:
        """Which one is the other?"""
        await acknowledge(query)
        first, start = PersonId(payload["person"]), int(payload.get("start", 0))
        await show_instead(query, *await self._cards.second_of_two(first, person_of(query.from_user), start))

    async def ask_link(self, query: CallbackQuery, payload: Payload) -> None:
        """Are you sure?"""
        await acknowledge(query)
        await show_instead(query, *await self._cards.link(payload, person_of(query.from_user)))

    async def link(self, query: CallbackQuery, payload: Payload) -> None:
        """From now on they count once."""
        await acknowledge(query)
        first, second = PersonId(payload["first"]), PersonId(payload["second"])
        refused = await self._desk.staffing.link(first, second, person_of(query.from_user))
        await self._finish(
            query, refused, _("Done: the two accounts count as one person. The owners are told.")
        )

    async def unlink(self, query: CallbackQuery, payload: Payload) -> None:
        """And now they do not."""
        await acknowledge(query)
        person = PersonId(payload["person"])
        refused = await self._desk.staffing.unlink(person, person_of(query.from_user))
        await self._finish(query, refused, _("Done. The owners are told."))

    async def _finish(self, query: CallbackQuery, refused: StaffRefusal | None, done: str) -> None:
        if refused is None:
            self._desk.ring()
        await show_instead(query, done if refused is None else why_no_change(refused))
