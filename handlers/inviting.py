"""Inviting somebody to the staff: /moi, the link that an owner passes on, and the owner's word on who came.

/moi ──roles, limits──> link ~~~passed on by hand~~~> /start moi-… ──"I accept"──> the owner sees who ──yes──> role
A stranger who got hold of the link comes as far as the owner's question, and no further.
"""

from __future__ import annotations

from aiogram import Bot, F, Router, html
from aiogram.enums import ChatType
from aiogram.filters import CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, User
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n.context import get_i18n

from handlers.access import acknowledge, may, person_of, writer_of
from handlers.buttons import Cell, Pressed
from handlers.commands import Command, CommandStart
from handlers.invitation_cards import InvitationCards, grant_in
from handlers.staff_desk import StaffDesk
from handlers.staff_words import limits_words, meaning_of, roles_words, why_no_change
from handlers.telling import language, show_instead, tell
from members.buttons import Payload
from members.roles import Who
from members.staff import InvitationState, StaffInvitation, StaffRefusal, plain_name
from members.staffing import CODE_PREFIX

_in_private = F.chat.type == ChatType.PRIVATE


def router(desk: StaffDesk) -> Router:
    """The handlers."""
    talk = InvitingTalk(desk)
    routes = Router(name="inviting")
    owner, person = may(Who.OWNER), may(Who.PERSON)
    inviting = Command("moi", "invite")
    by_link = CommandStart(deep_link=True, magic=F.args.startswith(CODE_PREFIX))
    routes.message.register(talk.begin, inviting, _in_private, flags=owner)
    routes.message.register(talk.go_private, inviting, flags=owner)
    routes.message.register(talk.arrive, by_link, _in_private, flags=person)
    routes.callback_query.register(talk.choose, Pressed("invite.choose"), flags=owner)
    routes.callback_query.register(talk.make, Pressed("invite.make"), flags=owner)
    routes.callback_query.register(talk.decide, Pressed("invite.decide"), flags=owner)
    routes.callback_query.register(talk.accept, Pressed("invite.accept"), flags=person)
    routes.callback_query.register(talk.decline, Pressed("invite.decline"), flags=person)
    return routes


