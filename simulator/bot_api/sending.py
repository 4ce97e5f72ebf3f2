"""The methods that send: texts, files and albums, with replies, topics, markup and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulator.bot_api.access import Access, chat_of, expect_may_send
from simulator.bot_api.keyboards import markup_of
from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.bot_api.texts import Source, caption, caption_of, text_of
from simulator.bot_api.uploads import album_file, file_of
from simulator.wire import message_shape
from simulator.world import Chat, ChatKind, FileKind, Message, RichText
from simulator.world_model import StoredFile

Method = Callable[[Request], Any]

SENT_KINDS = {
    "sendphoto": FileKind.PHOTO,
    "senddocument": FileKind.DOCUMENT,
    "sendvideo": FileKind.VIDEO,
    "sendanimation": FileKind.ANIMATION,
    "sendaudio": FileKind.AUDIO,
    "sendvoice": FileKind.VOICE,
    "sendvideonote": FileKind.VIDEO_NOTE,
    "sendsticker": FileKind.STICKER,
}
ALBUM_ITEMS = range(2, 11)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: the chat, the topic, and the message it answers."""

    chat: Chat
    topic: int | None
    reply_to: int | None
    quote: str


def place_of(request: Request, kind: FileKind | None) -> Place:
    """Where a call sends to, when the bot may send this kind of thing there."""
    chat = chat_of(request, Access.WRITE)
    expect_may_send(request.bot, chat, kind)
    reply_to, quote = _reply_of(request, chat)
    topic = request.integer("message_thread_id") or None
    if topic is None and reply_to is not None:
        topic = chat.messages[reply_to].topic
    _expect_open(request, chat, topic)
    return Place(chat, topic, reply_to, quote)


def _expect_open(request: Request, chat: Chat, topic: int | None) -> None:
    if topic is None:
        return
    if topic not in chat.topics:
        raise bad_request("message thread not found")
    if chat.topics[topic].is_closed and not chat.member(request.bot.id).may("can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")


def _reply_of(request: Request, chat: Chat) -> tuple[int | None, str]:
    wanted = request.structure("reply_parameters") or {}
    message_id = int(wanted.get("message_id") or request.integer("reply_to_message_id"))
    if not message_id or str(wanted.get("chat_id") or chat.id) != str(chat.id):
        return None, ""
    may_be_missing = wanted.get("allow_sending_without_reply") or request.flag("allow_sending_without_reply")
    if message_id not in chat.messages:
        if may_be_missing:
            return None, ""
        raise bad_request("message to be replied not found")
    quote = str(wanted.get("quote") or "")
    if quote and quote not in chat.messages[message_id].text:
        raise bad_request("QUOTE_TEXT_INVALID")
    return message_id, quote


def signed(request: Request, chat: Chat) -> dict[str, Any]:
    """In whose name a bot writes: its own, or the channel's."""
    if chat.kind is ChatKind.BROADCAST:
        return {"author_id": request.bot.id, "sender_chat_id": chat.id}
    return {"author_id": request.bot.id, "from_id": request.bot.id}


def send(request: Request, place: Place, rich: RichText, file: StoredFile | None = None) -> Message:
    """Post one message of the bot, when the limits allow it."""
    markup = markup_of(request, place.chat)
    request.limiter.expect_room(request.bot.id, place.chat, is_paid=request.flag("allow_paid_broadcast"))
    message = request.world.draft(
        place.chat,
        text=rich.text,
        entities=rich.entities,
        file=file,
        reply_to=place.reply_to,
        quote=place.quote,
        topic=place.topic,
        inline_keyboard=markup.inline_keyboard,
        reply_markup=markup.reply_markup,
        is_silent=request.flag("disable_notification"),
        is_protected=request.flag("protect_content"),
        link_preview=link_preview_of(request),
        **signed(request, place.chat),
    )
    request.world.post(place.chat, message)
    request.acted(message.id)
    return message


def link_preview_of(request: Request) -> dict[str, Any] | None:
    options = request.structure("link_preview_options")
    if options:
        return {key: value for key, value in options.items() if value is not None}
    return {"is_disabled": True} if request.flag("disable_web_page_preview") else None


def described(request: Request, message: Message) -> dict[str, Any]:
    return message_shape.message(request.world, message, request.bot)


def send_message(request: Request) -> dict[str, Any]:
    rich = text_of(request)
    return described(request, send(request, place_of(request, None), rich))


def send_file(request: Request, *, kind: FileKind) -> dict[str, Any]:
    rich = caption_of(request)
    stored = file_of(request, kind)
    return described(request, send(request, place_of(request, kind), rich, stored))


def send_media_group(request: Request) -> list[dict[str, Any]]:
    """An album: 2 to 10 photos, videos, documents or audios."""
    items = request.structure("media")
    if not isinstance(items, list) or len(items) not in ALBUM_ITEMS:
        raise bad_request("wrong number of messages in album: 2-10 expected")
    parts = [(album_file(request, item), _album_caption(request, item)) for item in items]
    place = place_of(request, parts[0][0].kind)
    is_paid = request.flag("allow_paid_broadcast")
    request.limiter.expect_room(request.bot.id, place.chat, count=len(parts), is_paid=is_paid)
    album_id = request.world.next_query_id()
    return [_post_part(request, place, part, album_id) for part in parts]


def _album_caption(request: Request, item: dict[str, Any]) -> RichText:
    source = Source(item.get("caption") or "", item.get("parse_mode") or "", item.get("caption_entities"))
    return caption(request, source)


def _post_part(
    request: Request, place: Place, part: tuple[StoredFile, RichText], album_id: str
) -> dict[str, Any]:
    stored, rich = part
    draft = request.world.draft(
        place.chat,
        text=rich.text,
        entities=rich.entities,
        file=stored,
        reply_to=place.reply_to,
        topic=place.topic,
        album_id=album_id,
        is_silent=request.flag("disable_notification"),
        is_protected=request.flag("protect_content"),
        **signed(request, place.chat),
    )
    message = request.world.post(place.chat, draft)
    request.acted(message.id)
    return described(request, message)


METHODS: dict[str, Method] = {
    "sendmessage": send_message,
    "sendmediagroup": send_media_group,
    **{name: partial(send_file, kind=kind) for name, kind in SENT_KINDS.items()},
}
