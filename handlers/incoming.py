"""A message of the platform as a piece of evidence: its words, every address in it, and not who wrote it."""

from __future__ import annotations

from aiogram import F
from aiogram.enums import ContentType
from aiogram.types import Message, MessageEntity, MessageOriginChannel, MessageOriginChat

from bulletins.links import MarkedLink
from handlers.access import writer_of
from handlers.telling import spoken
from reports.content import MOST_MARKED_LINKS, Piece
from reports.drafts import Arrival, ReplyAddress

WITHOUT_WORDS = F.content_type.in_(
    {
        ContentType.ANIMATION,
        ContentType.AUDIO,
        ContentType.CONTACT,
        ContentType.DICE,
        ContentType.DOCUMENT,
        ContentType.LOCATION,
        ContentType.PHOTO,
        ContentType.POLL,
        ContentType.STICKER,
        ContentType.STORY,
        ContentType.VENUE,
        ContentType.VIDEO,
        ContentType.VIDEO_NOTE,
        ContentType.VOICE,
    }
)
"""What a person sends that is no text; the platform's own announcements are not among it."""


def words_of(message: Message) -> str:
    """Its text, or the caption of its picture."""
    return message.text or message.caption or ""


def arrival_of(message: Message, bot_name: str, *, about: Message | None = None) -> Arrival:
    """``message`` as it came in; with ``about``, the message it points at is the evidence."""
    evidence = about or message
    piece = Piece(
        origin_key=f"{evidence.chat.id}:{evidence.message_id}",
        text=words_of(evidence),
        links=links_of(evidence),
        is_forwarded=about is not None or evidence.forward_origin is not None,
        has_picture=evidence.photo is not None,
    )
    return Arrival(writer_of(message), address_of(message, bot_name), piece)


def address_of(message: Message, bot_name: str) -> ReplyAddress:
    """Where the writer of ``message`` is answered."""
    return ReplyAddress(bot_name, str(message.chat.id), str(message.message_id), spoken())


def origin_of(message: Message) -> str | None:
    """The chat or channel it says it was forwarded from. Persons are not looked at."""
    match message.forward_origin:
        case MessageOriginChannel(chat=chat) | MessageOriginChat(sender_chat=chat):
            return str(chat.id)
        case _:
            return None


def links_of(message: Message) -> tuple[MarkedLink, ...]:
    """Every address the platform marked: in the text, behind words, in the preview, under buttons."""
    text = words_of(message)
    marked = [_marked(entity, text) for entity in message.entities or message.caption_entities or ()]
    preview = message.link_preview_options.url if message.link_preview_options else None
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    buttons = [MarkedLink(button.text, button.url) for row in rows for button in row if button.url]
    previewed = [MarkedLink("", preview)] if preview else []
    return tuple([link for link in marked if link] + buttons + previewed)[:MOST_MARKED_LINKS]


def _marked(entity: MessageEntity, text: str) -> MarkedLink | None:
    if entity.type not in ("url", "text_link"):
        return None
    label = entity.extract_from(text)
    return MarkedLink(label, entity.url or label)
