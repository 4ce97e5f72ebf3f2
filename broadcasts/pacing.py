"""The pace of one token: who may send next, and when.

Everything that goes out over a token takes a slot here, the answers to people too. Slots lie evenly (GCRA
with burst 1) and go to the most urgent lane that waits; within it, to who came first. Only answers leave room:
every third slot for an emergency that waits, every tenth for a routine bulletin. On top of that a chat gets one
message a second and a group 18 a minute. Times are those of the running loop's clock, in seconds.

A flood wait holds the chat it names. When a second chat gets one within a second the whole token is held,
and its rate falls to 0.7 of what it was; each clean minute gives a fiftieth of the ceiling back.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bulletins.bulletin import Lane

V = TypeVar("V")

_WINDOW_SECONDS = 60.0
_LONGEST_HOLD_SECONDS = 86_400.0
_SAME_FLOOD_SECONDS = 1.0
_SLOWDOWN = 0.7
_REGAINED_A_MINUTE = 0.02
_CLEAN_SECONDS = 60.0
# Answers to people come first, but so many in a row at most while such a bulletin waits.
_ANSWERS_BEFORE = {Lane.CORRECTIONS: 2, Lane.URGENT: 2, Lane.ROUTINE: 9}
# A timer that fires late must not cost pace: so much of it may be made good, by slots closer together.
_LATENESS_SECONDS = 0.020
_TIMER_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class PaceRules:
    """How fast one token may send. An infinite rate means no pace at all."""

    rate_per_second: float = 25.0
    chat_per_second: float = 1.0
    group_per_minute: int = 18


class _Waiter:
    """Someone who waits for a slot."""

    __slots__ = ("answer", "chat", "lane", "number")

    def __init__(self, lane: Lane, number: int, chat: str, answer: asyncio.Future[bool]) -> None:
        self.lane = lane
        self.number = number
        self.chat = chat
        self.answer = answer

    def __lt__(self, other: _Waiter) -> bool:
        return (self.lane, self.number) < (other.lane, other.number)


class _Queue:
    """Those who could be served at once, in the order in which they will be."""

    def __init__(self) -> None:
        self._answers: list[_Waiter] = []
        self._bulletins: list[_Waiter] = []
        self._answers_in_a_row = 0

    def __bool__(self) -> bool:
        return bool(self._answers or self._bulletins)

    def join(self, waiter: _Waiter) -> None:
        """Whoever comes."""
        heapq.heappush(self._answers if waiter.lane is Lane.ANSWERS else self._bulletins, waiter)

    def next(self) -> _Waiter:
        """Whose turn it is."""
        if self._answers and self._may_answer():
            return heapq.heappop(self._answers)
        return heapq.heappop(self._bulletins)

    def served(self, waiter: _Waiter) -> None:
        """It took its slot."""
        self._answers_in_a_row = self._answers_in_a_row + 1 if waiter.lane is Lane.ANSWERS else 0

    def _may_answer(self) -> bool:
        """A bulletin that lost patience does not count."""
        while self._bulletins and self._bulletins[0].answer.done():
            heapq.heappop(self._bulletins)
        return not self._bulletins or self._answers_in_a_row < _ANSWERS_BEFORE[self._bulletins[0].lane]


def nobody_is_a_group(_: str) -> bool:
    """For platforms whose groups have no limit of their own."""
    return False


class ChatTimes:
    """When each chat may get its next message. Remembers a chat only as long as that matters."""

    def __init__(self, rules: PaceRules, is_group: Callable[[str], bool]) -> None:
        self._rules = rules
        self._is_group = is_group
        self._gap_seconds = 1.0 / rules.chat_per_second
        self._last: dict[str, float] = {}
        self._minute: dict[str, deque[float]] = {}
        self._held: dict[str, float] = {}

    def free_at(self, chat: str) -> float:
        """The earliest time for the next message to ``chat``."""
        free = self._last.get(chat, -math.inf) + self._gap_seconds
        times = self._minute.get(chat)
        if times is not None and len(times) >= self._rules.group_per_minute:
            free = max(free, times[0] + _WINDOW_SECONDS)
        return max(free, self._held.get(chat, -math.inf))

    def took(self, chat: str, now: float) -> None:
        """A message to ``chat`` goes out ``now``."""
        self._last.pop(chat, None)  # so that the dictionary stays in the order of these times
        self._last[chat] = now
        if self._is_group(chat):
            times = self._minute.pop(chat, None) or deque(maxlen=self._rules.group_per_minute)
            times.append(now)
            self._minute[chat] = times
        self._forget(now)

    def hold(self, chat: str, until: float) -> None:
        """Nothing to ``chat`` before ``until``."""
        self._held[chat] = max(until, self._held.get(chat, -math.inf))

    def _forget(self, now: float) -> None:
        """Two at a time, oldest first: more than are added, so none is kept for long."""
        for _ in range(2):
            _drop_first(self._last, lambda last: last + self._gap_seconds <= now)
            _drop_first(self._minute, lambda times: times[-1] + _WINDOW_SECONDS <= now)
            _drop_first(self._held, lambda until: until <= now)


def _drop_first(times: dict[str, V], is_past: Callable[[V], bool]) -> None:
    first = next(iter(times), None)
    if first is not None and is_past(times[first]):
        del times[first]


class Pacer:
    """One dispatcher for one token."""

    def __init__(self, rules: PaceRules, is_group: Callable[[str], bool] = nobody_is_a_group) -> None:
        self._rules = rules
        self.is_off = math.isinf(rules.rate_per_second)
        """Whether there is no pace at all, only what the platform asks for."""
        self._is_free = self.is_off
        self._chats = ChatTimes(rules, is_group)
        self._rate_per_second = rules.rate_per_second
        self._interval_seconds = 1.0 / rules.rate_per_second
        self._next_slot = -math.inf
        self._held_until = -math.inf
        self._clean_since = -math.inf
        self._last_flood: tuple[str, float] | None = None
        self._ready = _Queue()
        self._blocked: list[tuple[float, _Waiter]] = []
        self._numbers = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    @property
    def rate_per_second(self) -> float:
        """What is allowed at this moment."""
        return self._rate_per_second

    def free_in(self, chat: str) -> float:
        """Seconds until ``chat`` may get a message; 0 when it may now."""
        if self._is_free:
            return 0.0
        return max(0.0, self._chats.free_at(chat) - self._now())

    def held_for(self) -> float:
        """Seconds for which the whole token is held; 0 when it is not."""
        return max(0.0, self._held_until - self._now())

    async def slot(self, lane: Lane, chat: str, patience_seconds: float = math.inf) -> bool:
        """Wait for the turn to send one message to ``chat``. False when none comes within the patience."""
        if self._is_free:
            return True
        blocked_seconds = max(self.free_in(chat), self.held_for())
        if self.is_off and not blocked_seconds:
            return True
        if blocked_seconds > patience_seconds:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._enter(_Waiter(lane, self._numbers, chat, answer))
        if math.isinf(patience_seconds):
            return await answer
        try:
            async with asyncio.timeout(patience_seconds):
                return await answer
        except TimeoutError:
            return False

    def hold(self, seconds: float) -> None:
        """Nothing goes out over this token for so long, a day at most: then it is worth asking again."""
        self._is_free = False
        seconds = min(seconds, _LONGEST_HOLD_SECONDS)
        self._held_until = max(self._held_until, self._now() + seconds)

    def slow_to(self, rate_per_second: float, clean_seconds: float = 0.0) -> None:
        """Go on at this rate, which never exceeds the ceiling, and regain it minute by minute.

        ``clean_seconds`` of regaining it are over already.
        """
        ceiling = self._rules.rate_per_second
        minutes, rest_seconds = divmod(clean_seconds, _CLEAN_SECONDS)
        regained = 0.0 if self.is_off else minutes * ceiling * _REGAINED_A_MINUTE
        self._rate_per_second = min(rate_per_second + regained, ceiling)
        self._interval_seconds = 1.0 / self._rate_per_second
        self._clean_since = self._now() - rest_seconds

    def flood(self, chat: str, seconds: float) -> bool:
        """The platform asked to wait. True when this makes the whole token wait from now on."""
        now = self._now()
        self._is_free = False
        self._chats.hold(chat, now + min(seconds, _LONGEST_HOLD_SECONDS))
        before, self._last_flood = self._last_flood, (chat, now)
        self._clean_since = now
        if before is None or before[0] == chat or now - before[1] > _SAME_FLOOD_SECONDS:
            return False
        was_held = self._held_until > now
        self.hold(seconds)
        if not was_held:  # answers to what was already under way are no reason to slow down again
            self.slow_to(self._rate_per_second * _SLOWDOWN)
        return not was_held

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _enter(self, waiter: _Waiter) -> None:
        self._numbers += 1
        self._line_up(waiter, self._now())
        self._grant()

    def _line_up(self, waiter: _Waiter, since: float) -> None:
        if not self._ready:  # nobody waited, so the time that passed is nobody's to make good
            self._next_slot = max(self._next_slot, since)
        self._ready.join(waiter)

    def _grant(self) -> None:
        """Give out the slots that are due, then sleep until the next one."""
        now = self._now()
        while self._blocked and self._blocked[0][0] <= now:
            free_at, waiter = heapq.heappop(self._blocked)
            self._line_up(waiter, free_at)
        while self._ready and max(self._next_slot, self._held_until) <= now:
            self._serve(self._ready.next(), now)
        self._sleep(now)

    def _serve(self, waiter: _Waiter, now: float) -> None:
        if waiter.answer.done():  # it lost patience
            return
        free_at = self._chats.free_at(waiter.chat)
        if free_at > now:
            heapq.heappush(self._blocked, (free_at, waiter))
            return
        self._regain(now)
        self._next_slot = max(self._next_slot, self._held_until, now - _LATENESS_SECONDS)
        self._next_slot += self._interval_seconds
        self._chats.took(waiter.chat, now)
        self._ready.served(waiter)
        waiter.answer.set_result(True)

    def _regain(self, now: float) -> None:
        """Minutes in which nothing was sent are clean too."""
        if self._rate_per_second < self._rules.rate_per_second and now - self._clean_since >= _CLEAN_SECONDS:
            self.slow_to(self._rate_per_second, now - self._clean_since)

    def _sleep(self, now: float) -> None:
        wake_at = max(self._next_slot, self._held_until) if self._ready else math.inf
        if self._blocked:
            wake_at = min(wake_at, self._blocked[0][0])
        if self._timer is not None:
            if self._timer_at <= wake_at:
                return
            self._timer.cancel()
            self._timer = None
        if wake_at < math.inf:
            self._timer_at = wake_at
            delay_seconds = max(wake_at - now, _TIMER_SECONDS)
            self._timer = asyncio.get_running_loop().call_later(delay_seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._grant()
