"""What follows from one attempt. A pure function: outcome and circumstances in, the next state out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcasts.delivery import (
    DELIVERY_TRANSITIONS,
    ByHand,
    DeliveryState,
    FloodWait,
    ForbiddenStep,
    Gone,
    Moved,
    NoRights,
    NotSent,
    Outcome,
    Rejected,
    Sent,
    Unsure,
)

REASON_CHARACTERS = 120
BY_HAND = "by_hand"

_AFTER_AN_ATTEMPT = DELIVERY_TRANSITIONS[DeliveryState.SENDING]


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How patient to be. What ends a delivery for certain is its bulletin's expiry."""

    attempts: int = 8
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision depends on beside the outcome. ``jitter`` is a random number from 0 to 1."""

    now: datetime
    attempt: int
    """The one just made, counted from 1."""
    life_safety: bool
    resent: bool
    jitter: float
    line_is_up: bool = True
    """Whether the platform answered anything lately; if not, a failure is not this delivery's own."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The state that follows; queued again has its due time. ``counted`` attempts are held against it.

    Raises ForbiddenStep for a state that the table of transitions does not allow after an attempt.
    """

    state: DeliveryState
    counted: int
    reason: str | None = None
    due_at: datetime | None = None
    message_id: str | None = None
    resent: bool = False

    def __post_init__(self) -> None:
        if self.state not in _AFTER_AN_ATTEMPT:
            raise ForbiddenStep(f"an attempt never leaves a delivery {self.state}")


def decide(outcome: Outcome, at: Circumstances, rules: RetryRules) -> Decision:
    """What becomes of the delivery."""
    match outcome:
        case Sent(message_id):
            return Decision(DeliveryState.SENT, at.attempt, message_id=message_id, resent=at.resent)
        case FloodWait(seconds):
            return _again(at, f"flood_wait:{seconds:.0f}", seconds + at.jitter, counted=at.attempt - 1)
        case Moved():
            return _bounded(at, rules, "moved", 0.0)
        case NotSent(reason):
            return _not_sent(at, rules, f"not_sent:{reason}")
        case Unsure(reason):
            return _unsure(at, rules, f"unsure:{reason}")
        case ByHand():
            return Decision(DeliveryState.UNSURE, at.attempt, BY_HAND, resent=at.resent)
        case Gone() | NoRights() | Rejected():
            return _refused(at, _refusal(outcome))


def backoff_seconds(at: Circumstances, rules: RetryRules) -> float:
    """Twice as long each time, up to the longest, and between half and all of that."""
    doubled = rules.first_wait_seconds * 2.0 ** min(at.attempt - 1, 30)
    return min(doubled, rules.longest_wait_seconds) * (0.5 + at.jitter / 2)


def _refusal(outcome: Gone | NoRights | Rejected) -> str:
    match outcome:
        case Gone(reason):
            return f"gone:{reason}"
        case NoRights(missing):
            return f"no_rights:{missing}"
        case Rejected(reason):
            return f"rejected:{reason}"


def _not_sent(at: Circumstances, rules: RetryRules, reason: str) -> Decision:
    wait_seconds = backoff_seconds(at, rules)
    if not at.line_is_up:
        return _again(at, reason, wait_seconds, counted=at.attempt - 1)
    return _bounded(at, rules, reason, wait_seconds)


def _bounded(at: Circumstances, rules: RetryRules, reason: str, wait_seconds: float) -> Decision:
    if at.attempt >= rules.attempts:
        return _refused(at, f"gave_up:{reason}")
    return _again(at, reason, wait_seconds, counted=at.attempt)


def _again(at: Circumstances, reason: str, wait_seconds: float, counted: int) -> Decision:
    due_at = at.now + timedelta(seconds=wait_seconds)
    return Decision(DeliveryState.QUEUED, counted, reason[:REASON_CHARACTERS], due_at, resent=at.resent)


def _unsure(at: Circumstances, rules: RetryRules, reason: str) -> Decision:
    """Where lives may depend on it, better twice and marked so than not at all; else a moderator decides.

    While the line is down the second time waits: it would be lost the same way.
    """
    reason = reason[:REASON_CHARACTERS]
    if at.life_safety and not at.resent:
        wait_seconds = 0.0 if at.line_is_up else backoff_seconds(at, rules)
        due_at = at.now + timedelta(seconds=wait_seconds)
        return Decision(DeliveryState.QUEUED, at.attempt, reason, due_at, resent=True)
    return Decision(DeliveryState.UNSURE, at.attempt, reason, resent=at.resent)


def _refused(at: Circumstances, reason: str) -> Decision:
    """What is sent again may have arrived the first time: a refusal of the second says nothing of that."""
    return Decision(
        DeliveryState.UNSURE if at.resent else DeliveryState.FAILED,
        at.attempt,
        reason[:REASON_CHARACTERS],
        resent=at.resent,
    )
