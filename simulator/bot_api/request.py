"""One call: the bot that makes it, and its parameters as JSON, form fields or query strings give them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.bot_api.limits import Limiter
from simulator.bot_api.refusals import bad_request
from simulator.world import Bot, World

_TRUE = frozenset({"true", "1", "yes", "y", "on"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file sent along with a call."""

    data: bytes
    name: str = ""
    mime_type: str = ""


@dataclass(slots=True)
class Request:
    """A call under way. Methods read its parameters and note in `message_ids` what they brought about."""

    world: World
    bot: Bot
    limiter: Limiter
    method: str
    parameters: Mapping[str, Any]
    message_ids: list[int] = field(default_factory=list)
    has_acted: bool = False

    def acted(self, *message_ids: int) -> None:
        """Note that the world has changed, and which messages it was about."""
        self.has_acted = True
        self.message_ids.extend(message_ids)

    def has(self, name: str) -> bool:
        return self.parameters.get(name) not in (None, "")

    def text(self, name: str) -> str:
        value = self.parameters.get(name)
        return "" if value is None else value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        value = self.parameters.get(name)
        if value in (None, ""):
            return default
        try:
            return int(str(value))
        except ValueError:
            raise bad_request(f"{name} must be a valid Integer") from None

    def flag(self, name: str) -> bool:
        value = self.parameters.get(name)
        return value is True or str(value).lower() in _TRUE

    def structure(self, name: str) -> Any:
        """A parameter that is JSON: parsed when it came as text."""
        value = self.parameters.get(name)
        if not isinstance(value, str) or not value:
            return value or None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def message_numbers(self) -> list[int]:
        """`message_ids`: 1 to 100 of them."""
        numbers = self.structure("message_ids")
        if not isinstance(numbers, list) or not numbers:
            raise bad_request("message identifiers are not specified")
        if len(numbers) > 100:
            raise bad_request("too many message identifiers specified")
        return [int(number) for number in numbers]

    def upload(self, name: str) -> Upload | None:
        """A file under its own field name, or the one an `attach://…` value points at."""
        value = self.parameters.get(name)
        if isinstance(value, Upload):
            return value
        if isinstance(value, str) and value.startswith("attach://"):
            attached = self.parameters.get(value.removeprefix("attach://"))
            return attached if isinstance(attached, Upload) else None
        return None
