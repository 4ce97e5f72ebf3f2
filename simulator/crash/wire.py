"""The network between the engine and the platform, and everything that goes wrong on it.

`Wire.session` stands where the sender expects an aiohttp session, so the sender's own code decides what an outcome
is. A request has a life of its own: one that left the process arrives later, or after the process gave up waiting,
or after the process has died; or never.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from types import TracebackType
from typing import Any, cast

from aiohttp import (
    ClientConnectionError,
    ClientOSError,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
)
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload
from yarl import URL

from bulletins.labels import labels_for
from bulletins.values import ENGLISH, VIETNAMESE
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


class Trouble(StrEnum):
    """What can happen to one request."""

    UNREACHABLE = "unreachable"
    """No connection: nothing leaves."""
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
_WITHOUT_ANSWER = frozenset({Trouble.LOST, Trouble.SILENCE, Trouble.LATE})


@dataclass(frozen=True, slots=True)
class Weather:
    """How the network behaves: ``troubles`` gives each one's share of all requests while the storm lasts."""

    storm_ends: float
    troubles: Mapping[Trouble, float]
    slowest_seconds: float
    longest_flood_seconds: int


@dataclass(slots=True)
class _Flying:
    """A request on its way. ``answer`` is None when nobody waits for it any more."""

    request: Request
    parameters: Mapping[str, Any]
    trouble: Trouble | None
    arrives: float
    answer: asyncio.Future[ApiResult] | None


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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._life = 0
        self.requests: list[Request] = []
        self.departing: Callable[[Request], None] | None = None
        """Told of each request as it leaves."""

    def session(self) -> ClientSession:
        """What the sender takes for an aiohttp session."""
        return cast(ClientSession, _Session(self))

    def attach(self, loop: asyncio.AbstractEventLoop, life: int) -> None:
        """A process has started; what an earlier one sent is still on its way."""
        self._loop, self._life = loop, life
        for number, flying in self._flying.items():
            loop.call_at(max(flying.arrives, self._clock.seconds), self._land, number)

    def cut(self) -> None:
        """The process has died: some of what it had handed over arrives all the same."""
        self._loop = None
        survivors: dict[int, _Flying] = {}
        for number, flying in self._flying.items():
            was_given_up = flying.answer is None or flying.answer.done()
            if was_given_up or self._random.random() < _ARRIVES_THOUGH_SENDER_DIED:
                survivors[number] = replace(flying, answer=None)
        self._flying = survivors

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way."""
        return not self._flying

    async def exchange(self, url: URL, body: Payload, timeout_seconds: float) -> ApiResult:
        """One request and its answer; the last parts of the address are a token and a method.

        Raises what aiohttp raises.
        """
        if self._loop is None:
            raise asyncio.CancelledError
        trouble = self._draw()
        parameters = read_parameters(body.headers["Content-Type"], await _peek(body))
        request = self._note(url, parameters, has_left=trouble is not Trouble.UNREACHABLE)
        if trouble is Trouble.UNREACHABLE:
            await asyncio.sleep(self._random.random() * self._weather.slowest_seconds)
            request.heard = self._clock.seconds
            raise ClientConnectionError("no connection")
        await body.write_with_length(cast(AbstractStreamWriter, _Writer()), None)
        if trouble is Trouble.CUT:
            await asyncio.sleep(self._random.random())
            request.heard = self._clock.seconds
            raise ClientOSError(104, "connection reset by peer")
        try:
            async with asyncio.timeout(timeout_seconds):
                result = await self._depart(request, parameters, trouble, timeout_seconds)
        except (TimeoutError, ServerDisconnectedError):
            request.heard = self._clock.seconds
            raise
        except asyncio.CancelledError:
            if self._loop is not None:  # given up by a process that lives
                request.heard = self._clock.seconds
            raise
        if self._loop is not None:
            _note_answer(request, result, self._clock.seconds)
        return result

    def _draw(self) -> Trouble | None:
        chance = self._random.random()
        if self._clock.seconds < self._weather.storm_ends:
            for trouble, share in self._weather.troubles.items():
                chance -= share
                if chance < 0.0:
                    return trouble
        return None

    def _note(self, url: URL, parameters: Mapping[str, Any], *, has_left: bool) -> Request:
        text = str(parameters.get("text") or parameters.get("caption") or "")
        request = Request(
            number=len(self.requests),
            life=self._life,
            bot=self._bots[url.parts[-2].removeprefix("bot")],
            method=url.name,
            chat=str(parameters.get("chat_id")),
            code=code_in(text),
            is_resent=any(mark in text for mark in RESENT_MARKS),
            departed=self._clock.seconds,
            has_left=has_left,
        )
        self.requests.append(request)
        if has_left and self.departing is not None:
            self.departing(request)
        return request

    async def _depart(
        self, request: Request, parameters: Mapping[str, Any], trouble: Trouble | None, timeout_seconds: float
    ) -> ApiResult:
        answer: asyncio.Future[ApiResult] = asyncio.get_running_loop().create_future()
        if trouble is not Trouble.LOST:
            arrives = self._clock.seconds + self._travel_seconds(trouble, timeout_seconds)
            self._flying[request.number] = _Flying(request, parameters, trouble, arrives, answer)
            asyncio.get_running_loop().call_at(arrives, self._land, request.number)
        return await answer

    def _travel_seconds(self, trouble: Trouble | None, timeout_seconds: float) -> float:
        if trouble is Trouble.LATE:
            return timeout_seconds * (1.0 + self._random.random())
        is_calm = self._clock.seconds >= self._weather.storm_ends
        return self._random.random() * (_USUAL_SECONDS if is_calm else self._weather.slowest_seconds)

    def _land(self, number: int) -> None:
        """A request reaches the platform, unless it was lost with the process that sent it."""
        flying = self._flying.pop(number, None)
        if flying is None:
            return
        result = self._carry_out(flying)
        if self._loop is None or flying.answer is None or flying.trouble in _WITHOUT_ANSWER:
            return
        delay_seconds = self._travel_seconds(None, 0.0)
        self._loop.call_at(self._clock.seconds + delay_seconds, _give, flying.answer, result)

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
            request.message_id = made["message_id"] if isinstance(made, dict) else 0
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


async def _peek(body: Payload) -> bytes:
    """What is in it, without the body's noticing that it is sent."""
    writer = _Writer()
    await body.write(cast(AbstractStreamWriter, writer))
    return bytes(writer.data)


