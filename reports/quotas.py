"""How much one person, or everybody together, may ask for in a while.

Counted in memory alone: a table of who reported how often would be a profile. A restart forgives.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

_MOST_REMEMBERED = 50_000
# A quota of hundreds a day would keep hundreds of moments of each person: uses close together are counted as one.
_MOMENTS_EACH = 24
# So many of those who were quiet longest are looked at when one must be forgotten: the one who used least goes.
_FORGOTTEN_AMONG = 16


@dataclass(slots=True)
class _Stretch:
    """Some uses close together; they count until the last of them is out of sight."""

    began: datetime
    last: datetime
    times: int


class Quota:
    """At most ``times`` in any stretch of ``per``, for each key by itself.

    At most ``most_remembered`` keys are kept. A flood of others pushes out those first who used little, so that who
    has used up a quota does not get it back cheaply.
    """

    def __init__(self, times: int, per: timedelta, *, most_remembered: int = _MOST_REMEMBERED) -> None:
        self._times = times
        self._per = per
        self._together = per / _MOMENTS_EACH if times > _MOMENTS_EACH else timedelta(0)
        self._most_remembered = most_remembered
        self._used: OrderedDict[str, list[_Stretch]] = OrderedDict()

    def use(self, key: str, now: datetime) -> timedelta | None:
        """None when there was room, and it is used; else how long until there is room again."""
        wait = self.wait(key, now)
        if wait is not None:
            return wait
        used = self._used.setdefault(key, [])
        if used and now - used[-1].began < self._together:
            used[-1].last = now
            used[-1].times += 1
        else:
            used.append(_Stretch(now, now, 1))
        if len(self._used) > self._most_remembered:
            self._forget_one()
        return None

    def wait(self, key: str, now: datetime) -> timedelta | None:
        """The same, but nothing is used."""
        used = self._used.get(key)
        if used is None:
            return None
        self._used.move_to_end(key)
        while used and used[0].last <= now - self._per:
            del used[0]
        return used[0].last + self._per - now if _uses(used) >= self._times else None

    def _forget_one(self) -> None:
        quiet = islice(self._used.items(), _FORGOTTEN_AMONG)
        least, _ = min(quiet, key=lambda one: _uses(one[1]))
        del self._used[least]


def _uses(stretches: Sequence[_Stretch]) -> int:
    return sum(one.times for one in stretches)
