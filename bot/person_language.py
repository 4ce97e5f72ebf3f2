"""Conversations in each person's language: aiogram's I18n over Loa's merged texts.

Handlers use aiogram's own ``gettext``; Vietnamese unless the person, or their app, says otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiogram.types import TelegramObject, User
from aiogram.utils.i18n import I18n, I18nMiddleware

from bot.catalogs import compile_texts, merge
from bot.texts import LANGUAGES, LOCALES_FOLDER, VIETNAMESE, language_of

ChosenLanguage = Callable[[User], Awaitable[str | None]]
"""The language this account chose earlier; None when it never chose."""


def load_texts(folder: Path = LOCALES_FOLDER, *, default: str = VIETNAMESE) -> I18n:
    """aiogram's I18n over the merged texts of all rooms.

    Not a subclass: aiogram keeps the current I18n per class, and its ``gettext`` asks only ``I18n`` itself.
    """
    texts = I18n(path=folder, default_locale=default)
    texts.locales = {language: compile_texts(merge(folder, language)) for language in LANGUAGES}
    return texts


class PersonLanguage(I18nMiddleware):
    """Puts each update in its sender's language: their choice, else their app's, else the default."""

    def __init__(self, texts: I18n, chosen: ChosenLanguage) -> None:
        super().__init__(texts)
        self._chosen = chosen

    async def get_locale(self, event: TelegramObject, data: dict[str, Any]) -> str:
        """The language of whoever caused ``event``."""
        person: User | None = data.get("event_from_user")
        if person is None:
            return self.i18n.default_locale
        chosen = await self._chosen(person)
        return language_of(chosen, person.language_code, default=self.i18n.default_locale)
