"""Acts of people with messages: writing, sending files, editing, deleting, pinning, pressing, reacting.

A person who may not do what is asked gets `ActError`, so that a script does not go on from a scene
that could never happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from simulator.wire import shapes, utf16
from simulator.wire.automatic import with_found
from simulator.wire.cleaning import cleaned, trimmed
from simulator.world_model import (
    ANONYMOUS_ADMIN_ID,
    CHANNEL_BOT_ID,
    ActError,
    Bot,
    CallbackQuery,
    Chat,
    ChatKind,
    EventKind,
    FileKind,
    InlineQuery,
    Message,
    RichText,
    StoredFile,
    Topic,
    User,
)
from simulator.world_state import ChatRef, WorldState

CAPTION_UNITS = 1024
TEXT_UNITS = 4096
QUERIES_KEPT = 10_000

_Query = TypeVar("_Query", CallbackQuery, InlineQuery)


def plain(text: str | RichText) -> RichText:
    """A text as an app sends it: trimmed, with the entities the platform finds."""
    rich = RichText(text) if isinstance(text, str) else text
    rich = trimmed(replace(rich, text=cleaned(rich.text)))
    return replace(rich, entities=with_found(rich.text, rich.entities))


class WorldTalk(WorldState):
    """What people do with messages."""

    def say(  # noqa: PLR0913 - a scene reads best with its facts by name
        self,
        user: User | int,
        chat: ChatRef,
        text: str | RichText,
        *,
        reply_to: Message | int | None = None,
        as_chat: Chat | None = None,
        anonymous: bool = False,
        topic: Topic | int | None = None,
    ) -> Message:
        """A person writes. In a broadcast channel it is a post; `as_chat` is a channel they own."""
        rich = plain(text)
        if not rich.text or utf16.length(rich.text) > TEXT_UNITS:
            raise ActError("an app sends texts of 1 to 4,096 UTF-16 units")
        person, place = self.person(user), self.chat(chat, user=user)
        self.expect_may_write(person, place, topic)
        fields = self._voice(person, place, as_chat=as_chat, anonymous=anonymous)
        return self.post(
            place,
            self.draft(
                place,
                text=rich.text,
                entities=rich.entities,
                reply_to=reply_to.id if isinstance(reply_to, Message) else reply_to,
                topic=topic.id if isinstance(topic, Topic) else topic,
                **fields,
            ),
        )

    def send_photo(
        self, user: User | int, chat: ChatRef, data: bytes, caption: str | RichText = ""
    ) -> Message:
        return self.send_file(user, chat, self.keep_file(data, FileKind.PHOTO), caption)

    def send_document(
        self, user: User | int, chat: ChatRef, data: bytes, name: str, caption: str | RichText = ""
    ) -> Message:
        return self.send_file(user, chat, self.keep_file(data, FileKind.DOCUMENT, name=name), caption)

    def send_file(
        self,
        user: User | int,
        chat: ChatRef,
        stored: StoredFile,
        caption: str | RichText = "",
        *,
        reply_to: int | None = None,
    ) -> Message:
        """A person sends a file of any kind."""
        rich = plain(caption)
        if utf16.length(rich.text) > CAPTION_UNITS:
            raise ActError("an app sends captions of at most 1,024 UTF-16 units")
        person, place = self.person(user), self.chat(chat, user=user)
        self.expect_may_write(person, place, None)
        fields = self._voice(person, place, as_chat=None, anonymous=False)
        draft = self.draft(
            place, text=rich.text, entities=rich.entities, file=stored, reply_to=reply_to, **fields
        )
        return self.post(place, draft)

    def _voice(self, person: User, place: Chat, *, as_chat: Chat | None, anonymous: bool) -> dict[str, Any]:
        """Whose name a message of this person carries."""
        voice: dict[str, Any] = {"author_id": person.id, "from_id": person.id}
        member = place.member(person.id)
        if place.kind is ChatKind.BROADCAST:
            signature = person.name if place.signs_posts else ""
            voice |= {"from_id": None, "sender_chat_id": place.id, "signature": signature}
        elif anonymous or "is_anonymous" in member.rights:
            if not member.is_admin:
                raise ActError("only administrators write anonymously")
            voice |= {"from_id": ANONYMOUS_ADMIN_ID, "sender_chat_id": place.id, "signature": member.title}
        elif as_chat is not None:
            if not as_chat.member(person.id).is_admin:
                raise ActError("one writes only in the name of one's own channel")
            voice |= {"from_id": CHANNEL_BOT_ID, "sender_chat_id": as_chat.id}
        return voice

    def expect_may_write(self, person: User, place: Chat, topic: Topic | int | None) -> None:
        """Raise unless this person can write here now; writing to a bot begins the conversation."""
        if person.is_deactivated:
            raise ActError(f"the account of {person.id} is deleted")
        if place.bot_id is not None:
            if place.bot_id in person.blocked:
                raise ActError(f"{person.name} has blocked this bot: unblock it first")
            person.started.add(place.bot_id)
            return
        member = place.member(person.id)
        if not member.is_present or place.is_deleted or place.upgraded_to is not None:
            raise ActError(f"{person.name} is not in “{place.title}”")
        if place.kind is ChatKind.BROADCAST and not member.may("can_post_messages"):
            raise ActError(f"{person.name} may not post in “{place.title}”")
        if not member.is_admin and "can_send_messages" not in place.permissions & member.permissions:
            raise ActError(f"{person.name} may not write in “{place.title}”")
        topic_id = topic.id if isinstance(topic, Topic) else topic
        if topic_id is not None and place.topics[topic_id].is_closed and not member.may("can_manage_topics"):
            raise ActError("the topic is closed")

    # --- later changes -------------------------------------------------------------------------------

    def edit_text(self, user: User | int, chat: ChatRef, message_id: int, text: str | RichText) -> Message:
        """A person edits what they wrote; a post of a channel by anybody who may edit its posts."""
        person, place = self.person(user), self.chat(chat, user=user)
        message = place.messages[message_id]
        may_edit = place.kind is ChatKind.BROADCAST and place.member(person.id).may("can_edit_messages")
        if message.author_id != person.id and not may_edit:
            raise ActError("one edits only one's own messages")
        rich = plain(text)
        message.text, message.entities, message.edited_at = rich.text, rich.entities, self.now()
        self.redeliver_edited(place, message, by=None)
        return message

    def delete_message(self, user: User | int, chat: ChatRef, message_id: int) -> None:
        """A person deletes a message. Bots are never told."""
        person, place = self.person(user), self.chat(chat, user=user)
        message = place.messages[message_id]
        may_delete = place.bot_id is not None or place.member(person.id).may("can_delete_messages")
        if message.author_id != person.id and not may_delete:
            raise ActError("one deletes only one's own messages")
        self.remove_message(place, message_id)

    def remove_message(self, place: Chat, message_id: int) -> None:
        del place.messages[message_id]
        if message_id in place.pinned:
            place.pinned.remove(message_id)
        self.tell(EventKind.DELETE, place, message_id)

    def pin(self, user: User | int, chat: ChatRef, message_id: int) -> None:
        """A person pins a message, which posts a service message."""
        person, place = self.person(user), self.chat(chat, user=user)
        member = place.member(person.id)
        if place.bot_id is None and not (member.may("can_pin_messages") or member.may("can_edit_messages")):
            raise ActError(f"{person.name} may not pin in “{place.title}”")
        self.set_pinned(place, message_id, by=person.id, silently=False)

    def set_pinned(self, place: Chat, message_id: int, *, by: int, silently: bool) -> None:
        message = place.messages[message_id]
        message.is_pinned = True
        if message_id in place.pinned:
            place.pinned.remove(message_id)
        place.pinned.append(message_id)
        self.tell(EventKind.PIN, place, message_id)
        where = {"topic": message.topic, "reply_to": message_id, "is_silent": silently}
        self.announce(place, by, {"pinned_message": message_id}, **where)

    def set_unpinned(self, place: Chat, message_id: int) -> None:
        place.pinned.remove(message_id)
        if message_id in place.messages:
            place.messages[message_id].is_pinned = False
        self.tell(EventKind.PIN, place, message_id)

    # --- buttons, reactions, inline ------------------------------------------------------------------

    def press(self, user: User | int, chat: ChatRef, message_id: int, button: str) -> str:
        """Press an inline button, named by its label or its data; returns the id of the query.

        What the bot answers stands afterwards in `callbacks[id]`.
        """
        person, place = self.person(user), self.chat(chat, user=user)
        if place.bot_id is None and not place.member(person.id).is_present:
            raise ActError(f"{person.name} is not in “{place.title}”")
        message = place.messages[message_id]
        pressed = _find_button(message, button)
        if "callback_data" not in pressed:
            raise ActError(f"the button “{pressed['text']}” opens a link: {pressed.get('url', '')}")
        bot_id = message.via_bot_id or message.author_id
        data, query_id = pressed["callback_data"], self.next_query_id()
        query = CallbackQuery(query_id, bot_id, person.id, place.id, message_id, data, self.now())
        _keep(self.callbacks, query.id, query)
        self.put_update(bot_id, "callback_query", self._callback_json(query, place))
        return query.id

    def _callback_json(self, query: CallbackQuery, place: Chat) -> dict[str, Any]:
        return {
            "id": query.id,
            "from": shapes.sender(self, query.user_id),
            "message": self.described(place, query.message_id, self.bots[query.bot_id]),
            "chat_instance": str(place.id * 1_000_003),
            "data": query.data,
        }

    def react(self, user: User | int, chat: ChatRef, message_id: int, emoji: Iterable[str] = ("👍",)) -> None:
        """Set a person's reactions to a message; an empty `emoji` takes them back."""
        person, place = self.person(user), self.chat(chat, user=user)
        message = place.messages[message_id]
        old, new = message.reactions.get(person.id, ()), tuple(emoji)
        message.reactions[person.id] = new
        self.tell(EventKind.REACTION, place, message_id)
        body: dict[str, Any] = {
            "chat": shapes.chat(self, place),
            "message_id": message_id,
            "date": shapes.seconds(self.now()),
        }
        kind = "message_reaction_count" if place.kind is ChatKind.BROADCAST else "message_reaction"
        if kind == "message_reaction_count":
            body["reactions"] = _reaction_counts(message)
        else:
            body |= {
                "user": shapes.account(person),
                "old_reaction": reactions_json(old),
                "new_reaction": reactions_json(new),
            }
        for bot in self.bots_in(place):
            if place.bot_id is not None or place.member(bot.id).is_admin:
                self.put_update(bot, kind, body)

    def inline(self, user: User | int, bot: Bot, query: str) -> str:
        """Type `@bot query` into any chat; returns the id whose results the bot should give."""
        person = self.person(user)
        asked = InlineQuery(self.next_query_id(), bot.id, person.id, query, self.now())
        _keep(self.inline_queries, asked.id, asked)
        body = {"id": asked.id, "from": shapes.account(person), "query": query, "offset": ""}
        self.put_update(bot, "inline_query", body)
        return asked.id

    def choose_inline(self, user: User | int, chat: ChatRef, query_id: str, index: int = 0) -> Message:
        """Send one of the results the bot offered."""
        asked = self.inline_queries[query_id]
        if not asked.results:
            raise ActError("the bot offered no results")
        chosen = asked.results[index]
        content = chosen.get("input_message_content") or {}
        message = self.say(user, chat, content.get("message_text") or chosen.get("title") or "…")
        message.via_bot_id = asked.bot_id
        keyboard = (chosen.get("reply_markup") or {}).get("inline_keyboard")
        message.inline_keyboard = keyboard
        return message


def reactions_json(emoji: Iterable[str]) -> list[dict[str, str]]:
    return [{"type": "emoji", "emoji": one} for one in emoji]


def _reaction_counts(message: Message) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for given in message.reactions.values():
        for emoji in given:
            counts[emoji] = counts.get(emoji, 0) + 1
    return [
        {"type": {"type": "emoji", "emoji": emoji}, "total_count": count} for emoji, count in counts.items()
    ]


def _find_button(message: Message, wanted: str) -> dict[str, Any]:
    buttons = [button for row in message.inline_keyboard or () for button in row]
    for button in buttons:
        if wanted in (button.get("callback_data"), button["text"]):
            return button
    labels = ", ".join(f"“{button['text']}”" for button in buttons) or "none"
    raise ActError(f"there is no button “{wanted}” on that message; there are: {labels}")


def _keep(registry: dict[str, _Query], key: str, value: _Query) -> None:
    registry[key] = value
    while len(registry) > QUERIES_KEPT:
        del registry[next(iter(registry))]
