"""Reading ``config.yaml`` and the secrets that must not be in it.

Everything that can be wrong here is the operator's to put right, so each fault becomes one sentence
(``OperatorMistake``) with the line of the file and, for a mistyped key, the nearest one that exists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from bot.mistakes import OperatorMistake
from bot.settings import Settings, TelegramBot, is_proxy_address
from bot.texts import gettext as _
from members.pledge import PledgeText, read_pledge_texts

TOKEN: Final = re.compile(r"\b\d{6,20}(?::|%(?:25){0,3}3[Aa])[A-Za-z0-9_-]{20,}")
"""A bot token as Telegram and Zalo write it: digits, a colon, and the secret."""

_SECRET_KEYS: Final = re.compile(r"^(token|.*_token|secret|.*_secret|secret_key|password|api_key)$")
_LARGEST_FILE_BYTES: Final = 1_000_000
_KEY_ENV: Final = "LOA_SECRET_KEY"
_KEY_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class BotSecrets:
    """What belongs to one bot and must never be written down; ``repr`` shows nothing of it."""

    token: str = field(repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    """What the platform must show at the webhook; None where updates are asked for."""
    proxy: str | None = field(default=None, repr=False)
    """A proxy's address with its password; None where the settings name one without, or none."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Everything that must never be written down anywhere."""

    key: bytes = field(repr=False)
    """32 bytes from which Loa derives the keys that seal and pseudonymise."""
    bots: Mapping[str, BotSecrets]
    """Under the bots' names."""

    def texts(self) -> frozenset[str]:
        """Every secret as it could appear in a text; for the logs to hide."""
        found: set[str | None] = {self.key.hex()}
        for bot in self.bots.values():
            found |= {bot.token, bot.webhook_secret, urlsplit(bot.proxy or "").password}
        return frozenset(filter(None, found))


def read_settings(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in ``path`` under what the environment overrides. Raises OperatorMistake."""
    source = _read(path)
    document = _parse(source, path)
    _refuse_secrets(document, path)
    _refuse_unknown_variables(os.environ if environ is None else environ)
    try:
        return Settings(**document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OperatorMistake(_sentence(first, source, path)) from None
    except SettingsError as error:
        raise OperatorMistake(_variable_mistake(error)) from None


def read_pledge(settings: Settings) -> dict[str, PledgeText]:
    """The pledge in force, by language. Raises OperatorMistake when there is no such version."""
    try:
        return read_pledge_texts(settings.pledge.version)
    except ValueError as error:
        raise OperatorMistake(
            _("pledge.version: {reason}. Put back the version that came with Loa.").format(reason=error)
        ) from None


def read_secrets(settings: Settings, environ: Mapping[str, str]) -> Secrets:
    """The secrets, from where ``settings`` says they are. Raises OperatorMistake for the first missing."""
    return Secrets(read_key(environ), {bot.name: read_bot_secrets(bot, environ) for bot in settings.telegram})


def read_bot_secrets(bot: TelegramBot, environ: Mapping[str, str]) -> BotSecrets:
    """One bot's secrets. Raises OperatorMistake for the first missing."""
    return BotSecrets(
        token=_read_token(bot, environ),
        webhook_secret=_read_webhook_secret(bot, environ) if bot.webhook.url else None,
        proxy=_read_proxy(bot.proxy_env, environ) if bot.proxy_env else None,
    )


def read_key(environ: Mapping[str, str]) -> bytes:
    """The network's secret key, from LOA_SECRET_KEY or the file that LOA_SECRET_KEY_FILE names."""
    file = environ.get(f"{_KEY_ENV}_FILE")
    text = _from_file(Path(file)) if file else environ.get(_KEY_ENV, "").strip()
    if not text:
        raise OperatorMistake(
            _(
                "The secret key is missing: put 64 hexadecimal digits (openssl rand -hex 32) "
                "in the environment variable LOA_SECRET_KEY, or their file's path in LOA_SECRET_KEY_FILE."
            )
        )
    if not _KEY_HEX.fullmatch(text):
        raise OperatorMistake(
            _("The secret key must be 64 hexadecimal digits: make one with openssl rand -hex 32.")
        )
    return bytes.fromhex(text)


def _read_token(bot: TelegramBot, environ: Mapping[str, str]) -> str:
    if bot.token_file is not None:
        token, place = _from_file(bot.token_file), str(bot.token_file)
    else:
        token, place = _from_environment(bot.token_env or "", environ), bot.token_env or ""
    if not re.fullmatch(r"\d{1,20}:\S+", token):
        raise OperatorMistake(
            _(
                "What {place} holds is not a bot token (digits, a colon, letters): "
                "copy it again from @BotFather."
            ).format(place=place)
        )
    return token


def _read_webhook_secret(bot: TelegramBot, environ: Mapping[str, str]) -> str:
    secret = _from_environment(bot.webhook.secret_env, environ)
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", secret):
        raise OperatorMistake(
            _("{name} must be 16 to 256 letters, digits, _ or -: make one with openssl rand -hex 32.").format(
                name=bot.webhook.secret_env
            )
        )
    return secret


def _read_proxy(name: str, environ: Mapping[str, str]) -> str:
    proxy = _from_environment(name, environ)
    if not is_proxy_address(proxy):
        raise OperatorMistake(
            _(
                "{name} must be a proxy's address with its port, as socks5://127.0.0.1:1080 or "
                "http://proxy.example:3128."
            ).format(name=name)
        )
    return proxy


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise OperatorMistake(
            _("The environment variable {name} is missing or empty: set it and start again.").format(
                name=name
            )
        )
    return value


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise OperatorMistake(
            _(
                "The file {path} cannot be read: make sure that it exists and that this user may read it."
            ).format(path=path)
        ) from None


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LARGEST_FILE_BYTES)
    except FileNotFoundError:
        raise OperatorMistake(
            _("There is no {path}: copy config.yaml there and edit it, or name yours with --config.").format(
                path=path
            )
        ) from None
    except (OSError, UnicodeDecodeError):
        raise OperatorMistake(
            _("{path} cannot be read: it must be a text file in UTF-8.").format(path=path)
        ) from None


