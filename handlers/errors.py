"""When handling an update fails: it is logged with its ids, and the person hears a kind word."""

from __future__ import annotations

from typing import Any

import structlog
from aiogram import Bot, Router
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import ErrorEvent, TelegramObject, Update, User
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from handlers.access import refuse

log = structlog.get_logger(__name__)

_PASSING = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter)


def router() -> Router:
    """The one error handler."""
    routes = Router(name="errors")
    routes.errors.register(apologise)
    return routes


async def apologise(
    event: ErrorEvent, bot: Bot, i18n: I18n | None = None, event_from_user: User | None = None
) -> Any:
    """Log what went wrong, and say so kindly. Somebody who blocked the bot meanwhile is left in peace.

    What passes by itself is handed back to whoever feeds the updates, to try again.

    This runs outside the middleware that sets the language, so the language of the person's app is taken.
    """
    if isinstance(event.exception, _PASSING):
        return UNHANDLED
    if isinstance(event.exception, TelegramForbiddenError):
        log.info("the answer was not wanted any more", update_id=event.update.update_id, bot_id=bot.id)
        return None
    log.error(
        "handling an update failed",
        update_id=event.update.update_id,
        bot_id=bot.id,
        exc_info=event.exception,
    )
    if i18n is None:
        return None
    speaks_english = event_from_user is not None and (event_from_user.language_code or "").startswith("en")
    try:
        with i18n.context(), i18n.use_locale("en" if speaks_english else i18n.default_locale):
            await refuse(_asked(event.update), _sorry())
    except TelegramAPIError as error:
        log.warning("the apology did not arrive", update_id=event.update.update_id, error=str(error))
    return None


def _sorry() -> str:
    return _("Something went wrong on our side, and Loa has noted it. Nothing is lost: please try again.")


def _asked(update: Update) -> TelegramObject:
    """What the person did; they wait for an answer to it only when it was a message or a press."""
    return update.message or update.callback_query or update
