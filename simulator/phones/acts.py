"""What a visitor may do with the phones: each act is read from a bounded JSON body and done in the world.

Only the holders of the four phones act. What the app would not allow comes back as `{"problem": …}`;
what no page would ever ask is an HTTP 400.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.phones.scene import Scene
from simulator.world import ActError, Chat, ChatKind, RichText, User
from simulator.world_links import read_bot_link

MOST_TEXT_CHARACTERS = 4_096
MOST_URL_CHARACTERS = 2_048
MOST_CHOICES = 50

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """The fields of a request, checked when they are read."""

    fields: Mapping[str, Any]

    def number(self, name: str) -> int:
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise web.HTTPBadRequest(text=f"{name} must be a whole number\n")
        return value

    def optional_number(self, name: str) -> int | None:
        return None if self.fields.get(name) is None else self.number(name)

    def text(self, name: str, most_characters: int = MOST_TEXT_CHARACTERS) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str) or len(value) > most_characters:
            raise web.HTTPBadRequest(text=f"{name} must be a text of at most {most_characters} characters\n")
        return value


def act(scene: Scene, name: str, body: Body) -> Answer:
    """Do one act by its name; KeyError for an act, person, chat or message that does not exist."""
    doing = _ACTS[name]
    person = scene.holder(body.number("user"))
    try:
        return doing(scene, person, body)
    except ActError:
        return {"problem": "not_allowed"}


def _say(scene: Scene, person: User, body: Body) -> Answer:
    place = _open_to(scene, person, body.number("chat"))
    message = scene.world.say(person, place, body.text("text"), reply_to=body.optional_number("reply_to"))
    return {"chat": place.id, "message": message.id}


def _press(scene: Scene, person: User, body: Body) -> Answer:
    place = _open_to(scene, person, body.number("chat"))
    query = scene.world.press(person, place, body.number("message"), body.text("data", 64))
    return {"chat": place.id, "query": query}


def _forward(scene: Scene, person: User, body: Body) -> Answer:
    """Forward to the bot. From a chat they are not in, they pass on what somebody else showed them."""
    source = scene.place(body.number("from_chat"))
    private = scene.world.private_chat(person, scene.director.cast.bot)
    if source.bot_id is not None or source.username or source.member(person.id).is_present:
        message = scene.world.forward(person, source, body.number("message"), private)
        return {"chat": private.id, "message": message.id}
    seen = source.messages[body.number("message")]
    message = scene.world.forward_foreign(
        person,
        private,
        RichText(seen.text, seen.entities),
        scene.world.origin_of(source, seen),
        file=seen.file,
    )
    return {"chat": private.id, "message": message.id}


def _open_link(scene: Scene, person: User, body: Body) -> Answer:
    """Follow a link to a bot; when it needs a group or channel and none is chosen yet, offer them."""
    url, chosen = body.text("url", MOST_URL_CHARACTERS), body.optional_number("chosen")
    link = read_bot_link(url)
    if link.where == "private" or chosen is not None:
        target = None if chosen is None else _open_to(scene, person, chosen)
        scene.world.open_link(person, url, target)
        opened = target or scene.world.private_chat(person, scene.director.cast.bot)
        return {"chat": opened.id}
    return {"choices": _choices(scene, person, wants_channel=link.where == "channel")}


def _share(scene: Scene, person: User, body: Body) -> Answer:
    """Press a key that asks for a chat or a phone number."""
    private = scene.world.private_chat(person, scene.director.cast.bot)
    label, chosen = body.text("label", 256), body.optional_number("chosen")
    key = _key(scene, private, label)
    if "request_contact" in key:
        scene.world.share_contact(person, private, "+84 900 000 000")
        return {"chat": private.id}
    if "request_chat" not in key:
        return {"problem": "not_allowed"}
    if chosen is None:
        wants_channel = bool(key["request_chat"].get("chat_is_channel"))
        return {"choices": _choices(scene, person, wants_channel=wants_channel)}
    scene.world.share_chat(person, private, label, _open_to(scene, person, chosen))
    return {"chat": private.id}


def _photo(scene: Scene, person: User, body: Body) -> Answer:
    place = _open_to(scene, person, body.number("chat"))
    try:
        data = base64.b64decode(body.text("jpeg", 4 * 1024 * 1024), validate=True)
    except binascii.Error:
        raise web.HTTPBadRequest(text="jpeg must be base64\n") from None
    if not data.startswith(b"\xff\xd8\xff"):
        raise web.HTTPBadRequest(text="jpeg must be a JPEG picture\n")
    message = scene.world.send_photo(person, place, data, body.text("caption", 1_024))
    return {"chat": place.id, "message": message.id}


_ACTS: Mapping[str, Callable[[Scene, User, Body], Answer]] = {
    "say": _say,
    "press": _press,
    "forward": _forward,
    "open_link": _open_link,
    "share": _share,
    "photo": _photo,
}

ACT_NAMES = frozenset(_ACTS)


def _open_to(scene: Scene, person: User, chat_id: int) -> Chat:
    """A chat on this person's phone: a private chat is their own, in a group they are present."""
    place = scene.place(chat_id)
    is_theirs = place.id == person.id if place.bot_id is not None else place.member(person.id).is_present
    if not is_theirs:
        raise KeyError(chat_id)
    return place


def _key(scene: Scene, private: Chat, label: str) -> Mapping[str, Any]:
    keys = (key for row in scene.world.keyboard(private) for key in row)
    return next((key for key in keys if key["text"] == label), {})


def _choices(scene: Scene, person: User, *, wants_channel: bool) -> list[dict[str, Any]]:
    """The chats this person administers, of the wanted kind, as the app would offer them."""
    suitable = [
        place
        for place in scene.world.chats.values()
        if place.member(person.id).is_admin
        and (place.kind is ChatKind.BROADCAST) == wants_channel
        and not place.is_deleted
        and place.upgraded_to is None
    ]
    return [
        {"id": place.id, "title": place.title, "members": place.member_count}
        for place in suitable[:MOST_CHOICES]
    ]
