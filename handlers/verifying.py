"""Is it genuine? /verify CODE, a bare code, a copy forwarded in private, /verify as a reply in a group.

Anyone may ask. Where a message was forwarded from is never looked at: only its words are compared.
"""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import CommandObject, StateFilter
from aiogram.types import Message
from aiogram.utils.i18n import gettext as _

from bulletins.code import find_codes
from handlers.access import may
from handlers.bulletin_desk import BulletinDesk
from handlers.commands import Command
from handlers.incoming import words_of
from handlers.verdict_words import about_record, about_text, not_ours
from members.roles import Who
from reports.checks.genuine import Examination
from reports.findings import Likeness, NotExamined

_WORD_FOR_WORD = frozenset({Likeness.GENUINE, Likeness.EXPIRED, Likeness.SUPERSEDED, Likeness.CANCELLED})

_in_private = F.chat.type == ChatType.PRIVATE
_asking = Command("verify", "kiemtra")


def router(desk: BulletinDesk) -> Router:
    """The handlers. Include this router before the one that takes reports."""
    talk = VerifyingTalk(desk)
    routes = Router(name="verifying")
    routes.message.register(talk.verify, _asking, flags=may(Who.ANYONE))
    idle = (_in_private, StateFilter(None))
    routes.message.register(
        talk.tell_record, F.text, ~F.text.startswith("/"), *idle, talk.names_a_code, flags=may(Who.ANYONE)
    )
    routes.message.register(
        talk.tell_examined, F.forward_origin, *idle, talk.is_word_for_word, flags=may(Who.ANYONE)
    )
    return routes


class VerifyingTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk) -> None:
        self._desk = desk

    async def verify(self, message: Message, command: CommandObject) -> None:
        """A code, a pasted text, or the message that this one replies to."""
        asked_about = message.reply_to_message
        text = (command.args or "").strip() or (words_of(asked_about) if asked_about else "")
        if not text:
            await message.reply(
                _(
                    "Write the code that stands on the bulletin, for example /verify LOA-XXXX-X, or reply "
                    "with /verify to the message you want to check."
                )
            )
            return
        links = hidden_links(message) + (hidden_links(asked_about) if asked_about else ())
        examination = await self._desk.genuine.examine(text, links)
        if isinstance(examination, NotExamined):
            await message.reply(_could_not(examination))
        else:
            await self._answer(message, text, examination)

    async def names_a_code(self, message: Message) -> bool | dict[str, Any]:
        """Whether the message is only a code, perhaps with a question."""
        text = message.text or ""
        if message.forward_origin or not find_codes(text):
            return False
        examination = await self._desk.genuine.examine(text)
        if isinstance(examination, NotExamined) or not examination.is_only_a_code:
            return False  # what could not be looked at is kept, and answered like whatever people send
        return {"examination": examination}

    async def is_word_for_word(self, message: Message) -> bool | dict[str, Any]:
        """Whether a forwarded message is a bulletin as it stands in the record."""
        examination = await self._desk.genuine.examine(words_of(message), hidden_links(message))
        finding = None if isinstance(examination, NotExamined) else examination.finding
        if finding is None or finding.likeness not in _WORD_FOR_WORD:
            return False
        return {"examination": examination}

    async def tell_record(self, message: Message, examination: Examination) -> None:
        """What the record says under a bare code."""
        await self._answer(message, message.text or "", examination)

    async def tell_examined(self, message: Message, examination: Examination) -> None:
        """What came of comparing."""
        await self._answer(message, words_of(message), examination)

    async def _answer(self, message: Message, text: str, examination: Examination) -> None:
        if examination.finding is not None and examination.published is not None:
            answer = about_text(examination, self._desk)
        elif examination.published is not None:
            answer = about_record(examination.published, self._desk)
        else:
            answer = not_ours(text)
        await message.reply(answer)


def _could_not(why: NotExamined) -> str:
    if why is NotExamined.BUSY:
        return _(
            "So many people are asking right now that I did not get to this. Please ask again in a minute."
        )
    return _(
        "My machine could not look at this in time, which says nothing about it. "
        "Forward it to me in private, and people can look at it."
    )


def hidden_links(message: Message) -> tuple[str, ...]:
    """The addresses behind words: a copy may read right and lead elsewhere."""
    entities = message.entities or message.caption_entities or []
    return tuple(entity.url for entity in entities if entity.type == "text_link" and entity.url)
