"""What Loa takes from the world around it: the time, chance, secrets. Handed in, so that a run can be repeated."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.worker.examiner import OpenExaminer


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _token(size: int) -> str:
    """``size`` random bytes in hexadecimal digits."""
    return secrets.token_hex(size)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The real ones, unless others are given."""

    now: Callable[[], datetime] = _utc_now
    random: Random = field(default_factory=SystemRandom)
    tokens: Callable[[int], str] = _token
    open_examiner: OpenExaminer | None = None
    """Who looks at what strangers made; None for worker processes."""
