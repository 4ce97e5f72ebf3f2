"""The network between the engine and the platform, and everything that goes wrong on it.

`Wire.dial` stands where the sender's connections expect the way to a server, so the product's own code speaks HTTP
over it, keeps connections, and decides what an outcome is. A request has a life of its own: one that left the process
arrives later, or after the process gave up waiting, or after the process has died; or never.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any, cast

from bulletins.labels import labels_for
from bulletins.values import ENGLISH, VIETNAMESE
from platforms.connection import Answer, Connection, NotBegun
from platforms.connections import Connections, always
from simulator.bot_api.api import TelegramApi
from simulator.bot_api.bodies import read_parameters
from simulator.bot_api.faults import Fault, FaultKind, answer_instead, spoiled
from simulator.bot_api.refusals import ApiResult, Fate
from simulator.crash.evidence import EDITS, Request
from simulator.crash.virtual_time import VirtualClock

RESENT_MARKS = tuple(labels_for(language).resent for language in (VIETNAMESE, ENGLISH))

_CODE = re.compile(r"LOA-[0-9A-Z]{4,8}-[0-9A-Z]")
_ARRIVES_THOUGH_SENDER_DIED = 0.5
_USUAL_SECONDS = 0.05
# The sender gives up by itself, before this (see scenario.py for how long it may be patient).
_LONGEST_PATIENCE_SECONDS = 60.0
_CLOSES_AFTER_ANSWER = 0.4
_COMES_IN_PIECES = 0.2
_HEAD_END = b"\r\n\r\n"


class Trouble(StrEnum):
    """What can happen to one request."""

    UNREACHABLE = "unreachable"
    """No connection can be made; or the one that was kept is gone when it is written to."""
    CUT = "cut"
    """The connection breaks while it is written; nothing arrives."""
    LOST = "lost"
    """It never arrives, and no answer comes."""
    LATE = "late"
    """It arrives when the process has long given up."""
    ANSWER_LOST = "answer_lost"
    """The platform acts, then the connection breaks."""
    SILENCE = "silence"
    """The platform acts, and no answer ever comes."""
    FLOOD = "flood"
    GATEWAY = "gateway"
    """A gateway's error page instead of the platform."""
    GATEWAY_AFTER = "gateway_after"
    """The same, but the platform has acted."""
    INTERNAL_ERROR = "internal_error"
    INTERNAL_ERROR_AFTER = "internal_error_after"
    NOT_OK = "not_ok"
    """A refusal under status 200."""
    TRUNCATED = "truncated"
    GARBLED = "garbled"


_INSTEAD = {
    Trouble.GATEWAY: Fault(FaultKind.GATEWAY, code=502),
    Trouble.INTERNAL_ERROR: Fault(FaultKind.REFUSE, code=500, description="Internal Server Error"),
    Trouble.NOT_OK: Fault(FaultKind.NOT_OK, description="Bad Request: have no rights to send a message"),
}
_SPOILED = {
    Trouble.ANSWER_LOST: Fault(FaultKind.DROP_ANSWER),
    Trouble.TRUNCATED: Fault(FaultKind.TRUNCATED),
    Trouble.GARBLED: Fault(FaultKind.WRONG_TYPES),
}
_CUT = frozenset({Trouble.CUT, Trouble.UNREACHABLE})
_WITHOUT_ANSWER = frozenset({Trouble.LOST, Trouble.SILENCE, Trouble.LATE})


@dataclass(frozen=True, slots=True)
class Weather:
    """How the network behaves: ``troubles`` gives each one's share of all requests while the storm lasts."""

    storm_ends: float
    troubles: Mapping[Trouble, float]
    slowest_seconds: float
    longest_flood_seconds: int


def draw_weather(random: Random, storm_ends: float) -> Weather:
    """Each trouble has its own share; in some runs there is none, in some hardly anything gets through."""
    violence = random.choice((0.0, 0.1, 0.3, 0.6))
    weights = {trouble: random.random() ** 2 for trouble in Trouble}
    weights[Trouble.FLOOD] *= 3.0
    total = sum(weights.values())
    return Weather(
        storm_ends=storm_ends,
        troubles={trouble: violence * weight / total for trouble, weight in weights.items()},
        slowest_seconds=random.choice((0.1, 0.5, 2.0)),
        longest_flood_seconds=random.choice((2, 5, 10)),
    )


@dataclass(slots=True)
class _Flying:
    """A request on its way. ``line`` is None when nobody waits for its answer any more."""

    request: Request
    parameters: Mapping[str, Any]
    trouble: Trouble | None
    arrives: float
    line: _Line | None


