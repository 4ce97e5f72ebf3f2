"""The published rate limits, and what a bot that exceeds them is told.

Figures: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this — about one message
a second to a chat, 20 a minute to a group, 30 a second overall, 1,000 a second with paid broadcasts.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from simulator.bot_api.refusals import RefusedError, too_many
from simulator.world_model import Chat, ChatKind

MINUTE_SECONDS = 60.0
_KEPT_CHATS = 4_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a bot may send. `is_strict`: a window that slides; otherwise a bucket that allows bursts.

    `burst` is how many messages a chat takes at once when not strict. `tolerance_seconds` forgives a message
    that is early by so much, as jitter on the way would make it.
    """

    per_chat_per_second: float = 1.0
    per_group_per_minute: int = 20
    overall_per_second: int = 30
    paid_per_second: int = 1_000
    is_strict: bool = True
    burst: int = 3
    counts_edits: bool = False
    tolerance_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Rule:
    """At most `count` within `seconds`."""

    count: int
    seconds: float


class _Window:
    """A sliding window: the times of the last `count` messages."""

    __slots__ = ("_rule", "times")

    def __init__(self, rule: _Rule) -> None:
        self._rule = rule
        self.times: deque[float] = deque(maxlen=rule.count)

    def wait_seconds(self, at: float) -> float:
        if len(self.times) < self._rule.count:
            return 0.0
        return self.times[0] + self._rule.seconds - at

    def take(self, at: float) -> None:
        self.times.append(at)


class _Bucket:
    """A bucket that fills steadily up to `count`; each message takes one."""

    __slots__ = ("_at", "_level", "_rule")

    def __init__(self, rule: _Rule) -> None:
        self._rule = rule
        self._level, self._at = float(rule.count), 0.0

    def _level_at(self, at: float) -> float:
        filled = (at - self._at) * self._rule.count / self._rule.seconds if self._at else 0.0
        return min(float(self._rule.count), self._level + max(filled, 0.0))

    def wait_seconds(self, at: float) -> float:
        lacking = 1.0 - self._level_at(at)
        return lacking * self._rule.seconds / self._rule.count

    def take(self, at: float) -> None:
        self._level, self._at = self._level_at(at) - 1.0, at


class Limiter:
    """Counts what each bot sends to each chat, and refuses what is too much. Time comes from `now`."""

    def __init__(self, limits: Limits | None, now: Callable[[], datetime]) -> None:
        self.limits = limits
        self._now = now
        self._meters: dict[tuple[int, int | str, str], _Window | _Bucket] = {}

    def expect_room(self, bot_id: int, chat: Chat, *, count: int = 1, is_paid: bool = False) -> None:
        """Take room for `count` messages, or raise 429 with the time to wait, whole seconds rounded up."""
        if self.limits is None:
            return
        at = self._now().timestamp()
        meters = [self._meter(bot_id, key, rule) for key, rule in self._rules(self.limits, chat, is_paid)]
        wait = max(meter.wait_seconds(at) for meter in meters)
        if wait > self.limits.tolerance_seconds + 1e-9:
            raise self._refusal(wait)
        for meter in meters:
            for _ in range(count):
                meter.take(at)

    @staticmethod
    def _refusal(wait_seconds: float) -> RefusedError:
        return too_many(max(1, math.ceil(wait_seconds - 1e-6)))

    def _rules(self, limits: Limits, chat: Chat, is_paid: bool) -> list[tuple[tuple[int | str, str], _Rule]]:
        overall = limits.paid_per_second if is_paid else limits.overall_per_second
        burst = 1 if limits.is_strict else limits.burst
        rules: list[tuple[tuple[int | str, str], _Rule]] = [
            (("all", "paid" if is_paid else "free"), _Rule(overall, 1.0)),
            ((chat.id, "second"), _Rule(burst, burst / limits.per_chat_per_second)),
        ]
        if chat.kind is not ChatKind.PRIVATE:
            rules.append(((chat.id, "minute"), _Rule(limits.per_group_per_minute, MINUTE_SECONDS)))
        return rules

    def _meter(self, bot_id: int, key: tuple[int | str, str], rule: _Rule) -> _Window | _Bucket:
        full_key = (bot_id, *key)
        meter = self._meters.get(full_key)
        if meter is None:
            strict = self.limits is not None and self.limits.is_strict
            meter = _Window(rule) if strict else _Bucket(rule)
            self._meters[full_key] = meter
            if len(self._meters) > 3 * _KEPT_CHATS:
                self._forget_oldest()
        return meter

    def _forget_oldest(self) -> None:
        for key in list(self._meters)[:_KEPT_CHATS]:
            if key[1] != "all":
                del self._meters[key]
