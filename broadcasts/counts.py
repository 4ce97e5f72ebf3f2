"""What is counted of sending, for whoever watches ``/metrics``: every answer that was not a plain yes, by its name."""

from __future__ import annotations

from prometheus_client import Counter

from broadcasts.delivery import (
    ByHand,
    FloodWait,
    Gone,
    Moved,
    NoRights,
    NotSent,
    Outcome,
    Rejected,
    Sent,
    Unsure,
)

_ANSWERS = Counter(
    "loa_answers",
    "What platforms answered to posts, changes and pins, other than yes; and that nothing could be sent.",
    ("bot", "outcome", "reason"),
)
_PINS_DROPPED = Counter(
    "loa_pins_dropped",
    "Pins that were owed and are not any more, though nothing was pinned.",
    ("bot", "reason"),
)


def count_dropped_pin(bot: str, reason: str) -> None:
    """One more that is given up; as with answers, the wording behind an unknown reason is left out."""
    _PINS_DROPPED.labels(bot, reason.partition(":")[0]).inc()


def count(bot: str, outcome: Outcome) -> None:
    """One more of these. Reasons are names of a closed catalogue; the wording behind an unknown one is left out."""
    match outcome:
        case Sent() | ByHand():
            return
        case FloodWait() | Moved():
            reason = ""
        case NoRights(missing):
            reason = missing
        case Gone(reason) | Rejected(reason) | NotSent(reason) | Unsure(reason):
            pass
    _ANSWERS.labels(bot, type(outcome).__name__, reason.partition(":")[0]).inc()
