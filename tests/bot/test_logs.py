"""A canary secret, put on every path that leads to the logs, is found in none of them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import structlog
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import SendMessage
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.logs import HIDDEN, redactor, report_crash, set_up_logs
from bot.settings import LogFormat, Logs

TELEGRAM_TOKEN = "123456789:AAcanaryCANARYcanaryCANARYcanary01"
ZALO_TOKEN = "4099876543210987654:canaryZALOcanaryZALOcanaryZALO"
WEBHOOK_SECRET = 'canary "quoted" \\ đặc biệt'
KEY = "ca9a41" * 10 + "ca9a"
PASSWORD = "pw+canary/pw"
SECRETS = (TELEGRAM_TOKEN, ZALO_TOKEN, WEBHOOK_SECRET, KEY, PASSWORD)
CANARIES = ("canary", "CANARY", "ca9a41", "canaryZALO")


@dataclass
class Holder:
    """Shows what it holds, as library objects do."""

    url: str = f"https://api.telegram.org/bot{TELEGRAM_TOKEN}/getMe"


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError(TELEGRAM_TOKEN)


def plainly() -> None:
    structlog.get_logger("loa").info(f"calling with {TELEGRAM_TOKEN}")


def as_values() -> None:
    structlog.get_logger().info(
        "sent", url=f"https://host/bot{TELEGRAM_TOKEN}/x", token="short canary", raw=ZALO_TOKEN.encode()
    )


def deep_inside() -> None:
    inner = {"list": [{"tuple": (WEBHOOK_SECRET, {KEY})}], TELEGRAM_TOKEN: 1, "password": ["canary"]}
    structlog.get_logger().warning("nested", data={"a": {"b": inner}})


def deeper_than_anyone_logs() -> None:
    value: object = WEBHOOK_SECRET
    for _ in range(40):
        value = [value]
    structlog.get_logger().warning("deep", value=value)


def as_positional_arguments() -> None:
    structlog.get_logger().info("to %s with %s", "Lan", TELEGRAM_TOKEN)


def bound_to_the_logger() -> None:
    structlog.get_logger().bind(who=Holder()).error("bound")


def bound_to_the_context() -> None:
    with structlog.contextvars.bound_contextvars(secret_key=KEY, seen=KEY):
        structlog.get_logger().error("in context")


def through_a_library() -> None:
    logging.getLogger("aiogram.event").info(
        "token %s, %r, %s", TELEGRAM_TOKEN, Holder(), {"a": WEBHOOK_SECRET}
    )


def as_a_header() -> None:
    headers = {"Authorization": "Bearer abcdefcanary", "X-Bot-Api-Secret-Token": "canary-unknown"}
    logging.getLogger("aiohttp.access").info("%s", headers)
    structlog.get_logger().info("headers", **headers)


def in_a_nested_exception() -> None:
    try:
        try:
            raise ValueError(TELEGRAM_TOKEN, {"k": WEBHOOK_SECRET})
        except ValueError as error:
            raise RuntimeError(f"while using {KEY}") from error
    except RuntimeError:
        structlog.get_logger().exception("failed")
        logging.getLogger("aiohttp.server").exception("Error handling request")


def in_a_group_of_exceptions() -> None:
    try:
        raise ExceptionGroup(
            "several", [OSError(ZALO_TOKEN), ExceptionGroup("more", [KeyError(WEBHOOK_SECRET)])]
        )
    except ExceptionGroup as error:
        logging.getLogger("asyncio").error("group", exc_info=error)


def in_aiograms_own_exception() -> None:
    method = SendMessage(chat_id=1, text=f"see {WEBHOOK_SECRET}")
    error = TelegramNetworkError(
        method, f"ClientConnectorError: https://host/bot{TELEGRAM_TOKEN}/sendMessage"
    )
    structlog.get_logger().warning("could not send", error=error, method=method)


def from_the_database_driver() -> None:
    async def connect() -> None:
        address = f"postgresql+psycopg://loa:{PASSWORD.replace('/', '%2F')}@127.0.0.1:1/loa"
        engine = create_async_engine(address)
        logging.getLogger("sqlalchemy.engine").info("connecting to %s", address)
        try:
            await engine.connect()
        except OperationalError:
            structlog.get_logger().exception("no database", url=address)

    asyncio.run(connect())


def from_an_unknown_database() -> None:
    structlog.get_logger().info("opening", url="postgresql+psycopg://loa:unknown-canary@db/loa")


def as_an_unknown_refresh_token() -> None:
    structlog.get_logger().info("zalo answered", body='{"access_token":"canary1","refresh_token": "canary2"}')
    structlog.get_logger().info("zalo answered", body={"data": {"access_token": "canary1"}})


def as_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"unclosed {TELEGRAM_TOKEN}", stacklevel=1)


def as_a_crash() -> None:
    error = RuntimeError(TELEGRAM_TOKEN)
    sys.excepthook(RuntimeError, error, None)
    report_crash(error)


def in_a_line_that_cannot_be_written() -> None:
    logging.getLogger("aiohttp").info("%d", TELEGRAM_TOKEN)


def in_an_object_that_cannot_be_shown() -> None:
    structlog.get_logger().info("odd", thing=Unshowable())


def percent_encoded_in_an_address() -> None:
    structlog.get_logger().info("GET /bot" + TELEGRAM_TOKEN.replace(":", "%3A") + "/getMe")


PATHS = (
    plainly,
    as_values,
    deep_inside,
    deeper_than_anyone_logs,
    as_positional_arguments,
    bound_to_the_logger,
    bound_to_the_context,
    through_a_library,
    as_a_header,
    in_a_nested_exception,
    in_a_group_of_exceptions,
    in_aiograms_own_exception,
    from_the_database_driver,
    from_an_unknown_database,
    as_an_unknown_refresh_token,
    as_a_warning,
    as_a_crash,
    percent_encoded_in_an_address,
)
PATHS_OF_BROKEN_LINES = (in_a_line_that_cannot_be_written, in_an_object_that_cannot_be_shown)


@pytest.mark.parametrize("wanted", list(LogFormat))
@pytest.mark.parametrize("path", PATHS + PATHS_OF_BROKEN_LINES, ids=lambda path: path.__name__)
def test_no_path_to_the_logs_shows_a_secret(
    path: Callable[[], None], wanted: LogFormat, capfd: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    set_up_logs(Logs(level="debug", format=wanted), SECRETS, stream)

    path()

    everything = stream.getvalue() + "".join(capfd.readouterr())
    assert stream.getvalue()
    assert not [canary for canary in CANARIES if canary in everything], everything


@pytest.mark.parametrize("wanted", list(LogFormat))
@pytest.mark.parametrize(
    "detail",
    [
        "Key (person)=(telegram:1001) already exists.",
        "Failing row contains (7, telegram:1001, “chị Hoa.”, null).",
        "Key (external_id)=(-1001.2) is not present in table.",
    ],
)
def test_the_row_that_postgresql_refuses_is_not_shown(detail: str, wanted: LogFormat) -> None:
    stream = io.StringIO()
    set_up_logs(Logs(level="debug", format=wanted), SECRETS, stream)
    try:
        raise ValueError(f'duplicate key violates "uq_staff"\nDETAIL:  {detail}\n[SQL: INSERT INTO staff]')
    except ValueError as error:
        logging.getLogger("loa").exception("writing failed: %s", error)
    report = stream.getvalue()
    assert "1001" not in report
    assert "Hoa" not in report
    assert "uq_staff" in report
    assert "INSERT INTO staff" in report


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_each_of_these_paths_shows_it_when_nothing_hides_it(path: Callable[[], None]) -> None:
    stream = io.StringIO()
    set_up_logs(Logs(level="debug"), SECRETS, stream)
    logging.getLogger().handlers[0].setFormatter(logging.Formatter())

    path()

    assert any(canary in stream.getvalue() for canary in CANARIES)


def test_what_is_not_secret_stays_readable() -> None:
    said = redactor(SECRETS).hide(
        "12:30, 2026-11-21: Lan sent LOA-7K3Q-X to 1,000 channels at http://127.0.0.1:8080/"
    )

    assert HIDDEN not in said


def test_a_json_line_is_one_object_with_time_level_and_logger() -> None:
    stream = io.StringIO()
    set_up_logs(Logs(format=LogFormat.JSON), (), stream)

    structlog.get_logger("loa.delivery").info(
        "delivered", channel=7, title="Tổ dân phố 3", ok=True, none=None
    )
    logging.getLogger("aiohttp.access").info("GET %s", "/healthz")

    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert ours | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "logger": "loa.delivery",
        "event": "delivered",
        "channel": 7,
        "title": "Tổ dân phố 3",
        "ok": True,
        "none": None,
    }
    assert theirs["event"] == "GET /healthz"
    assert ours["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = io.StringIO()
    set_up_logs(Logs(level="warning"), (), stream)

    structlog.get_logger().info("quiet")
    logging.getLogger("aiogram").info("quiet")

    assert stream.getvalue() == ""
