"""Scripted misbehaviour: which calls go wrong, how, and how often.

before acting   REFUSE · FLOOD · GATEWAY · NOT_OK · RESET
after acting    DELAY · DROP_ANSWER · TRUNCATED · WRONG_TYPES · HUGE
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any

from simulator.bot_api.refusals import ApiResult, Fate, RefusedError, refused, too_many
from simulator.bot_api.request import Request

HITS_KEPT = 10_000
HUGE_BYTES = 10 * 1024 * 1024
GATEWAY_PAGE = (
    "<html>\r\n<head><title>{code} {name}</title></head>\r\n<body>\r\n"
    "<center><h1>{code} {name}</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
_GATEWAY_NAMES = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}


class FaultKind(StrEnum):
    """The ways in which a call can go wrong."""

    REFUSE = "refuse"
    FLOOD = "flood"
    GATEWAY = "gateway"
    NOT_OK = "not_ok"
    RESET = "reset"
    DELAY = "delay"
    DROP_ANSWER = "drop_answer"
    TRUNCATED = "truncated"
    WRONG_TYPES = "wrong_types"
    HUGE = "huge"


BEFORE_ACTING = frozenset(
    {FaultKind.REFUSE, FaultKind.FLOOD, FaultKind.GATEWAY, FaultKind.NOT_OK, FaultKind.RESET}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: what goes wrong with which calls. Fields left at None match everything.

    `times` calls are hit after `skip` were let through; with a `probability` below 1 each matching call is
    hit by chance, from the seeded source. `code` and `description` are for REFUSE, NOT_OK and GATEWAY,
    `seconds` for DELAY and FLOOD.
    """

    kind: FaultKind
    method: str | None = None
    chat_id: int | None = None
    text: str | None = None
    """A part of the text or caption."""
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    code: int = 400
    description: str = "Bad Request: scripted refusal"
    seconds: float = 1.0
    when: Callable[[Request], bool] | None = None

    def matches(self, request: Request) -> bool:
        """Whether this rule is about such a call."""
        if self.method is not None and self.method.lower() != request.method.lower():
            return False
        if self.chat_id is not None and str(self.chat_id) != str(request.parameters.get("chat_id")):
            return False
        if self.text is not None:
            texts = (request.text("text"), request.text("caption"))
            if not any(self.text in text for text in texts):
                return False
        return self.when is None or self.when(request)


class Faults:
    """The rules in force, in the order they were added; the first that hits decides."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._rules: list[Fault] = []
        self.hits: deque[tuple[Fault, str]] = deque(maxlen=HITS_KEPT)
        """The last hits: the rule as it stood, and the method."""

    def add(self, fault: Fault) -> None:
        self._rules.append(fault)

    def script(self, kind: FaultKind | str, method: str | None = None, **details: Any) -> None:
        """Shorthand: `faults.script("flood", "sendMessage", chat_id=…, seconds=7)`."""
        self.add(Fault(FaultKind(kind), method, **details))

    def clear(self) -> None:
        self._rules.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """The rules that may still hit."""
        return tuple(self._rules)

    def choose(self, request: Request) -> Fault | None:
        """The rule that hits this call, counted as used."""
        for index, fault in enumerate(self._rules):
            if not fault.matches(request):
                continue
            if fault.skip:
                self._rules[index] = replace(fault, skip=fault.skip - 1)
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            self._use(index, fault)
            self.hits.append((fault, request.method))
            return fault
        return None

    def _use(self, index: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._rules[index]
        else:
            self._rules[index] = replace(fault, times=fault.times - 1)


def answer_instead(fault: Fault) -> ApiResult:
    """What a call that is not carried out gets."""
    match fault.kind:
        case FaultKind.FLOOD:
            return refused(too_many(max(1, int(fault.seconds))))
        case FaultKind.GATEWAY:
            code = fault.code if fault.code >= 500 else 502
            page = GATEWAY_PAGE.format(code=code, name=_GATEWAY_NAMES.get(code, "Error"))
            return ApiResult(code, raw=page.encode(), content_type="text/html")
        case FaultKind.NOT_OK:
            return replace(refused(RefusedError(fault.code, fault.description)), status=200)
        case FaultKind.RESET:
            return ApiResult(0, fate=Fate.LOST)
    return refused(RefusedError(fault.code, fault.description))


def spoiled(fault: Fault, result: ApiResult) -> ApiResult:
    """What becomes of the answer of a call that was carried out."""
    match fault.kind:
        case FaultKind.DELAY:
            return replace(result, delay_seconds=fault.seconds)
        case FaultKind.DROP_ANSWER:
            return replace(result, fate=Fate.LOST)
        case FaultKind.TRUNCATED:
            whole = result.payload()
            return replace(result, raw=whole[: max(1, len(whole) // 2)])
        case FaultKind.WRONG_TYPES:
            return replace(result, raw=b'{"ok":true,"result":[{"message_id":"one","date":null,"chat":7}]}')
        case FaultKind.HUGE:
            return replace(result, raw=b'{"ok":true,"result":"' + b"x" * HUGE_BYTES + b'"}')
    return result
