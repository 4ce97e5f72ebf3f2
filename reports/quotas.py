"""How much one person, or everybody together, may ask for in a while.

Counted in memory alone: a table of who reported how often would be a profile. A restart forgives.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

_MOST_REMEMBERED = 50_000


class Quota:
    """At most ``times`` in any stretch of ``per``, for each key by itself."""

    def __init__(self, times: int, per: timedelta) -> None:
        self._times = times
        self._per = per
        self._used: OrderedDict[str, deque[datetime]] = OrderedDict()

    def use(self, key: str, now: datetime) -> timedelta | None:
        """None when there was room, and it is used; else how long until there is room again."""
        used = self._used.setdefault(key, deque())
        self._used.move_to_end(key)
        while used and used[0] <= now - self._per:
            used.popleft()
        if len(used) >= self._times:
            return used[0] + self._per - now
        used.append(now)
        if len(self._used) > _MOST_REMEMBERED:
            self._used.popitem(last=False)
        return None
