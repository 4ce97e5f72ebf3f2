"""Watching, as each message leaves, whether a more urgent one should have left instead."""

from __future__ import annotations

import sqlite3

from simulator.crash.evidence import Evidence, Overtaken, Request
from simulator.crash.scenario import STARTS, Scenario
from simulator.crash.virtual_time import VirtualClock

_GRACE_SECONDS = 1.5
"""How long a row may wait for a less urgent one that holds its chat and then loses patience."""
_CANARY_SECONDS = 10.0

_LANE = "SELECT lane FROM bulletins WHERE code = ?"
_MORE_URGENT = """
    SELECT b.code, c.external_id
    FROM bulletins AS b JOIN deliveries AS d ON d.bulletin_id = b.id JOIN channels AS c ON c.id = d.channel_id
    WHERE b.state = 'sending' AND b.lane < :lane AND d.state = 'queued' AND c.state = 'active'
      AND d.due_at <= (CASE WHEN d.attempt = 0 AND d.reason IS NULL THEN :moments_ago ELSE :long_ago END)
      AND c.quiet_starts_minute IS NULL AND d.bot = :bot
      AND (json_extract(b.record, '$.media') IS NULL OR EXISTS (SELECT 1 FROM media_handles WHERE bot = :bot))
      AND NOT EXISTS (SELECT 1 FROM deliveries AS first JOIN channels AS own ON own.id = first.channel_id
                      WHERE first.bulletin_id = b.id AND own.canary
                        AND (first.settled_at > :moments_ago
                             OR (first.state IN ('queued', 'sending') AND first.due_at > :canary_since)))
"""


class Overtaking:
    """Looks into the ledger as a message leaves.

    A chat that just had its message need not be served, nor one that waits for a picture to be uploaded.
    """

    def __init__(
        self, evidence: Evidence, observer: sqlite3.Connection, clock: VirtualClock, scenario: Scenario
    ) -> None:
        self._evidence = evidence
        self._observer = observer
        self._clock = clock
        self.moved: set[str] = set()
        """Chats that were others before: what holds those up is not known by their new ids."""
        self._idle_seconds = scenario.pump.idle_seconds
        disk = scenario.disk
        self._is_on = not disk.failure_probability and not disk.slow_probability and disk.outage is None

    def look(self, request: Request) -> None:
        """Note it when rows of a more urgent lane could have gone for a while."""
        now, started = self._clock.seconds, self._evidence.lives[-1].started
        if not self._is_on or not request.is_post or now - started < _GRACE_SECONDS + self._idle_seconds:
            return
        waiting = [row for row in self._more_urgent(request, now) if self._could_go(row, now)]
        if waiting:
            chats = tuple(row["external_id"] for row in waiting)
            self._evidence.overtaken.append(Overtaken(request, waiting[0]["code"], chats))

    def _more_urgent(self, request: Request, now: float) -> list[sqlite3.Row]:
        lane = self._observer.execute(_LANE, (request.code,)).fetchone()
        if lane is None:
            return []
        parameters = {
            "lane": lane[0],
            "bot": request.bot,
            "moments_ago": _stored(now - _GRACE_SECONDS),
            "long_ago": _stored(now - _GRACE_SECONDS - self._idle_seconds),
            "canary_since": _stored(now - _CANARY_SECONDS - _GRACE_SECONDS),
        }
        return self._observer.execute(_MORE_URGENT, parameters).fetchall()

    def _could_go(self, row: sqlite3.Row, now: float) -> bool:
        """Whether it was decided a while ago, and its chat has been free for a while."""
        if row["external_id"] in self.moved:
            return False
        decided = [one.confirmed for one in self._evidence.decisions if one.code == row["code"]]
        if not decided or now - max(decided) < _GRACE_SECONDS:
            return False
        since = now - _GRACE_SECONDS - 1.0 / self._evidence.chat_per_second
        last_minute = 0
        for request in reversed(self._evidence.requests):
            if request.departed < now - 60.0:
                break
            if request.chat != row["external_id"]:
                continue
            last_minute += request.is_post
            is_under_way = request.heard is None and request.life == len(self._evidence.lives) - 1
            held_until = (request.heard or 0.0) + (request.flood_seconds or 0.0)
            if request.departed > since or is_under_way or held_until > now - _GRACE_SECONDS:
                return False
        return last_minute < self._evidence.group_per_minute


def _stored(seconds: float) -> int:
    """A moment of the run as the database keeps it."""
    return round((STARTS.timestamp() + seconds) * 1_000)