class Wire:
    """Carries requests of our bots to a simulated platform."""

    def __init__(
        self,
        api: TelegramApi,
        bots: Mapping[str, str],
        clock: VirtualClock,
        weather: Weather,
        random: Random,
    ) -> None:
        """``bots``: their names, by their tokens."""
        self._api = api
        self._bots = bots
        self._clock = clock
        self._weather = weather
        self._random = random
        self._flying: dict[int, _Flying] = {}
        self._asking: dict[asyncio.Task[Any] | None, Request] = {}
        self._said: dict[int, ApiResult] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._life = 0
        self.requests: list[Request] = []
        self.departing: Callable[[Request], None] | None = None
        """Told of each request as it leaves."""

    def connections(self, at_most: int, answer_seconds: float) -> Connections:
        """The connections of one process."""
        return _Overheard(self, at_most, answer_seconds)

    def attach(self, loop: asyncio.AbstractEventLoop, life: int) -> None:
        """A process has started; what an earlier one sent is still on its way."""
        self._loop, self._life = loop, life
        self._asking.clear()
        for number, flying in self._flying.items():
            loop.call_at(max(flying.arrives, self._clock.seconds), self._land, number)

    def cut(self) -> None:
        """The process has died: some of what it had handed over arrives all the same."""
        self._loop = None
        survivors: dict[int, _Flying] = {}
        for number, flying in self._flying.items():
            was_given_up = flying.line is None or flying.line.is_closing()
            if was_given_up or self._random.random() < _ARRIVES_THOUGH_SENDER_DIED:
                survivors[number] = replace(flying, line=None)
        self._flying = survivors

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way."""
        return not self._flying

    # --- what the process does ---------------------------------------------------------------------------

    async def dial(self) -> Connection:
        """A connection to the platform. Raises NotBegun."""
        if self._loop is None:
            raise asyncio.CancelledError
        if self._draw() is Trouble.UNREACHABLE:
            await asyncio.sleep(self._random.random() * self._weather.slowest_seconds)
            raise NotBegun("ConnectionRefusedError")
        connection = Connection()
        connection.connection_made(cast(asyncio.Transport, _Line(self, connection)))
        return connection

    def take(self, line: _Line, written: bytes) -> None:
        """A process has written a whole request."""
        if self._loop is None:
            return
        trouble = self._draw()
        head, _, body = written.partition(_HEAD_END)
        lines = head.decode().split("\r\n")
        named = dict(one.split(": ", 1) for one in lines[1:])
        if int(named["Content-Length"]) != len(body):
            raise RuntimeError("a request that is not as long as it says")
        parameters = read_parameters(named["Content-Type"], body)
        request = self._note(lines[0].split(" ")[1], parameters)
        self._asking[asyncio.current_task()] = request
        if trouble in _CUT:
            self._loop.call_later(self._random.random(), line.lose)
        elif trouble is not Trouble.LOST:
            arrives = self._clock.seconds + self._travel_seconds(trouble)
            self._flying[request.number] = _Flying(request, parameters, trouble, arrives, line)
            self._loop.call_at(arrives, self._land, request.number)

    def learned(self, *, has_answer: bool) -> None:
        """A process, if it lives, knows how its request ended."""
        request = self._asking.pop(asyncio.current_task(), None)
        if request is None or self._loop is None:
            return
        request.heard = self._clock.seconds
        if has_answer:
            _note_answer(request, self._said[request.number])

    def _draw(self) -> Trouble | None:
        chance = self._random.random()
        if self._clock.seconds < self._weather.storm_ends:
            for trouble, share in self._weather.troubles.items():
                chance -= share
                if chance < 0.0:
                    return trouble
        return None

    def _note(self, path: str, parameters: Mapping[str, Any]) -> Request:
        text = str(parameters.get("text") or parameters.get("caption") or "")
        *_, token, method = path.split("/")
        request = Request(
            number=len(self.requests),
            life=self._life,
            bot=self._bots[token.removeprefix("bot")],
            method=method,
            chat=str(parameters.get("chat_id")),
            code=code_in(text),
            is_resent=any(mark in text for mark in RESENT_MARKS),
            departed=self._clock.seconds,
        )
        self.requests.append(request)
        if self.departing is not None:
            self.departing(request)
        return request

    def _travel_seconds(self, trouble: Trouble | None) -> float:
        if trouble is Trouble.LATE:
            return _LONGEST_PATIENCE_SECONDS * (1.0 + self._random.random())
        is_calm = self._clock.seconds >= self._weather.storm_ends
        return self._random.random() * (_USUAL_SECONDS if is_calm else self._weather.slowest_seconds)

    def _land(self, number: int) -> None:
        """A request reaches the platform, unless it was lost with the process that sent it."""
        flying = self._flying.pop(number, None)
        if flying is None:
            return
        result = self._carry_out(flying)
        if self._loop is None or flying.line is None or flying.trouble in _WITHOUT_ANSWER:
            return
        self._said[number] = result
        self._answer(self._loop, flying.line, result)

    def _answer(self, loop: asyncio.AbstractEventLoop, line: _Line, result: ApiResult) -> None:
        """Whole, in two pieces, or lost with the connection, before it or in the middle of it."""
        arrives = self._clock.seconds + self._travel_seconds(None)
        said = http_answer(result)
        whole = len(said) if result.fate is not Fate.LOST else self._random.randrange(len(said))
        first = self._random.randrange(whole) if self._random.random() < _COMES_IN_PIECES and whole else whole
        loop.call_at(arrives, line.hear, said[:first])
        if first < whole:
            arrives += self._random.random() * _USUAL_SECONDS
            loop.call_at(arrives, line.hear, said[first:whole])
        if whole < len(said) or self._random.random() < _CLOSES_AFTER_ANSWER:
            loop.call_at(arrives + self._random.random(), line.lose)

    def _carry_out(self, flying: _Flying) -> ApiResult:
        request, trouble = flying.request, flying.trouble
        request.arrived = self._clock.seconds
        if trouble is Trouble.FLOOD:
            seconds = self._random.randint(1, self._weather.longest_flood_seconds)
            return answer_instead(Fault(FaultKind.FLOOD, seconds=seconds))
        if trouble in _INSTEAD:
            return answer_instead(_INSTEAD[trouble])
        before = self._shown(flying) if request.method in EDITS else ""
        token = next(token for token, bot in self._bots.items() if bot == request.bot)
        result = self._api.call(token, request.method, flying.parameters)
        if result.ok:
            request.replaced = code_in(before) if before else None
            made = result.result
            request.message_id = made.get("message_id", 0) if isinstance(made, dict) else 0
        if trouble is Trouble.GATEWAY_AFTER:
            return answer_instead(Fault(FaultKind.GATEWAY, code=504))
        if trouble is Trouble.INTERNAL_ERROR_AFTER:
            return answer_instead(_INSTEAD[Trouble.INTERNAL_ERROR])
        return spoiled(_SPOILED[trouble], result) if trouble in _SPOILED else result

    def _shown(self, flying: _Flying) -> str:
        """What stands in the chat under the number that a request names."""
        chat = self._api.world.chats.get(int(flying.request.chat))
        message = None if chat is None else chat.messages.get(int(flying.parameters["message_id"]))
        return "" if message is None else message.text


def code_in(text: str) -> str:
    """The code of the bulletin whose words these are: it stands last; empty when there is none."""
    codes = _CODE.findall(text)
    return codes[-1] if codes else ""


def http_answer(result: ApiResult) -> bytes:
    """As it goes over the wire."""
    body = result.payload()
    return b"HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n\r\n%b" % (result.status, len(body), body)


def _note_answer(request: Request, result: ApiResult) -> None:
    """What the process has learned."""
    if result.ok:
        request.confirmed = request.heard
    elif result.raw is None:
        request.refused = result.description
        request.flood_seconds = (result.body.get("parameters") or {}).get("retry_after")


class _Overheard(Connections):
    """The product's connections; of each request it is noted when the process knew how it ended."""

    def __init__(self, wire: Wire, at_most: int, answer_seconds: float) -> None:
        super().__init__(wire.dial, at_most, answer_seconds)
        self._wire = wire

    async def exchange(self, request: bytes, may_go: Callable[[], bool] = always) -> Answer:
        """As the product does it."""
        has_answer = False
        try:
            answer = await super().exchange(request, may_go)
            has_answer = True
        finally:
            self._wire.learned(has_answer=has_answer)
        return answer


class _Line:
    """The way between a connection and the platform, as far as asyncio's transports are used."""

    def __init__(self, wire: Wire, connection: Connection) -> None:
        self._wire = wire
        self._connection = connection
        self._is_closed = False

    def is_closing(self) -> bool:
        return self._is_closed

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        """Leaves at once."""
        self._wire.take(self, data)

    def abort(self) -> None:
        """The process hangs up."""
        self._is_closed = True

    def hear(self, piece: bytes) -> None:
        """The platform says something."""
        if not self._is_closed and piece:
            self._connection.data_received(piece)

    def lose(self) -> None:
        """The connection breaks."""
        if not self._is_closed:
            self._is_closed = True
            self._connection.connection_lost(ConnectionResetError())
