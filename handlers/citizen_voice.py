"""Speaking to citizens outside of an update: what was found about a forward, and verdicts when they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramServerError,
)
from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from handlers.buttons import Buttons
from handlers.report_words import findings_text, telling_text
from reports.drafts import DRAFT_LASTS, Draft, ReplyAddress
from reports.findings import Findings
from reports.ports import Telling, Told

log = structlog.get_logger(__name__)

_REFUSED = (TelegramForbiddenError, TelegramBadRequest)
_UNSURE = (TelegramNetworkError, TelegramServerError)


class CitizenVoice:
    """Writes to private chats, each in its own language, as a reply to the message it is about."""

    def __init__(self, bots: Mapping[str, Bot], buttons: Buttons, texts: I18n, zone: tzinfo) -> None:
        self._bots = bots
        self._buttons = buttons
        self._texts = texts
        self._zone = zone

    async def answer(self, draft: Draft, findings: Findings) -> Told:
        """Tell what was found, and ask whether it is the answer."""
        payload = {"draft": draft.token}
        with self._speaking(draft.address.language):
            text = findings_text(findings, self._zone)
            rows = [
                [(_("👍 Yes, thank you"), "report.yes", payload)],
                [(_("🙋 No, ask the moderators"), "report.no", payload)],
            ]
            keyboard = await self._buttons.keyboard(
                rows, chat=draft.address.chat, person=None, lasts=DRAFT_LASTS, about=draft.token
            )
        return await self._send(draft.address, text, keyboard)

    async def tell(self, telling: Telling) -> Told:
        """Tell a verdict."""
        with self._speaking(telling.address.language):
            text = telling_text(telling, self._zone)
        return await self._send(telling.address, text)

    async def _send(
        self, address: ReplyAddress, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> Told:
        bot = self._bots.get(address.bot)
        if bot is None:
            return Told.NOT_SENT  # this process does not serve that bot
        try:
            await bot.send_message(
                address.chat,
                text,
                reply_parameters=ReplyParameters(
                    message_id=int(address.message_id), allow_sending_without_reply=True
                ),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=keyboard,
            )
        except _REFUSED as error:
            log.info("a citizen cannot be reached any more", error=type(error).__name__)
            return Told.GONE
        except _UNSURE:
            return Told.UNKNOWN
        except TelegramAPIError:
            return Told.NOT_SENT
        return Told.ARRIVED

    @contextmanager
    def _speaking(self, language: str) -> Iterator[None]:
        with self._texts.context(), self._texts.use_locale(language):
            yield
