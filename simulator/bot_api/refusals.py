"""The API's answers: success, and the closed vocabulary of its refusals with their HTTP codes.

    RefusedError           any call the platform declines; carries code, description and parameters
      built by bad_request, forbidden, conflict, migrated, too_many, …

Wordings are those of the public server's source, https://github.com/tdlib/telegram-bot-api.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


class RefusedError(Exception):
    """The platform declines a call."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})


def bad_request(what: str) -> RefusedError:
    return RefusedError(400, f"Bad Request: {what}")


def forbidden(what: str) -> RefusedError:
    return RefusedError(403, f"Forbidden: {what}")


def conflict(what: str) -> RefusedError:
    return RefusedError(409, f"Conflict: {what}")


def unauthorized() -> RefusedError:
    return RefusedError(401, "Unauthorized")


def not_found() -> RefusedError:
    return RefusedError(404, "Not Found")


def migrated(to_chat_id: int) -> RefusedError:
    what = "Bad Request: group chat was upgraded to a supergroup chat"
    return RefusedError(400, what, {"migrate_to_chat_id": to_chat_id})


def too_many(retry_after_seconds: int) -> RefusedError:
    what = f"Too Many Requests: retry after {retry_after_seconds}"
    return RefusedError(429, what, {"retry_after": retry_after_seconds})


class Fate(StrEnum):
    """What becomes of an answer on its way to the client."""

    ARRIVES = "arrives"
    LOST = "lost"
    """The connection is reset: after acting if the call acted, before otherwise."""


@dataclass(frozen=True, slots=True)
class ApiResult:
    """One answer. `raw` replaces the body where a fault garbles it."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    fate: Fate = Fate.ARRIVES
    delay_seconds: float = 0.0
    raw: bytes | None = None
    content_type: str = "application/json"

    @property
    def ok(self) -> bool:
        return bool(self.body.get("ok")) and self.raw is None and self.fate is Fate.ARRIVES

    @property
    def result(self) -> Any:
        return self.body.get("result")

    @property
    def description(self) -> str:
        return str(self.body.get("description", ""))

    def payload(self) -> bytes:
        """The bytes of the body as they go over the wire."""
        if self.raw is not None:
            return self.raw
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def succeeded(result: Any, description: str = "") -> ApiResult:
    body: dict[str, Any] = {"ok": True, "result": result}
    return ApiResult(200, body | ({"description": description} if description else {}))


def refused(error: RefusedError) -> ApiResult:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return ApiResult(error.code, body)
