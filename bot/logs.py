"""Logs: everything that is logged, by us or by a library, leaves through one formatter that hides secrets.

    structlog ─┐
    logging  ──┼─> hide in every value ─> render ─> hide in the line ─> standard error
    warnings ──┤
    a crash ───┘

Values are hidden before rendering, because rendering may escape a secret out of recognition; the line is
searched again, because an object shows what it holds only when it is rendered.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.configuration import TOKEN
from bot.known_secrets import KnownSecrets
from bot.settings import LogFormat, Logs

HIDDEN: Final = "[hidden]"

_TALKATIVE: Final = ("alembic", "procrastinate")
_DEEPEST: Final = 8
_NAMED_SECRETS: Final = (
    "access[_-]?token", "refresh[_-]?token", "secret[_-]?token", "secret[_-]?key", "app[_-]?secret",
    "webhook[_-]?secret", "api[_-]?key", "password", "passwd", "token", "secret",
)  # fmt: skip
_PATTERNS: Final = (
    (TOKEN, HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    # PostgreSQL quotes the row it refuses: "DETAIL:  Key (person)=(telegram:1001) already exists."
    (
        re.compile(r"(DETAIL:\s+)(?:Key|Failing row)\b(?:[^\n.]|\.(?!\n|\\n|[\"']|$))*+\.?"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?<=://)([^\s/@:'\"]*):[^\s/@'\"]+@"), rf"\1:{HIDDEN}@"),
    # The name may be part of a longer one: LOA_SECRET_KEY, X-Api-Key, webhookSecret.
    (
        re.compile(
            rf"(?i)(?<![a-z0-9])((?:{'|'.join(_NAMED_SECRETS)})(?:\\?[\"'])?\s{{0,3}}[=:]\s{{0,3}}"
            r"(?:b?\\?[\"'])?)([^\s\"'&,;})\]\\]+)"
        ),
        rf"\1{HIDDEN}",
    ),
)
_SECRET_ENDINGS: Final = (
    "apikey", "appsecret", "authorization", "cookie", "password", "passwd", "secret", "secretkey", "token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces the secrets it was told, and whatever looks like one."""

    known: KnownSecrets = field(default_factory=KnownSecrets)

    def hide(self, text: str) -> str:
        """``text`` with every secret in it replaced."""
        text = self.known.hidden_in(text, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def hide_in(self, value: object, depth: int = 0) -> object:
        """``value`` with secrets replaced in every text inside it; what lies very deep becomes text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.hide(value)
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {self._hide_key(key): self._hide_entry(key, entry, depth) for key, entry in value.items()}
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self.hide_in(entry, depth + 1) for entry in value]
        return self.hide(_shown(value))

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """As a structlog processor."""
        return {str(key): self._hide_entry(key, value, 0) for key, value in event.items()}

    def _hide_key(self, key: object) -> str:
        return self.hide(key if isinstance(key, str) else _shown(key))

    def _hide_entry(self, key: object, value: object, depth: int) -> object:
        if isinstance(key, str) and value is not None and _names_a_secret(key):
            return HIDDEN
        return self.hide_in(value, depth + 1)


def redactor(secrets: Iterable[str] = ()) -> Redactor:
    """A redactor that also knows these secrets, in every form in which they travel."""
    return Redactor(KnownSecrets.of(secrets))


def set_up_logs(settings: Logs, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send this process's logs to ``stream`` (standard error), ``secrets`` hidden. May be called again."""
    redact = redactor(secrets)
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(_formatter(settings.format, redact, colours=handler.stream.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for library in _TALKATIVE:
        logging.getLogger(library).setLevel("WARNING")
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_every_event(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _log_crash


def report_crash(error: BaseException) -> None:
    """Log an error that nobody expected; sets up the logs where that has not happened yet."""
    if not any(isinstance(handler, _Handler) for handler in logging.getLogger().handlers):
        set_up_logs(Logs())
    logging.getLogger("loa").critical("Loa stopped on an error of its own", exc_info=error)


class _Handler(logging.StreamHandler[TextIO]):
    """A line that cannot be written is named, but not shown: it has not been through the redactor."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        kind = sys.exc_info()[0]
        line = f"a log line of {record.name} could not be written ({kind.__name__ if kind else 'unknown'})\n"
        try:
            self.stream.write(line)
        except (OSError, ValueError):  # nobody is listening any more
            return


class _OneLine(structlog.stdlib.ProcessorFormatter):
    """ProcessorFormatter whose finished text is searched once more."""

    def __init__(self, redact: Redactor, processors: list[Processor]) -> None:
        super().__init__(processors=processors, foreign_pre_chain=_every_event())
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact.hide(super().format(record))


def _formatter(wanted: LogFormat, redact: Redactor, *, colours: bool) -> logging.Formatter:
    ending: list[Processor]
    if wanted is LogFormat.JSON:
        ending = [redact, structlog.processors.JSONRenderer(ensure_ascii=False, default=_shown)]
    else:
        plain = structlog.dev.plain_traceback
        ending = [redact, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]
    return _OneLine(
        redact,
        [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            *ending,
        ],
    )


def _every_event() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _log_crash(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    report_crash(error)


def _names_a_secret(key: str) -> bool:
    """``X-Bot-Api-Secret-Token``, ``LOA_SECRET_KEY`` and ``webhookSecret`` do; ``token_env`` names a variable."""
    return key[-64:].replace("_", "").replace("-", "").casefold().endswith(_SECRET_ENDINGS)


def _shown(value: Any) -> str:
    """What ``value`` says of itself; one that fails at that must not take the log line with it."""
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 (any object may be logged)
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
