"""What Loa takes from the world around it: the time, chance, secrets. Handed in, so that a run can be repeated."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random, SystemRandom


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
