"""Links that lead to a bot, and buttons that choose a chat: how people bring bots into chats.

Deep links: https://core.telegram.org/bots/features#deep-linking and
https://core.telegram.org/api/links#bot-links (`start`, `startgroup`, `startchannel`, `admin`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulator.wire import shapes
from simulator.world_forwards import WorldForwards
from simulator.world_members import WorldMembers
from simulator.world_model import ActError, Bot, Chat, ChatKind, Message, User
from simulator.world_state import ChatRef

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
TELEGRAM_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})


@dataclass(frozen=True, slots=True)
class BotLink:
    """A link to a bot, taken apart. `where` is `private`, `group` or `channel`."""

    username: str
    where: str
    payload: str
    rights: frozenset[str]


def read_bot_link(url: str) -> BotLink:
    """Take a `t.me/BOT?…` or `tg://resolve?domain=BOT&…` link apart."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    is_app_link = parts.scheme == "tg" and parts.netloc == "resolve"
    if not is_app_link and parts.hostname not in TELEGRAM_HOSTS:
        raise ActError(f"{url} is no link into the app")
    username = query.get("domain", "") if is_app_link else parts.path.strip("/")
    rights = frozenset(map(_full_right, query.get("admin", "").split()))
    for key, where in (("startgroup", "group"), ("startchannel", "channel")):
        if key in query:
            return BotLink(username, where, query[key], rights)
    return BotLink(username, "private", query.get("start", ""), frozenset())


def _full_right(short: str) -> str:
    return "is_anonymous" if short == "anonymous" else f"can_{short}"


class WorldLinks(WorldForwards, WorldMembers):
    """Starting bots and bringing them into chats."""

    def start(self, user: User | int, bot: Bot, payload: str = "") -> Message:
        """Press START in the private chat; unblocks the bot first, as the app does."""
        if not PAYLOAD.fullmatch(payload):
            raise ActError("a payload has at most 64 of A-Z a-z 0-9 _ -")
        self.unblock(user, bot)
        return self.say(user, bot, f"/start {payload}".strip())

    def open_link(self, user: User | int, url: str, chat: ChatRef | None = None) -> Message | None:
        """Open a link to a bot and follow it; `chat` is the group or channel chosen in the dialog.

        Returns the message the app wrote in the person's name, if it wrote one.
        """
        link, person = read_bot_link(url), self.person(user)
        bot = self.named(link.username)
        if not isinstance(bot, Bot):
            raise ActError(f"there is no bot @{link.username}")
        if not PAYLOAD.fullmatch(link.payload):
            raise ActError("a payload has at most 64 of A-Z a-z 0-9 _ -")
        if link.where == "private":
            return self.start(person, bot, link.payload)
        if chat is None:
            raise ActError("choose a chat for this link")
        place = self.chat(chat)
        if (place.kind is ChatKind.BROADCAST) != (link.where == "channel"):
            raise ActError("this link is for the other kind of chat")
        self._bring_in(person, bot, place, link.rights)
        if link.where == "channel" or not link.payload:
            return None
        return self.say(person, place, f"/start@{bot.username} {link.payload}")

    def _bring_in(self, person: User, bot: Bot, place: Chat, rights: frozenset[str]) -> None:
        member = place.member(person.id)
        if place.kind is ChatKind.BROADCAST or (rights and member.may("can_promote_members")):
            self.promote(place, bot, rights or None, by=person)
            return
        may_invite = member.may("can_invite_users") or "can_invite_users" in place.permissions
        if not member.is_present or not may_invite:
            raise ActError(f"{person.name} may not add members to “{place.title}”")
        self.add_member(place, bot, by=person)

    def share_chat(self, user: User | int, private_chat: ChatRef, button_text: str, chat: ChatRef) -> Message:
        """Press a KeyboardButtonRequestChat and choose a chat; the bot gets the rights it asked for."""
        person, talk, chosen = self.person(user), self.chat(private_chat, user=user), self.chat(chat)
        request = _request_of(self.keyboard(talk), button_text)
        bot = self.bots[talk.bot_id or 0]
        _expect_suits(request, chosen, person.id)
        rights = _named_rights(request.get("bot_administrator_rights"))
        if rights:
            self.promote(chosen, bot, rights, by=person)
        elif request.get("bot_is_member"):
            self.add_member(chosen, bot, by=person)
        shared: dict[str, Any] = {"request_id": request["request_id"], "chat_id": chosen.id}
        if request.get("request_title"):
            shared["title"] = chosen.title
        if request.get("request_username") and chosen.username:
            shared["username"] = chosen.username
        return self.announce(talk, person.id, {"chat_shared": shared})

    def share_contact(self, user: User | int, private_chat: ChatRef, phone: str) -> Message:
        """Press a button that asks for one's phone number."""
        person, talk = self.person(user), self.chat(private_chat, user=user)
        described = shapes.account(person)
        contact = {"phone_number": phone, "first_name": described["first_name"], "user_id": person.id}
        return self.announce(talk, person.id, {"contact": contact})

    def keyboard(self, chat: ChatRef) -> list[list[dict[str, Any]]]:
        """The reply keyboard that is open below the input field of a chat."""
        place = self.chat(chat)
        for message in reversed(place.messages.values()):
            markup = message.reply_markup or {}
            if "keyboard" in markup:
                keyboard: list[list[dict[str, Any]]] = markup["keyboard"]
                return keyboard
            if markup.get("remove_keyboard"):
                return []
        return []


def _request_of(keyboard: list[list[dict[str, Any]]], text: str) -> dict[str, Any]:
    for row in keyboard:
        for button in row:
            if button["text"] == text and "request_chat" in button:
                request: dict[str, Any] = button["request_chat"]
                return request
    raise ActError(f"no button “{text}” that asks for a chat is open")


def _named_rights(rights: dict[str, bool] | None) -> frozenset[str]:
    return frozenset(name for name, is_held in (rights or {}).items() if is_held)


def _expect_suits(request: dict[str, Any], chosen: Chat, person_id: int) -> None:
    """The app offers only chats that meet the button's conditions."""
    member = chosen.member(person_id)
    wanted_of_person = _named_rights(request.get("user_administrator_rights"))
    is_broadcast = chosen.kind is ChatKind.BROADCAST
    conditions = {
        "kind of chat": request["chat_is_channel"] == is_broadcast,
        "your rights": all(member.may(right) or right == "is_anonymous" for right in wanted_of_person),
        "ownership": not request.get("chat_is_created") or member.status.value == "creator",
        "username": request.get("chat_has_username") in (None, bool(chosen.username)),
        "topics": request.get("chat_is_forum") in (None, chosen.is_forum),
    }
    failed = [name for name, is_met in conditions.items() if not is_met]
    if failed:
        raise ActError(f"the app does not offer “{chosen.title}”: {', '.join(failed)}")
