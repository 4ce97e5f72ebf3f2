"""``loa run``: the house at work until a signal says stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog

from bot.app import ALL_DUTIES, Duty, open_app
from bot.configuration import Secrets, read_secrets, read_settings
from bot.logs import set_up_logs
from bot.mistakes import OperatorMistake
from bot.runtime import run
from bot.settings import Settings
from bot.texts import gettext as _

log = structlog.get_logger(__name__)

# The database and what SQLite writes beside it hold what people wrote to us.
_FOR_THIS_USER_ALONE = 0o077


def serve(config: Path, environ: Mapping[str, str], only: str | None) -> None:
    """Serve until stopped. Raises OperatorMistake."""
    duties = _duties(only)
    settings = read_settings(config, environ)
    secrets = read_secrets(settings, environ)
    set_up_logs(settings.logs, secrets.texts())
    os.umask(_FOR_THIS_USER_ALONE)
    run(until_stopped(_serve(settings, secrets, duties)))


def _duties(only: str | None) -> frozenset[Duty]:
    if only is None:
        return ALL_DUTIES
    if only not in list(Duty):
        raise OperatorMistake(
            _("--only knows updates, deliveries and web, but not {what}.").format(what=only)
        )
    return frozenset({Duty(only)})


async def _serve(settings: Settings, secrets: Secrets, duties: frozenset[Duty]) -> None:
    async with open_app(settings, secrets, duties=duties) as app:
        log.info("serving", bots=list(app.branches), duties=sorted(duties))
        await app.wait()


async def until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` until it ends, or SIGINT or SIGTERM asks it to; then it may close what it opened."""
    loop, task = asyncio.get_running_loop(), asyncio.create_task(work)
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        log.info("stopped")
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(name)
