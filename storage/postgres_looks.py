"""What the pumps of one process read from the ledger in PostgreSQL: the same looks, for many bots in one statement.

Written so that a plan made without statistics is right too, as after a bulletin was planned for a million channels
a moment ago: each inner SELECT goes down an index, for one bot or one row, and can be planned in no other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.broadcast import BroadcastState
from broadcasts.ports import Due, OpenBulletin, Pick
from bulletins.bulletin import BulletinId
from storage.availability import to_the_end
from storage.delivery_rows import (
    CANARY_PATIENCE,
    FORMER_STATES,
    LEFT_IN_OLD_PLACE,
    OPEN_BULLETINS_AT_MOST,
    due_of,
    open_bulletin_of,
)
from storage.shared_reads import SharedRead
from storage.tables import instant, milliseconds

Leftover = tuple[BulletinId, BroadcastState]

_Look = tuple[str, datetime]


class PostgresLooks:
    """Reads for one process. ``engine`` is for reading alone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._open = SharedRead(self._open_bulletins)
        self._left = SharedRead(self._left_of)
        self._picks = {kind: SharedRead(partial(self._pick, sql)) for kind, sql in _PICKS.items()}

    async def open_bulletins(self, bot: str, now: datetime) -> Sequence[OpenBulletin]:
        """The bulletins being sent, most urgent first."""
        return await self._open.answer((bot, now))

    async def pick(self, pick: Pick) -> Sequence[Due]:
        """Due deliveries in the order they became due."""
        kind = pick.bulletin.corrects is not None, pick.bulletin.canary is not None
        return await self._picks[kind].answer(pick)

    async def left_of(self, bot: str, now: datetime) -> Leftover | None:
        """A bulletin that is over and has rows of this bot in the queue, if there is any."""
        return await self._left.answer((bot, now))

    async def _open_bulletins(self, looks: Sequence[_Look]) -> Sequence[Sequence[OpenBulletin]]:
        rows = await self._read(
            _OPEN_BULLETINS,
            bots=[bot for bot, _ in looks],
            patient_since=milliseconds(looks[-1][1] - CANARY_PATIENCE),
            patient_until=milliseconds(looks[-1][1] + CANARY_PATIENCE),
            at_most=OPEN_BULLETINS_AT_MOST,
        )
        read = [(row, instant(row.expires)) for row in rows]
        return [
            [open_bulletin_of(row, expires, row.next_dues[place]) for row, expires in read]
            for place in range(len(looks))
        ]

    async def _left_of(self, looks: Sequence[_Look]) -> Sequence[Leftover | None]:
        rows = await self._read(_LEFTOVERS, bots=[bot for bot, _ in looks], now=milliseconds(looks[-1][1]))
        left = {row.place: (BulletinId(row.id), BroadcastState(row.state)) for row in rows}
        return [left.get(place) for place in range(1, len(looks) + 1)]

    async def _pick(self, statement: TextClause, picks: Sequence[Pick]) -> Sequence[Sequence[Due]]:
        rows = await self._read(
            statement,
            bots=[pick.bot for pick in picks],
            bulletins=[pick.bulletin.id for pick in picks],
            corrected=[pick.bulletin.corrects for pick in picks],
            canaries=[pick.bulletin.canary for pick in picks],
            after_due=[milliseconds(pick.after[0]) if pick.after else 0 for pick in picks],
            after_id=[pick.after[1] if pick.after else 0 for pick in picks],
            at_most=[pick.limit for pick in picks],
            now=milliseconds(picks[-1].now),
        )
        found: list[list[Due]] = [[] for _ in picks]
        for row in rows:
            place = row.place - 1
            found[place].append(due_of(row[1:], picks[place].now))
        return found

    async def _read(self, statement: TextClause, **parameters: Any) -> Sequence[Row[Any]]:
        return await to_the_end(self._rows(statement, parameters))

    async def _rows(self, statement: TextClause, parameters: dict[str, Any]) -> Sequence[Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(statement, parameters)).all()
            return rows


