"""The pledge as it is shown: the text first, and only after "I have read it" the button that pledges."""

from __future__ import annotations

from aiogram import Bot, html
from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from handlers.buttons import Rows
from handlers.desk import MemberDesk
from handlers.telling import chat_of, language, tell, title_of
from members.channel import Channel, PersonId

Card = tuple[str, InlineKeyboardMarkup]


class PledgeCards:
    """Draws and sends the pledge."""

    def __init__(self, desk: MemberDesk) -> None:
        self._desk = desk

    async def send(self, bot: Bot, channel: Channel, person: PersonId) -> bool:
        """Send the pledge for ``channel`` to ``person`` in private; False when that is not possible."""
        with language(channel.language):
            text, markup = await self.to_read(channel, person, channel.language)
            sent = await tell(bot, person, text, markup)
        if sent:
            await self._desk.tellings.mark_told(channel.id, self._desk.now())
        return sent

    async def to_read(self, channel: Channel, person: PersonId, shown: str) -> Card:
        """The text in the language ``shown``, with the button that says it was read."""
        read = {"channel": channel.id, "language": shown}
        other, label = ("en", "English") if shown == "vi" else ("vi", "Tiếng Việt")
        rows: Rows = [
            [(_("I have read it"), "pledge.read", read)],
            [(label, "pledge.language", {"channel": channel.id, "language": other})],
            [(_("No, thank you"), "pledge.decline", {"channel": channel.id})],
        ]
        return self._text(channel, shown), await self._keyboard(rows, person)

    async def to_confirm(self, channel: Channel, person: PersonId, shown: str) -> Card:
        """The same text, with the button that pledges."""
        version = self._desk.enrolment.text(shown).version
        confirm = {"channel": channel.id, "language": shown, "version": version}
        rows: Rows = [
            [(_("🤝 I pledge this"), "pledge.confirm", confirm)],
            [(_("Later"), "pledge.later", {})],
            [(_("No, thank you"), "pledge.decline", {"channel": channel.id})],
        ]
        return self._text(channel, shown), await self._keyboard(rows, person)

    async def once_more(self, channel: Channel, person: PersonId, shown: str) -> InlineKeyboardMarkup:
        """A button to try the last step again, when something outside was in the way."""
        version = self._desk.enrolment.text(shown).version
        confirm = {"channel": channel.id, "language": shown, "version": version}
        return await self._keyboard([[(_("Try again"), "pledge.confirm", confirm)]], person)

    def _text(self, channel: Channel, shown: str) -> str:
        text = self._desk.enrolment.text(shown)
        heading = _("For {title}. Please read this in peace: below it, you decide.").format(
            title=title_of(channel)
        )
        return f"{heading}\n\n{html.bold(html.quote(text.title))}\n\n{html.quote(text.body)}"

    async def _keyboard(self, rows: Rows, person: PersonId) -> InlineKeyboardMarkup:
        return await self._desk.buttons.keyboard(rows, chat=chat_of(person), person=person)
