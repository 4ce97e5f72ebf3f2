"""What a person looking at a chat sees: frozen descriptions of its messages, for tests and for the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from simulator.wire.entities import Entity
from simulator.wire.html_out import as_html
from simulator.world_links import WorldLinks
from simulator.world_model import Bot, Chat, FileKind, Message, OriginKind
from simulator.world_state import ChatRef


class SenderKind(StrEnum):
    """In whose name a message stands."""

    PERSON = "person"
    BOT = "bot"
    CHAT = "chat"
    """A channel's post, or somebody writing in a chat's name."""
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button: `data` for one that asks the bot, `url` for a link, `asks` for a keyboard's request."""

    label: str
    data: str | None = None
    url: str | None = None
    asks: str | None = None


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message as it shows. `photo` and `document` are keys of `World.files`."""

    message_id: int
    sender_name: str
    sender_kind: SenderKind
    sender_id: int
    text: str
    html: str
    entities: tuple[Entity, ...]
    photo: str | None
    document: str | None
    buttons: tuple[tuple[ShownButton, ...], ...]
    reply_to: int | None
    forwarded_from: str
    edited: bool
    pinned: bool
    silent: bool
    date: datetime
    topic: int | None
    reactions: tuple[str, ...]

    def button(self, label: str) -> ShownButton:
        """The button with this label; KeyError when there is none."""
        for row in self.buttons:
            for button in row:
                if button.label == label:
                    return button
        raise KeyError(label)


class WorldView(WorldLinks):
    """Inspection of the world as people see it."""

    def shows(
        self, chat: ChatRef, *, bot: Bot | int | None = None, last: int | None = None
    ) -> list[ShownMessage]:
        """The messages of a chat, oldest first; `last` takes only so many of the newest.

        A private chat may be given by the person's id; name the `bot` when there are several.
        """
        place = self.chat(chat, bot=bot)
        messages = list(place.messages.values())
        return [self.shown(place, message) for message in messages[-last if last else 0 :]]

    def shown(self, place: Chat, message: Message) -> ShownMessage:
        kind, name, sender_id = self._sender(message)
        stored = message.file
        text = self.service_text(message) if message.is_service else message.text
        return ShownMessage(
            message_id=message.id,
            sender_name=name,
            sender_kind=kind,
            sender_id=sender_id,
            text=text,
            html=as_html(text, message.entities),
            entities=message.entities,
            photo=stored.key if stored is not None and stored.kind is FileKind.PHOTO else None,
            document=stored.key if stored is not None and stored.kind is not FileKind.PHOTO else None,
            buttons=tuple(tuple(map(_shown_button, row)) for row in message.inline_keyboard or ()),
            reply_to=message.reply_to,
            forwarded_from=self._origin_name(message),
            edited=message.edited_at is not None,
            pinned=message.is_pinned,
            silent=message.is_silent,
            date=message.date,
            topic=message.topic,
            reactions=tuple(emoji for given in message.reactions.values() for emoji in given),
        )

    def open_keyboard(self, chat: ChatRef) -> tuple[tuple[ShownButton, ...], ...]:
        """The reply keyboard below the input field, as it shows."""
        return tuple(tuple(map(_shown_button, row)) for row in self.keyboard(chat))

    def _sender(self, message: Message) -> tuple[SenderKind, str, int]:
        speaker = self.chats.get(message.sender_chat_id or 0)
        if speaker is not None:
            kind = SenderKind.SERVICE if message.is_service else SenderKind.CHAT
            return kind, speaker.title, speaker.id
        author = self.account(message.author_id)
        kind = SenderKind.BOT if isinstance(author, Bot) else SenderKind.PERSON
        return SenderKind.SERVICE if message.is_service else kind, author.name, author.id

    def _origin_name(self, message: Message) -> str:
        origin = message.origin
        if origin is None:
            return ""
        if origin.kind is OriginKind.USER and (origin.user_id in self.users or origin.user_id in self.bots):
            return self.account(origin.user_id or 0).name
        return origin.name or origin.chat_title

    def service_text(self, message: Message) -> str:
        """A service message in words, as apps show it."""
        who = self._sender(message)[1]
        for field, words in _SERVICE_WORDS.items():
            if field in (message.service or {}):
                detail = _service_detail((message.service or {})[field])
                return words.format(who=who, what=detail)
        return ""


_SERVICE_WORDS = {
    "new_chat_members": "{who} added {what}",
    "left_chat_member": "{what} left or was removed",
    "pinned_message": "{who} pinned a message",
    "new_chat_title": "{who} renamed the chat to “{what}”",
    "migrate_to_chat_id": "The group was upgraded to a supergroup",
    "migrate_from_chat_id": "The group was upgraded to a supergroup",
    "forum_topic_created": "{who} opened the topic “{what}”",
    "forum_topic_edited": "{who} changed the topic “{what}”",
    "forum_topic_closed": "{who} closed the topic",
    "forum_topic_reopened": "{who} reopened the topic",
    "chat_shared": "{who} chose a chat for the bot",
    "contact": "{who} shared a phone number",
}


def _service_detail(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_service_detail(one) for one in value)
    if isinstance(value, dict):
        return str(value.get("first_name") or value.get("name") or "")
    return str(value)


_ASKING = ("request_chat", "request_users", "request_contact", "request_location", "request_poll")


def _shown_button(button: dict[str, Any]) -> ShownButton:
    asks = next((field for field in _ASKING if button.get(field)), None)
    return ShownButton(button["text"], button.get("callback_data"), button.get("url"), asks)