def _parse(source: str, path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise OperatorMistake(
            _(
                "{path}, line {line}, is not valid YAML ({problem}): look at the spaces and colons there."
            ).format(path=path, line=line, problem=error.problem or error.context)
        ) from None
    except yaml.YAMLError:
        raise OperatorMistake(
            _("{path} holds characters that YAML does not allow.").format(path=path)
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise OperatorMistake(
            _("{path} must be a list of keys, each with a colon after it.").format(path=path)
        )
    return {key: value for key, value in document.items() if value is not None}


def _refuse_secrets(document: dict[str, Any], path: Path) -> None:
    for location, value in _leaves(document):
        key = next((part for part in reversed(location) if isinstance(part, str)), "")
        if isinstance(value, str) and (
            TOKEN.search(value) or _SECRET_KEYS.match(key) or _has_password(value)
        ):
            raise OperatorMistake(
                _(
                    "{key} in {path} holds a secret: move it to an environment variable or a file, "
                    "and have a new one made, because this one may have been seen."
                ).format(key=_dotted(location), path=path)
            )


def _has_password(value: str) -> bool:
    try:
        return urlsplit(value).password is not None
    except ValueError:
        return False


def _leaves(value: object, location: Location = ()) -> Iterator[tuple[Location, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*location, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*location, index))
    else:
        yield location, value


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    """``LOA_WBE__PORT`` would be ignored silently; a name with ``__`` can only be meant for us."""
    sections = {f"LOA_{name.upper()}": name for name in Settings.model_fields}
    for variable in sorted(environ):
        section = variable.partition("__")[0]
        if variable.startswith("LOA_") and "__" in variable and section not in sections:
            raise OperatorMistake(
                _("The environment variable {name} sets nothing Loa knows.").format(name=variable)
                + _nearest(section, list(sections))
            )


def _variable_mistake(error: SettingsError) -> str:
    """A whole section or list from the environment must be JSON; pydantic names only its field."""
    found = re.search(r'field "(\w+)"', str(error))
    name = f"LOA_{found[1].upper()}" if found else "LOA_…"
    return _(
        "The environment variable {name} must be JSON: to set one key, write {name}__ and the key's name."
    ).format(name=name)


def _sentence(error: ErrorDetails, source: str, path: Path) -> str:
    location = error["loc"]
    place = (
        _("{path}, line {line}").format(path=path, line=line)
        if (line := _line(source, location))
        else str(path)
    )
    if error["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        return _("{place}: there is no setting named {key}.").format(
            place=place, key=_dotted(location)
        ) + _nearest(str(location[-1]), known)
    problem = error["msg"].removeprefix("Value error, ")
    return f"{place}: {_dotted(location)}: {problem[:1].lower()}{problem[1:]}"


def _nearest(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1, cutoff=0.4)
    return " " + _("Did you mean {key}?").format(key=close[0]) if close else ""


def _known_keys(location: Location) -> list[str]:
    """The keys that exist at ``location``, found by walking the settings' own types."""
    model: type[BaseModel] = Settings
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _line(source: str, location: Location) -> int | None:
    """The line on which ``location`` stands in the file, or None when it came from the environment."""
    node, line = yaml.compose(source), None
    for part in location:
        found = _child(node, part)
        if found is None:
            return line
        line, node = found
    return line


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def _dotted(location: Location) -> str:
    """``telegram.0.pace`` as people count: ``telegram[1].pace``."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
