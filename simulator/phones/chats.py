"""How chats and messages are handed to the page: plain data, texts with their entities, never markup.

Offsets of entities count UTF-16 units, which are what a browser's strings are made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.wire.entities import Entity
from simulator.world import Chat, ChatKind, Message, SenderKind, User, World

MESSAGES_SHOWN = 60
QUOTE_CHARACTERS = 90

View = dict[str, Any]


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def chat_view(world: World, place: Chat) -> View:
    """A whole chat as it shows now, its newest messages only."""
    messages = list(place.messages.values())[-MESSAGES_SHOWN:]
    return {
        "id": place.id,
        "kind": place.kind.value,
        "title": title_of(world, place),
        "members": place.member_count,
        "bot": place.bot_id,
        "pinned": [_quote(world, place, number) for number in place.pinned if number in place.messages],
        "keyboard": [[_key(button) for button in row] for row in world.open_keyboard(place)],
        "messages": [message_view(world, place, message) for message in messages],
    }


def title_of(world: World, place: Chat) -> str:
    return world.bots[place.bot_id].name if place.bot_id is not None else place.title


def may_write(place: Chat, person: User) -> bool:
    """Whether the app shows this person an input field; deeper rules are the world's."""
    if place.bot_id is not None:
        return True
    member = place.member(person.id)
    is_open = not place.is_deleted and place.upgraded_to is None and member.is_present
    return is_open and (place.kind is not ChatKind.BROADCAST or member.may("can_post_messages"))


def message_view(world: World, place: Chat, message: Message) -> View:
    shown = world.shown(place, message)
    view: View = {
        "id": message.id,
        "at": milliseconds(message.date),
        "from": {"id": shown.sender_id, "name": shown.sender_name, "kind": shown.sender_kind.value},
        "text": shown.text,
        "entities": [_entity(entity) for entity in message.entities],
        "pinned": message.is_pinned,
    }
    if shown.sender_kind is SenderKind.SERVICE:
        view["service"] = _service(world, message)
    if message.edited_at is not None:
        view["edited"] = milliseconds(message.edited_at)
    if message.reply_to in place.messages:
        view["reply"] = _quote(world, place, message.reply_to)
    if shown.forwarded_from:
        view["forwarded"] = shown.forwarded_from
    if message.inline_keyboard:
        view["buttons"] = [[_button(button) for button in row] for row in message.inline_keyboard]
    if shown.reactions:
        view["reactions"] = list(shown.reactions)
    return view | _file(message)


def _file(message: Message) -> View:
    stored = message.file
    if stored is None:
        return {}
    if stored.width:
        return {"photo": {"key": stored.key, "width": stored.width, "height": stored.height}}
    return {"document": {"name": stored.name or stored.kind.value, "bytes": len(stored.data)}}


def _quote(world: World, place: Chat, message_id: int) -> View:
    shown = world.shown(place, place.messages[message_id])
    return {
        "id": message_id,
        "name": shown.sender_name,
        "text": shown.text[:QUOTE_CHARACTERS],
        "photo": shown.photo is not None,
    }


def _entity(entity: Entity) -> View:
    view: View = {"kind": entity.kind, "offset": entity.offset, "length": entity.length}
    return view | ({"url": entity.url} if entity.url else {})


def _button(button: Mapping[str, Any]) -> View:
    """An inline button; the page presses `data`, opens `url`, copies `copy`."""
    view: View = {"label": button["text"]}
    named = {"data": "callback_data", "url": "url", "style": "style"}
    view |= {name: button[field] for name, field in named.items() if button.get(field)}
    copied: Mapping[str, Any] = button.get("copy_text") or {}
    return view | ({"copy": copied["text"]} if "text" in copied else {})


def _key(button: Any) -> View:
    """A key of the reply keyboard: its label is said, unless it asks for something else."""
    return {"label": button.label, "asks": button.asks}


_SERVICES = ("new_chat_members", "left_chat_member", "pinned_message", "new_chat_title", "chat_shared")


def _service(world: World, message: Message) -> View:
    """What a service message says, for the page to put into the visitor's language."""
    service = message.service or {}
    kind = next((name for name in _SERVICES if name in service), "other")
    what = service.get(kind)
    names = [str(one.get("first_name", "")) for one in _people(what)]
    return {"kind": kind, "what": ", ".join(names) if names else what if isinstance(what, str) else ""}


def _people(value: Any) -> Sequence[Mapping[str, Any]]:
    people = value if isinstance(value, list) else [value]
    return [one for one in people if isinstance(one, dict) and "first_name" in one]
