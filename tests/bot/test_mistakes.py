"""What the operator can put right is told from a bug, however deep it lies."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.mistakes import OperatorMistake, mistake_behind
from storage.engine import open_engine


async def test_a_port_in_use_is_the_operators_to_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        runner = web.AppRunner(web.Application())
        await runner.setup()
        with pytest.raises(OSError) as caught:  # noqa: PT011 (what it becomes is what matters)
            await web.TCPSite(runner, "127.0.0.1", taken.getsockname()[1]).start()
        await runner.cleanup()

    assert "choose another port (web.port)" in str(mistake_behind(caught.value))


async def test_a_database_that_cannot_be_written_is_the_operators_to_place(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'no such folder' / 'loa.sqlite3'}")
    with pytest.raises(OperationalError) as caught:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    await engine.dispose()

    assert "cannot be written: make sure" in str(mistake_behind(caught.value))


def wrapped(error: BaseException) -> BaseException:
    try:
        try:
            raise error
        except BaseException as inner:
            raise RuntimeError("outer") from inner
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    "around", [lambda error: error, wrapped, lambda error: ExceptionGroup("tasks", [ValueError(), error])]
)
def test_a_mistake_is_found_under_whatever_was_raised_on_top(
    around: Callable[[BaseException], BaseException],
) -> None:
    mistake = OperatorMistake("Do this.")

    assert mistake_behind(around(mistake)) is mistake
    denied = mistake_behind(around(PermissionError(13, "Permission denied", "/srv/loa")))
    assert "may not write /srv/loa" in str(denied)


def test_a_bug_is_not_a_mistake() -> None:
    assert mistake_behind(wrapped(KeyError("channel"))) is None
