"""Which messages a bot gets to see: privacy mode, as the platform describes it.

A bot always sees private chats, broadcast channels it administers, service messages, and, as an
administrator or with privacy mode off, everything people write. With privacy mode on it sees commands
meant for it, mentions of it, replies to it and what was sent through it. It never sees its own messages,
except some service messages that it caused, nor what other bots write in groups.
Source: https://core.telegram.org/bots/features#privacy-mode
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.wire.utf16 import cut
from simulator.world_model import Bot, Chat, ChatKind, Message

if TYPE_CHECKING:
    from simulator.world_state import WorldState

OWN_SERVICE_SEEN = frozenset(
    {
        "pinned_message",
        "left_chat_member",
        "new_chat_title",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
    }
)


def sees(world: WorldState, bot: Bot, chat: Chat, message: Message) -> bool:
    """Whether `bot`, present in `chat`, gets an update for `message`."""
    if message.author_id == bot.id:
        return message.service is not None and not OWN_SERVICE_SEEN.isdisjoint(message.service)
    if chat.kind in (ChatKind.PRIVATE, ChatKind.BROADCAST) or message.is_service:
        return True
    if message.author_id in world.bots:
        return False
    if bot.reads_everything or chat.member(bot.id).is_admin:
        return True
    return _is_meant_for(world, bot, chat, message)


def _is_meant_for(world: WorldState, bot: Bot, chat: Chat, message: Message) -> bool:
    if message.via_bot_id == bot.id:
        return True
    replied = chat.messages.get(message.reply_to or 0)
    if replied is not None and replied.author_id == bot.id:
        return True
    return any(
        _calls(bot, chat, cut(message.text, entity.offset, entity.length), entity.kind)
        for entity in message.entities
        if entity.kind in ("bot_command", "mention")
    )


def _calls(bot: Bot, chat: Chat, words: str, kind: str) -> bool:
    _, has_name, name = words.partition("@")
    if has_name:
        return name.lower() == bot.username.lower()
    # A bare command goes to the bot that wrote last; before any bot has written, to all of them.
    return kind == "bot_command" and chat.last_bot_id in (None, bot.id)
