"""The methods about forum topics."""

from __future__ import annotations

from typing import Any

from simulator.bot_api.access import Access, chat_of
from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.bot_api.sending import Method
from simulator.world import Chat, EventKind, Topic

NAME_CHARACTERS = 128


def _forum(request: Request, purpose: str) -> Chat:
    place = chat_of(request, Access.WRITE)
    if not place.is_forum:
        raise bad_request("the chat is not a forum")
    member = place.member(request.bot.id)
    may_create = not member.is_admin and "can_manage_topics" in place.permissions & member.permissions
    if not member.may("can_manage_topics") and not may_create:
        raise bad_request(f"not enough rights to {purpose}")
    return place


def _topic(request: Request, place: Chat) -> Topic:
    topic = place.topics.get(request.integer("message_thread_id"))
    if topic is None:
        raise bad_request("message thread not found")
    return topic


def create(request: Request) -> dict[str, Any]:
    place = _forum(request, "create a topic")
    name = request.text("name").strip()
    if not name or len(name) > NAME_CHARACTERS:
        raise bad_request("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_TOO_LONG")
    topic = request.world.add_topic(place, name, request.bot)
    topic.icon_color = request.integer("icon_color", topic.icon_color)
    request.acted(topic.id)
    return {"message_thread_id": topic.id, "name": topic.name, "icon_color": topic.icon_color}


def edit(request: Request) -> bool:
    place = _forum(request, "edit the topic")
    topic = _topic(request, place)
    name = request.text("name").strip() or topic.name
    if name == topic.name and not request.has("icon_custom_emoji_id"):
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.name = name
    topic.icon_emoji_id = request.text("icon_custom_emoji_id")
    service = {"forum_topic_edited": {"name": name}}
    request.world.announce(place, request.bot.id, service, topic=topic.id)
    request.acted(topic.id)
    return True


def close(request: Request) -> bool:
    return _set_closed(request, closed=True)


def reopen(request: Request) -> bool:
    return _set_closed(request, closed=False)


def _set_closed(request: Request, *, closed: bool) -> bool:
    place = _forum(request, "close the topic" if closed else "reopen the topic")
    topic = _topic(request, place)
    if topic.is_closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    request.world.set_topic_closed(place, topic, request.bot, closed=closed)
    request.acted(topic.id)
    return True


def delete(request: Request) -> bool:
    """The topic and everything in it."""
    place = _forum(request, "delete the topic")
    topic = _topic(request, place)
    for message_id in [message.id for message in place.messages.values() if message.topic == topic.id]:
        request.world.remove_message(place, message_id)
    del place.topics[topic.id]
    request.world.tell(EventKind.CHAT, place)
    request.acted(topic.id)
    return True


METHODS: dict[str, Method] = {
    "createforumtopic": create,
    "editforumtopic": edit,
    "closeforumtopic": close,
    "reopenforumtopic": reopen,
    "deleteforumtopic": delete,
}
