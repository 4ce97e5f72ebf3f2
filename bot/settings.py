"""What an operator can set: the shape, limits and defaults of ``config.yaml``.

Every key is explained in ``config.yaml`` at the root, which a test holds equal to the fields here.
The environment overrides the file: ``LOA_WEB__PORT=9000`` is ``web.port``. Reading it, and every sentence
about what is wrong in it, is in ``bot/configuration.py``. Secrets are never here.
"""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bulletins.values import Severity
from platforms.dialing import address_in
from reports.cases import Reason

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""A short name that stands in the database: small letters, digits, - and _."""


_PROXY_ADDRESS: Final = re.compile(r"(http|socks[45]h?)://[^/?#\s]+:(\d{1,5})/?")
_HIGHEST_PORT = 65_535


def is_proxy_address(value: str) -> bool:
    """Whether it is the address of a proxy with its port, for none is usual."""
    found = _PROXY_ADDRESS.fullmatch(value)
    return found is not None and 0 < int(found[2]) <= _HIGHEST_PORT


def _is_proxy(value: str) -> str:
    if not is_proxy_address(value):
        raise ValueError(
            "must be a proxy's address with its port: socks5://127.0.0.1:1080 or http://proxy.example:3128"
        )
    return value


def _is_web_address(value: str) -> str:
    try:
        address_in(value)
    except ValueError as error:
        raise ValueError("must be an address that begins with https:// or http://") from error
    return value.rstrip("/")


def _as_text(value: object) -> object:
    """Chat ids are written as numbers in YAML; platform ids are text here."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _is_bot_api_address(value: str) -> str:
    """The token is part of each address: without TLS everybody on the way reads it. On this machine nobody is."""
    address = address_in(_is_web_address(value))
    if not address.is_secure and not _is_this_machine(address.host):
        raise ValueError(
            "must begin with https://, because every call holds the bot's token; http:// is for a Bot API server on"
            " this machine alone, as http://127.0.0.1:8081"
        )
    return value.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


WebAddress = Annotated[str, AfterValidator(_is_web_address)]
BotApiAddress = Annotated[str, AfterValidator(_is_bot_api_address)]
ChatId = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^(-?\d{1,20}|@\w{4,32})$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Choice(_Section):
    """A topic or an area that members choose from."""

    key: Key
    vi: str = Field(min_length=1, max_length=60)
    en: str = Field(min_length=1, max_length=60)


class Issuer(_Section):
    """An office in whose name bulletins are published."""

    key: Key
    vi: str = Field(min_length=1, max_length=120)
    en: str = Field(min_length=1, max_length=120)


