"""The true preview: the very messages that channels will get, by the same rendering, before any approval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aiogram import Bot
from aiogram.types import BufferedInputFile, Message

from broadcasts.broadcast import Broadcast
from broadcasts.corrections import new_picture
from broadcasts.recurrence import occurrence
from bulletins.bulletin import Bulletin, Language, Media
from bulletins.problems import MOST_LANGUAGES
from bulletins.rendering import Rendered, render, render_corrected_copy, render_correction_notice
from handlers.bulletin_desk import BulletinDesk


class Previews:
    """Shows bulletins as channels will see them."""

    def __init__(self, desk: BulletinDesk) -> None:
        self._desk = desk

    async def show(self, bot: Bot, bot_name: str, chat: int | str, broadcast: Broadcast) -> None:
        """One message for each language; for a correction, the edited copy and the reply under it.

        Of a series it is the next occurrence, under the code of the series.
        """
        broadcast = replace(broadcast, bulletin=self._next_of(broadcast.bulletin))
        first = broadcast.earlier.first if broadcast.earlier else None
        languages = dict.fromkeys((*broadcast.bulletin.texts, *(first.texts if first else ())))
        for language in list(languages)[:MOST_LANGUAGES]:
            for rendered, media in self._messages(broadcast.bulletin, first, language):
                await self._post(bot, bot_name, chat, rendered, media)

    def _messages(
        self, bulletin: Bulletin, first: Bulletin | None, language: Language
    ) -> Iterator[tuple[Rendered, Media | None]]:
        """Of a correction every picture that it can bring into a channel is among them."""
        imprint = self._desk.imprint
        if first is None:
            yield render(bulletin, language, imprint=imprint), bulletin.media
            return
        yield render_corrected_copy(first, bulletin, language, imprint=imprint), first.media
        notice = render_correction_notice(first, bulletin, language, imprint=imprint)
        yield notice, new_picture(first, bulletin)

    async def _post(
        self, bot: Bot, bot_name: str, chat: int | str, rendered: Rendered, media: Media | None
    ) -> None:
        if media is None:
            await bot.send_message(chat, rendered.html)
            return
        handle = await self._desk.pictures.handle(bot_name, media.sha256)
        if handle is not None:
            await bot.send_photo(chat, handle, caption=rendered.html)
            return
        content = await self._desk.pictures.content(media.sha256)
        if content is None:
            await bot.send_message(chat, rendered.html)
            return
        sent = await bot.send_photo(chat, BufferedInputFile(content, media.file_name), caption=rendered.html)
        await self._remember(bot_name, media, sent)

    async def _remember(self, bot_name: str, media: Media, sent: Message) -> None:
        if sent.photo:
            await self._desk.pictures.remember_handle(bot_name, media.sha256, sent.photo[-1].file_id)

    def _next_of(self, bulletin: Bulletin) -> Bulletin:
        if bulletin.recurrence is None:
            return bulletin
        moments = self._desk.desk.next_few(bulletin.recurrence)
        return occurrence(bulletin, bulletin.code, moments[0]) if moments else bulletin