class InvitingTalk:
    """The handlers of this module."""

    def __init__(self, desk: StaffDesk) -> None:
        self._desk = desk
        self._cards = InvitationCards(desk)

    async def go_private(self, message: Message) -> None:
        """Who is invited is not discussed in a group."""
        await message.reply(_("That is between you and me: please write it to me in private."))

    async def begin(self, message: Message, state: FSMContext) -> None:
        """What is the new colleague to be?"""
        await state.clear()
        text, markup = await self._cards.card({}, writer_of(message))
        await message.answer(text, reply_markup=markup)

    async def choose(self, query: CallbackQuery, payload: Payload) -> None:
        """The card or one of its pages, as the pressed button says it is to be."""
        await acknowledge(query)
        await show_instead(query, *await self._cards.card(payload, person_of(query.from_user)))

    async def make(self, query: CallbackQuery, payload: Payload, bot: Bot) -> None:
        """The link. Its code is shown this once, and kept nowhere."""
        await acknowledge(query)
        owner, grant = person_of(query.from_user), grant_in(payload)
        made = await self._desk.staffing.invite(owner, grant)
        if isinstance(made, StaffRefusal):
            await show_instead(query, why_no_change(made))
            return
        code, key = made
        said = _(
            "✉️ Invitation for: {roles}\n{limits}\n\nSend this link to that one person, on a way that only they "
            "read. It counts once, for 24 hours. I then show you who came, and only your yes gives the role.\n\n{link}"
        )
        link = f"https://t.me/{(await bot.me()).username}?start={CODE_PREFIX}{code}"
        limits = limits_words(grant.limits, self._desk.areas) or _("For all offices and areas.")
        back: list[Cell] = [(_("✖️ Take the invitation back"), "invite.decide", {"key": key, "yes": False})]
        text = said.format(roles=roles_words(grant.roles), limits=limits, link=link)
        await show_instead(query, text, await self._desk.keyboard([back], owner))

    async def arrive(self, message: Message, command: CommandObject, state: FSMContext) -> None:
        """Somebody opened a link: what it is about, and who invites."""
        await state.clear()
        person = writer_of(message)
        code = (command.args or "").removeprefix(CODE_PREFIX)
        found = await self._desk.staffing.look(code, person)
        if isinstance(found, StaffRefusal):
            await message.answer(why_no_change(found))
            return
        row: list[Cell] = [
            (_("✅ I accept"), "invite.accept", {"key": found.key}),
            (_("Not now, thank you"), "invite.decline", {}),
        ]
        markup = await self._desk.keyboard([row], person)
        await message.answer(await self._invited_words(found), reply_markup=markup)

    async def _invited_words(self, invitation: StaffInvitation) -> str:
        inviter = invitation.invited_by and await self._desk.staffing.colleague(invitation.invited_by)
        name = inviter.name if inviter else _("Whoever runs the server of this network")
        lines = [
            _("{name} invites you to the staff of this network:").format(name=html.quote(name)),
            meaning_of(invitation.grant.roles),
            limits_words(invitation.grant.limits, self._desk.areas),
            _(
                "If you accept, your colleagues see the name of your account, and each act of yours on the staff is "
                "recorded. You can leave at any time with /nhansu."
            ),
        ]
        return "\n\n".join(line for line in lines if line)

    async def accept(self, query: CallbackQuery, payload: Payload, bot: Bot) -> None:
        """The invitee says yes. An owner is asked whether that is the right one."""
        await acknowledge(query)
        account = query.from_user
        person = person_of(account)
        name = plain_name(account.full_name, person)
        result = await self._desk.staffing.accept(payload["key"], person, name)
        if isinstance(result, StaffRefusal):
            await show_instead(query, why_no_change(result))
        elif result.state is InvitationState.GRANTED:
            self._desk.ring()
            await show_instead(query, _welcome(result))
        else:
            await self._ask_owner(bot, result, account)
            await show_instead(
                query,
                _("Thank you. Whoever invited you now confirms that it is you; then I write to you here."),
            )

    async def decline(self, query: CallbackQuery) -> None:
        """Not now, or not at all. Nobody is told."""
        await acknowledge(query)
        await show_instead(query, _("All right, nothing was changed."))

    async def _ask_owner(self, bot: Bot, invitation: StaffInvitation, account: User) -> None:
        """What they miss of it because they cannot be written to now, /nhansu shows them."""
        if invitation.invited_by is None:
            return
        with language(get_i18n().default_locale):
            text, markup = await self._cards.question(invitation, account.username)
            await tell(bot, invitation.invited_by, text, markup)

    async def decide(self, query: CallbackQuery, payload: Payload, bot: Bot) -> None:
        """The owner says who it is, or takes the invitation back."""
        await acknowledge(query)
        owner, is_yes = person_of(query.from_user), payload["yes"]
        result = await self._desk.staffing.decide(payload["key"], owner, is_yes=is_yes)
        if isinstance(result, StaffRefusal):
            await show_instead(query, why_no_change(result))
            return
        if not is_yes:
            await show_instead(query, _("The invitation counts no more; nobody has got a role by it."))
            return
        self._desk.ring()
        name = html.quote(result.candidate_name)
        roles = roles_words(result.grant.roles)
        await show_instead(query, _("{name} is on the staff now: {roles}.").format(name=name, roles=roles))
        if result.candidate is not None:
            with language(get_i18n().default_locale):
                await tell(bot, result.candidate, _welcome(result))


def _welcome(invitation: StaffInvitation) -> str:
    meaning = meaning_of(invitation.grant.roles)
    said = _("🎉 Welcome to the staff. You are now:\n{meaning}\n\n/trogiup shows what you can do.")
    return said.format(meaning=meaning)