class Network(_Section):
    """The alliance that runs this installation."""

    name: str = Field(default="Mạng lưới Loa", min_length=1, max_length=80)
    time_zone: str = "Asia/Ho_Chi_Minh"
    language: Literal["vi", "en"] = "vi"
    issuers: tuple[Issuer, ...] = ()
    topics: tuple[Choice, ...] = ()
    areas: tuple[Choice, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not a time zone; in Viet Nam it is Asia/Ho_Chi_Minh") from None
        return value

    @field_validator("issuers", "topics", "areas")
    @classmethod
    def _has_each_key_once(cls, values: tuple[Choice | Issuer, ...]) -> tuple[Choice | Issuer, ...]:
        keys = [value.key for value in values]
        if len(set(keys)) < len(keys):
            raise ValueError("has the same key twice")
        return values


class Database(_Section):
    """Where everything is kept."""

    url: str | None = Field(default=None, pattern=r"^(sqlite\+aiosqlite|postgresql\+psycopg)://")


class Pace(_Section):
    """How fast one bot token may send."""

    rate_per_second: float = Field(default=25, gt=0, le=1_000)
    chat_per_second: float = Field(default=1, gt=0, le=30)
    group_per_minute: float = Field(default=18, gt=0, le=60)
    paid_broadcast: bool = False
    paid_rate_per_second: float = Field(default=950, gt=0, le=1_000)


class Webhook(_Section):
    """Updates pushed by the platform instead of asked for."""

    url: WebAddress | None = None
    secret_env: str = "LOA_WEBHOOK_SECRET"


class TelegramBot(_Section):
    """One bot token and the chats its moderators work in."""

    name: Key = "loa"
    token_env: str | None = "LOA_TELEGRAM_TOKEN"
    token_file: Path | None = None
    base_url: BotApiAddress = "https://api.telegram.org"
    proxy: Annotated[str, AfterValidator(_is_proxy)] | None = None
    proxy_env: str | None = None
    moderators_chat: ChatId | None = None
    canary_chat: ChatId | None = None
    webhook: Webhook = Webhook()
    pace: Pace = Pace()

    @model_validator(mode="after")
    def _has_token_place(self) -> Self:
        if self.token_env is None and self.token_file is None:
            raise ValueError("needs token_env or token_file: where its token is kept")
        return self


class Role(StrEnum):
    """What a person of the operator's staff may do."""

    MODERATOR = "moderator"
    APPROVER = "approver"


class Person(_Section):
    """A person of the operator's staff."""

    person: str = Field(pattern=r"^(telegram|zalo_bot|zalo_oa):[A-Za-z0-9]{1,64}$")
    name: str = Field(min_length=1, max_length=80)
    roles: frozenset[Role] = Field(min_length=1)


Approvers = Annotated[int, Field(ge=1, le=5)]


class Approvals(_Section):
    """How many people besides the author must approve, by severity. Never none."""

    unknown: Approvers = 1
    minor: Approvers = 1
    moderate: Approvers = 1
    severe: Approvers = 2
    extreme: Approvers = 2

    def by_severity(self) -> dict[Severity, int]:
        """The same, under CAP's own words."""
        return {severity: getattr(self, severity.value.lower()) for severity in Severity}


class Web(_Section):
    """The web server: webhooks, health and metrics."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65_535)


class Cluster(_Section):
    """Several processes with one PostgreSQL."""

    stalled_seconds: float = Field(default=30, ge=1, le=120)


class Delivery(_Section):
    """How bulletins are sent."""

    in_flight: int = Field(default=128, ge=1, le=1_024)
    lease_seconds: float = Field(default=60, ge=5, le=3_600)
    answer_seconds: float = Field(default=30, ge=1, le=300)
    attempts: int = Field(default=8, ge=1, le=50)
    grace_minutes: float = Field(default=30, ge=1, le=1_440)


class Quotas(_Section):
    """How much one person, one chat and everybody together may ask for."""

    reports_per_person_a_day: int = Field(default=20, ge=1, le=1_000)
    messages_per_person_an_hour: int = Field(default=60, ge=1, le=10_000)
    reports_in_all_a_minute: int = Field(default=600, ge=1, le=100_000)


_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
Domain = Annotated[str, Field(pattern=rf"^(?:{_LABEL}\.)+[a-z]{_LABEL}$", max_length=253)]
"""A domain in small letters, with at least one dot; international ones in punycode."""


class Reports(_Section):
    """What citizens may report, and how long it is kept."""

    reasons: tuple[Reason, ...] = Field(default=tuple(Reason), min_length=1)
    severe_reasons: frozenset[Reason] = frozenset({Reason.HARMFUL_RUMOUR, Reason.FAKE_NOTICE})
    protected_domains: tuple[Domain, ...] = Field(
        default=("gov.vn", "chinhphu.vn", "quochoi.vn", "who.int"), max_length=500
    )
    evidence_days_after_closing: int = Field(default=30, ge=1, le=30)
    evidence_days_at_most: int = Field(default=90, ge=1, le=90)


class Pledge(_Section):
    """Which wording of the pledge is in force."""

    version: str = Field(default="2026-1", pattern=r"^[0-9A-Za-z.-]{1,16}$")


class LogFormat(StrEnum):
    """For people at a terminal, or for a machine that collects logs."""

    CONSOLE = "console"
    JSON = "json"


class Logs(_Section):
    """What is logged, and how it looks."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: LogFormat = LogFormat.CONSOLE


class Settings(BaseSettings):
    """Everything in ``config.yaml``."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="LOA_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    network: Network = Network()
    data_folder: Path = Path("data")
    database: Database = Database()
    telegram: tuple[TelegramBot, ...] = Field(default=(), max_length=200)
    staff: tuple[Person, ...] = Field(default=(), max_length=500)
    """Of an earlier version: taken over into the database once, never read again (``bot/ownership.py``)."""
    approvals: Approvals = Approvals()
    web: Web = Web()
    delivery: Delivery = Delivery()
    cluster: Cluster = Cluster()
    quotas: Quotas = Quotas()
    reports: Reports = Reports()
    pledge: Pledge = Pledge()
    logs: Logs = Logs()

    @property
    def database_url(self) -> str:
        """Where the database is: what was set, else one SQLite file in the data folder."""
        return self.database.url or f"sqlite+aiosqlite:///{self.data_folder / 'loa.sqlite3'}"

    @field_validator("telegram", "staff")
    @classmethod
    def _names_each_once(
        cls, values: tuple[TelegramBot, ...] | tuple[Person, ...]
    ) -> tuple[TelegramBot, ...] | tuple[Person, ...]:
        names = [value.name if isinstance(value, TelegramBot) else value.person for value in values]
        if len(set(names)) < len(names):
            raise ValueError("has the same name twice")
        return values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file, which is handed to the initialiser."""
        return env_settings, init_settings
