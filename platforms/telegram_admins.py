"""Who administers a Telegram chat, and what the bot may do there: asked at each call, never kept."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import (
    ChatFullInfo,
    ChatMemberAdministrator,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
    ResultChatMemberUnion,
)

from members.channel import ChannelKind, PersonId, Platform
from members.ports import Look, Place

_KINDS = {
    "group": ChannelKind.GROUP,
    "supergroup": ChannelKind.SUPERGROUP,
    "channel": ChannelKind.BROADCAST,
    "private": ChannelKind.SUBSCRIBER,
}
_BROADCAST_RIGHTS = ("can_post_messages", "can_edit_messages")
_WRITING = "can_send_messages"


class TelegramChats:
    """Looks at chats through the bot of each name. The port is ``members.ports.LiveChats``."""

    def __init__(self, bots: Mapping[str, Bot]) -> None:
        self._bots = bots

    async def look(self, bot: str, external_id: str, person: PersonId | None) -> Look | None:
        """The chat and where ``person`` and the bot stand in it; None when the bot cannot see it.

        Raises what aiogram raises when Telegram does not answer.
        """
        client = self._bots[bot]
        try:
            chat = await client.get_chat(external_id)
            own = await client.get_chat_member(external_id, client.id)
            count = await client.get_chat_member_count(external_id)
        except (TelegramForbiddenError, TelegramBadRequest, TelegramMigrateToChat):
            return None
        if not isinstance(own, ChatMemberAdministrator | ChatMemberMember | ChatMemberRestricted):
            return None
        return Look(
            place=Place(bot, Platform.TELEGRAM, external_id, _KINDS[chat.type], chat.title or "", count),
            is_admin=person is not None and await _administers(client, external_id, person),
            missing=_missing(chat, own),
            may_pin=_may_pin(chat, own),
        )


async def _administers(client: Bot, external_id: str, person: PersonId) -> bool:
    """Whether ``person`` is the chat's owner or an administrator: anonymous ones are listed there too."""
    platform, _, user_id = person.partition(":")
    if platform != Platform.TELEGRAM or not user_id.isdecimal():
        return False
    try:
        member = await client.get_chat_member(external_id, int(user_id))
    except TelegramBadRequest:  # Telegram does not know them there
        return False
    return isinstance(member, ChatMemberOwner | ChatMemberAdministrator)


def _missing(chat: ChatFullInfo, own: ResultChatMemberUnion) -> tuple[str, ...]:
    """The rights without which the bot cannot post, in Telegram's words."""
    if chat.type == "channel":
        return tuple(right for right in _BROADCAST_RIGHTS if not getattr(own, right, False))
    if isinstance(own, ChatMemberAdministrator):
        return ()
    if isinstance(own, ChatMemberRestricted):
        return () if own.can_send_messages else (_WRITING,)
    everybody = chat.permissions
    return () if everybody is None or everybody.can_send_messages is not False else (_WRITING,)


def _may_pin(chat: ChatFullInfo, own: ResultChatMemberUnion) -> bool:
    """Whether the bot may pin: in a broadcast channel by the right to edit, else by the right to pin."""
    if chat.type == "private":
        return True
    if isinstance(own, ChatMemberAdministrator):
        return bool(own.can_edit_messages if chat.type == "channel" else own.can_pin_messages)
    return False
