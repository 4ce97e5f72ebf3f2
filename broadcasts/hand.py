"""The hand: deliveries that were read from the ledger and wait to be sent, by lane.

The most urgent lane goes first, always. Within a lane the bulletins take turns. Rows that cannot go at this
moment, because their chat was written to a moment ago, are laid aside for a while.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator

from broadcasts.ports import Due, OpenBulletin
from bulletins.bulletin import BulletinId, Lane


class Hand:
    """Bounded by whoever fills it."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, dict[BulletinId, deque[Due]]] = {lane: {} for lane in Lane}
        self._bulletins: dict[BulletinId, OpenBulletin] = {}
        self._aside: list[tuple[float, int, Due]] = []
        self._behind: dict[str, list[Due]] = {}
        self._aside_of: Counter[BulletinId] = Counter()
        self._ready = 0
        self.held_up: set[BulletinId] = set()
        """Bulletins that are passed by for now, as if they had no rows here."""

    @property
    def ready(self) -> int:
        """How many rows could be taken now."""
        return self._ready - sum(self._rows_of(known) for known in self.held_up)

    def laid_aside(self, bulletin_id: BulletinId) -> int:
        """How many rows of a bulletin wait for their chat."""
        return self._aside_of[bulletin_id]

    def lanes(self) -> Iterator[Lane]:
        """The lanes that hold something, most urgent first."""
        return (lane for lane in Lane if self._lanes[lane])

    def count_down_to(self, lane: Lane) -> int:
        """How many rows wait in this lane and in more urgent ones, without those laid aside."""
        return sum(
            len(rows)
            for upper in Lane
            if upper <= lane
            for known, rows in self._lanes[upper].items()
            if known not in self.held_up
        )

    def _rows_of(self, bulletin_id: BulletinId) -> int:
        known = self._bulletins.get(bulletin_id)
        return 0 if known is None else len(self._lanes[known.lane].get(bulletin_id, ()))

    def add(self, bulletin: OpenBulletin, rows: Iterable[Due]) -> None:
        """Put rows of one bulletin at the end of its queue."""
        for row in rows:
            self._bulletins[bulletin.id] = bulletin
            self._lanes[bulletin.lane].setdefault(bulletin.id, deque()).append(row)
            self._ready += 1

    def _put_back(self, row: Due) -> None:
        """To the front, where it was."""
        bulletin = self._bulletins[row.bulletin_id]
        self._aside_of[row.bulletin_id] -= 1
        self._lanes[bulletin.lane].setdefault(bulletin.id, deque()).appendleft(row)
        self._ready += 1

    def take(self, lane: Lane, *, may_correct: bool = True) -> tuple[OpenBulletin, Due] | None:
        """The next row of a lane; its bulletin goes to the end of the line."""
        waiting = self._lanes[lane]
        allowed = (
            known
            for known in waiting
            if known not in self.held_up and (may_correct or self._bulletins[known].corrects is None)
        )
        bulletin_id = next(allowed, None)
        if bulletin_id is None:
            return None
        rows = waiting.pop(bulletin_id)
        row = rows.popleft()
        if rows:
            waiting[bulletin_id] = rows
        self._ready -= 1
        return self._bulletins[bulletin_id], row

    def lay_aside(self, row: Due, until: float) -> None:
        """Keep it back until that time of the loop's clock."""
        heapq.heappush(self._aside, (until, row.id, row))
        self._aside_of[row.bulletin_id] += 1

    def wait_behind(self, row: Due) -> None:
        """Keep it back until the message that is on its way to its chat has landed."""
        self._behind.setdefault(row.chat, []).append(row)
        self._aside_of[row.bulletin_id] += 1

    def landed(self, chat: str) -> None:
        """Nothing is on its way to that chat any more."""
        for row in reversed(self._behind.pop(chat, ())):
            self._put_back(row)

    def take_up(self, now: float) -> float | None:
        """Put back what was laid aside long enough; when the next one will be, or None."""
        while self._aside and self._aside[0][0] <= now:
            self._put_back(heapq.heappop(self._aside)[2])
        return self._aside[0][0] if self._aside else None

    def keep(self, wanted: Callable[[BulletinId], bool]) -> list[Due]:
        """Let go of the rows of all other bulletins; which they were."""
        gone: list[Due] = []
        for bulletin_id in [known for known in self._bulletins if not wanted(known)]:
            rows = self._lanes[self._bulletins.pop(bulletin_id).lane].pop(bulletin_id, deque())
            self._ready -= len(rows)
            gone.extend(rows)
            self._aside_of.pop(bulletin_id, None)
        gone.extend(row for _, _, row in self._aside if not wanted(row.bulletin_id))
        for chat, waiting in list(self._behind.items()):
            gone.extend(row for row in waiting if not wanted(row.bulletin_id))
            self._behind[chat] = [row for row in waiting if wanted(row.bulletin_id)]
        self._aside = [entry for entry in self._aside if wanted(entry[2].bulletin_id)]
        heapq.heapify(self._aside)
        return gone
