"""The house's door: the port it listens on, and the address at which Telegram knocks."""

from __future__ import annotations

import errno
import socket

from bot.mistakes import OperatorMistake, mistake_behind
from bot.settings import TelegramBot, Web
from bot.texts import gettext as _
from web.door import open_door

_ANSWER_SECONDS = 3.0


def listen(web: Web) -> socket.socket:
    """Open the port of the settings; whoever does closes it. Raises OperatorMistake."""
    try:
        return open_door(web.host, web.port)
    except OSError as error:
        raise mistake_behind(error) or OperatorMistake(
            _("Loa cannot listen on {host}, port {port} ({reason}): change web.host or web.port.").format(
                host=web.host, port=web.port, reason=error.strerror
            )
        ) from error


def is_in_use(mistake: OperatorMistake) -> bool:
    """Whether the port could not be opened because somebody listens there already."""
    return isinstance(mistake.__cause__, OSError) and mistake.__cause__.errno == errno.EADDRINUSE


async def is_loa_there(web: Web) -> bool:
    """Whether what listens on the port answers as Loa in good health does."""
    # It takes a tenth of a second, which only who asks needs to wait for.
    from aiohttp import ClientError, ClientSession, ClientTimeout

    host = f"[{web.host}]" if ":" in web.host else web.host
    timeout = ClientTimeout(total=_ANSWER_SECONDS)
    try:
        async with (
            ClientSession(timeout=timeout) as http,
            http.get(f"http://{host}:{web.port}/health", allow_redirects=False) as answer,
        ):
            return answer.status == 200 and await answer.content.read(16) == b"ok"
    except (ClientError, OSError):
        return False


def webhook_address(bot: TelegramBot) -> str | None:
    """Where Telegram pushes this bot's updates; None where they are asked for."""
    return f"{bot.webhook.url}/webhook/{bot.name}" if bot.webhook.url else None