def code_in(text: str) -> str:
    """The code of the bulletin whose words these are: it stands last; empty when there is none."""
    codes = _CODE.findall(text)
    return codes[-1] if codes else ""


def _give(answer: asyncio.Future[ApiResult], result: ApiResult) -> None:
    if answer.done():
        return
    if result.fate is Fate.LOST:
        answer.set_exception(ServerDisconnectedError())
    else:
        answer.set_result(result)


def _note_answer(request: Request, result: ApiResult, now: float) -> None:
    """What the process has learned."""
    request.heard = now
    if result.ok:
        request.confirmed = now
    elif result.raw is None:
        request.refused = result.description
        request.flood_seconds = (result.body.get("parameters") or {}).get("retry_after")


class _Writer:
    """A transport that takes everything at once; what aiohttp's payloads call of a stream writer."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.transport = self

    def is_closing(self) -> bool:
        return False

    async def write(self, chunk: bytes) -> None:
        """Nothing waits."""
        self.data += chunk


class _Content:
    """The stream of an answer's body."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_any(self) -> AsyncIterator[bytes]:
        """All of it at once."""
        yield self._body


class _Answer:
    """What the sender reads of an aiohttp response."""

    def __init__(self, result: ApiResult) -> None:
        self._body = result.payload()
        self.status = result.status
        self.content_length = len(self._body)
        self.content = _Content(self._body)

    async def read(self) -> bytes:
        """The whole body."""
        return self._body

    def close(self) -> None:
        """Nothing is left open."""

    def release(self) -> None:
        """The same."""


class _Exchange:
    """One request, awaited or used as a context manager, as aiohttp gives it."""

    def __init__(self, result: Callable[[], Awaitable[ApiResult]]) -> None:
        self._result = result

    def __await__(self) -> Generator[Any, None, _Answer]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> _Answer:
        return _Answer(await self._result())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""


class _Session:
    """What the sender calls of an aiohttp session."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def post(self, url: URL, *, data: Payload, timeout: ClientTimeout, **_: Any) -> _Exchange:
        """One call of the Bot API."""
        patience_seconds = timeout.total or _LONGEST_PATIENCE_SECONDS
        return _Exchange(lambda: self._wire.exchange(url, data, patience_seconds))