def _in_words(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_OPEN_BULLETINS = text(
    """
    SELECT b.id, b.lane, b.life_safety, b.expires, b.corrects,
           b.record ->> 'severity' AS severity, b.record ->> 'status' AS status,
           (SELECT own.id
            FROM channels AS c
            CROSS JOIN LATERAL (
                SELECT d.id FROM deliveries AS d
                WHERE d.bulletin_id = b.id AND d.channel_id = c.id AND b.started_at > :patient_since
                  AND d.due_at < :patient_until
                  AND (d.state = 'queued' AND d.attempt = 0 OR d.state = 'sending' AND d.attempt = 1
                       OR d.state IN ('queued', 'sending') AND (d.reason LIKE 'not_sent:%' OR d.reason = 'moved'))
                LIMIT 1
            ) AS own
            WHERE c.canary
            ORDER BY c.id
            LIMIT 1) AS canary,
           ARRAY(
               SELECT (SELECT min(d.due_at) FROM deliveries AS d
                       WHERE d.bulletin_id = b.id AND d.bot = asked.bot AND d.state = 'queued')
               FROM unnest(CAST(:bots AS text[])) WITH ORDINALITY AS asked(bot, place)
               ORDER BY asked.place
           ) AS next_dues
    FROM bulletins AS b
    WHERE b.state = 'sending'
    ORDER BY b.lane, b.id
    LIMIT :at_most
    """
)
# Bulletins that were stopped become many over the years, those with rows in the queue never: so the index of the
# queue is asked first, once for each bulletin in it. In its whole order, so that no other index will do.
_LEFTOVERS = text(
    """
    WITH RECURSIVE queued(bulletin_id) AS (
        (SELECT bulletin_id FROM deliveries WHERE state = 'queued'
         ORDER BY bulletin_id, bot, due_at, id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.bulletin_id FROM deliveries AS d
                WHERE d.state = 'queued' AND d.bulletin_id > queued.bulletin_id
                ORDER BY d.bulletin_id, d.bot, d.due_at, d.id LIMIT 1)
        FROM queued WHERE queued.bulletin_id IS NOT NULL
    ), over AS MATERIALIZED (
        SELECT b.id, b.state FROM queued JOIN bulletins AS b ON b.id = queued.bulletin_id
        WHERE b.state = 'stopped' OR (b.state IN ('sending', 'paused') AND b.expires <= :now)
    )
    SELECT asked.place, found.id, found.state
    FROM unnest(CAST(:bots AS text[])) WITH ORDINALITY AS asked(bot, place)
    CROSS JOIN LATERAL (
        SELECT over.id, over.state FROM over
        WHERE EXISTS (SELECT 1 FROM deliveries AS d
                      WHERE d.bulletin_id = over.id AND d.bot = asked.bot AND d.state = 'queued')
        LIMIT 1
    ) AS found
    """
)


# What is on its way comes first, for it has to be waited for.
_FORMER = f"""
    SELECT s.state, s.message_id
    FROM bulletins AS older
    CROSS JOIN LATERAL (
        SELECT e.state, e.message_id, e.reason FROM deliveries AS e
        WHERE e.bulletin_id = older.id AND e.channel_id = d.channel_id
    ) AS s
    WHERE older.corrects = asked.corrected AND older.id <> asked.bulletin
      AND s.state IN ({_in_words(FORMER_STATES)})
      AND coalesce(s.reason, '') NOT IN ({_in_words(LEFT_IN_OLD_PLACE)})
    ORDER BY s.state, older.started_at DESC, older.id DESC
    LIMIT 1
"""  # noqa: S608 (all words are our own)


def _pick_statement(is_correction: bool, is_gated: bool) -> TextClause:
    """All picks of one kind; those that wait for the canary read nothing but it."""
    original = f"""
            LEFT JOIN deliveries AS o ON o.bulletin_id = asked.corrected AND o.channel_id = d.channel_id
            LEFT JOIN LATERAL ({_FORMER}) AS f ON true
    """
    of_original = """
                   o.state AS original_state, o.message_id AS original_message_id, o.reason AS original_reason,
                   f.state AS former_state, f.message_id AS former_message_id
    """
    no_original = "NULL AS original_state, NULL AS original_message_id, NULL AS original_reason"
    canary = "AND d.id = asked.canary"
    return text(
        f"""
        SELECT asked.place, found.*
        FROM unnest(CAST(:bots AS text[]), CAST(:bulletins AS bigint[]), CAST(:corrected AS bigint[]),
                    CAST(:canaries AS bigint[]), CAST(:after_due AS bigint[]), CAST(:after_id AS bigint[]),
                    CAST(:at_most AS bigint[]))
             WITH ORDINALITY AS asked(bot, bulletin, corrected, canary, after_due, after_id, at_most, place)
        CROSS JOIN LATERAL (
            SELECT d.id, d.bulletin_id, d.channel_id, d.attempt, d.resent, d.due_at,
                   c.external_id, c.language, c.state, c.pin, c.silent,
                   c.quiet_starts_minute, c.quiet_ends_minute, c.flaw,
                   {of_original if is_correction else no_original}
            FROM deliveries AS d
            JOIN channels AS c ON c.id = d.channel_id
            {original if is_correction else ""}
            WHERE d.bulletin_id = asked.bulletin AND d.bot = asked.bot AND d.state = 'queued'
              AND d.due_at <= :now AND (d.due_at, d.id) > (asked.after_due, asked.after_id)
              {canary if is_gated else ""}
            ORDER BY d.due_at, d.id
            LIMIT asked.at_most
        ) AS found
        ORDER BY asked.place, found.due_at, found.id
        """  # noqa: S608 (all words are our own)
    )


_PICKS = {
    (is_correction, is_gated): _pick_statement(is_correction, is_gated)
    for is_correction in (False, True)
    for is_gated in (False, True)
}
