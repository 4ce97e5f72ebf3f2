"""The two writes of every send, intent and outcome, for many deliveries at once.

Each is written down once for each database. In SQLite the rows are one JSON text, because every row that crosses
between the thread and the event loop would wait for the interpreter. In PostgreSQL they are arrays: one statement
for all costs half of what one for each does, and the planner can see that they are few. One contract suite runs
against both.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import bindparam, case, func, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.corrections import MOVED_AWAY
from broadcasts.delivery import DeliveryId, DeliveryState
from broadcasts.ports import Intent, Settlement
from storage.committer import Batch
from storage.pins_owed import owe, owe_in_postgres, owe_in_sqlite
from storage.steps import may_become, may_become_in_words, may_leave, may_leave_in_words
from storage.tables import deliveries, milliseconds

_d = deliveries.c

_SETTLED_OTHERWISE = (DeliveryState.QUEUED, DeliveryState.FAILED, DeliveryState.UNSURE)
_MAY_BE_INTENDED = may_leave_in_words(DeliveryState.QUEUED, DeliveryState.SENDING)
# What is known to have arrived is sent, even when somebody has called it unsure in the meantime.
_MAY_BE_SENT = may_become_in_words(DeliveryState.SENT)
_MAY_BE_SETTLED = may_leave_in_words(DeliveryState.SENDING, *_SETTLED_OTHERWISE)

_INTEND_IN_POSTGRES = text(
    f"""
    UPDATE deliveries AS d SET state = 'sending', attempt = d.attempt + 1, lease_until = :lease
    WHERE d.id = ANY(CAST(:ids AS bigint[])) AND d.{_MAY_BE_INTENDED}
      AND EXISTS (SELECT 1 FROM bulletins AS b
                  WHERE b.id = d.bulletin_id AND b.state = 'sending' AND b.expires > :now)
      AND EXISTS (SELECT 1 FROM channels AS c WHERE c.id = d.channel_id AND c.state = 'active')
    RETURNING d.id
    """  # noqa: S608 (words of our own table)
)
_SETTLE_SENT_IN_POSTGRES = text(
    f"""
    UPDATE deliveries AS d
    SET state = 'sent', message_id = o.message, settled_at = o.at, lease_until = NULL,
        reason = CASE d.reason WHEN '{MOVED_AWAY}' THEN d.reason ELSE o.why END
    FROM unnest(CAST(:row AS bigint[]), CAST(:made AS smallint[]), CAST(:message AS text[]),
                CAST(:why AS text[]), CAST(:at AS bigint[])) AS o("row", made, message, why, at)
    WHERE d.id = o."row" AND d.attempt = o.made AND d.{_MAY_BE_SENT}
    """  # noqa: S608 (the same)
)
_SETTLE_IN_POSTGRES = text(
    f"""
    UPDATE deliveries AS d
    SET state = o.after, attempt = o.counted, resent = o.marked, due_at = coalesce(o.due, d.due_at),
        reason = o.why, settled_at = o.at, lease_until = NULL
    FROM unnest(CAST(:row AS bigint[]), CAST(:made AS smallint[]), CAST(:after AS text[]),
                CAST(:counted AS smallint[]), CAST(:marked AS boolean[]), CAST(:due AS bigint[]),
                CAST(:why AS text[]), CAST(:at AS bigint[]))
      AS o("row", made, after, counted, marked, due, why, at)
    WHERE d.id = o."row" AND d.attempt = o.made AND d.{_MAY_BE_SETTLED}
    """  # noqa: S608 (the same)
)
_SETTLE_SENT = (
    update(deliveries)
    .where(
        _d.id == bindparam("row"),
        _d.attempt == bindparam("made"),
        may_become(DeliveryState.SENT),
    )
    .values(
        state=DeliveryState.SENT.value,
        message_id=bindparam("message"),
        reason=case((_d.reason == MOVED_AWAY, _d.reason), else_=bindparam("why")),
        settled_at=bindparam("at"),
        lease_until=None,
    )
)
_SETTLE = (
    update(deliveries)
    .where(
        _d.id == bindparam("row"),
        _d.attempt == bindparam("made"),
        may_leave(DeliveryState.SENDING, *_SETTLED_OTHERWISE),
    )
    .values(
        state=bindparam("after"),
        attempt=bindparam("counted"),
        resent=bindparam("marked"),
        due_at=func.coalesce(bindparam("due"), _d.due_at),
        reason=bindparam("why"),
        settled_at=bindparam("at"),
        lease_until=None,
    )
)

_MAY_GO_IN_SQLITE = f"""
    SELECT json_group_array(id) FROM deliveries AS d
    WHERE id IN (SELECT value FROM json_each(?1)) AND {_MAY_BE_INTENDED}
      AND EXISTS (SELECT 1 FROM bulletins AS b
                  WHERE b.id = d.bulletin_id AND b.state = 'sending' AND b.expires > ?2)
      AND EXISTS (SELECT 1 FROM channels AS c WHERE c.id = d.channel_id AND c.state = 'active')
"""  # noqa: S608 (the same)
_INTEND_IN_SQLITE = """
    UPDATE deliveries SET state = 'sending', attempt = attempt + 1, lease_until = ?2
    WHERE id IN (SELECT value FROM json_each(?1))
"""
# Nearly all: sent, and nothing to be said about it. The message ids by delivery, without taking rows apart.
_ARRIVED_IN_SQLITE = f"""
    UPDATE deliveries
    SET state = 'sent', message_id = o.value, reason = CASE reason WHEN '{MOVED_AWAY}' THEN reason END,
        settled_at = ?3, lease_until = NULL
    FROM json_each(?1) AS o
    WHERE deliveries.id = CAST(o.key AS INTEGER) AND attempt = ?2 AND {_MAY_BE_SENT}
"""  # noqa: S608 (the same)
_SETTLE_SENT_IN_SQLITE = f"""
    UPDATE deliveries
    SET state = 'sent', message_id = json_extract(o.value, '$[2]'),
        reason = CASE reason WHEN '{MOVED_AWAY}' THEN reason ELSE json_extract(o.value, '$[3]') END,
        settled_at = json_extract(o.value, '$[4]'), lease_until = NULL
    FROM json_each(?1) AS o
    WHERE deliveries.id = json_extract(o.value, '$[0]') AND attempt = json_extract(o.value, '$[1]')
      AND {_MAY_BE_SENT}
"""  # noqa: S608 (the same)
_SETTLE_IN_SQLITE = f"""
    UPDATE deliveries
    SET state = json_extract(o.value, '$[2]'), attempt = json_extract(o.value, '$[3]'),
        resent = json_extract(o.value, '$[4]'), due_at = coalesce(json_extract(o.value, '$[5]'), due_at),
        reason = json_extract(o.value, '$[6]'), settled_at = json_extract(o.value, '$[7]'), lease_until = NULL
    FROM json_each(?1) AS o
    WHERE deliveries.id = json_extract(o.value, '$[0]') AND attempt = json_extract(o.value, '$[1]')
      AND {_MAY_BE_SETTLED}
"""  # noqa: S608 (the same)


async def _intend_in_postgres(
    connection: AsyncConnection, intents: Sequence[Intent]
) -> Sequence[frozenset[DeliveryId]]:
    last = intents[-1]
    now, lease_until = milliseconds(last.now), milliseconds(last.lease_until)
    granted = await connection.scalars(
        _INTEND_IN_POSTGRES, {"ids": _ids(intents), "now": now, "lease": lease_until}
    )
    return _shared_out(intents, frozenset(DeliveryId(row) for row in granted))


def _intend_in_sqlite(
    driver: sqlite3.Connection, intents: Sequence[Intent]
) -> Sequence[frozenset[DeliveryId]]:
    last = intents[-1]
    wanted = json.dumps(_ids(intents))
    (granted,) = driver.execute(_MAY_GO_IN_SQLITE, (wanted, milliseconds(last.now))).fetchone()
    driver.execute(_INTEND_IN_SQLITE, (granted, milliseconds(last.lease_until)))
    return _shared_out(intents, frozenset(json.loads(granted)))


def _ids(intents: Sequence[Intent]) -> list[DeliveryId]:
    return [delivery for intent in intents for delivery in intent.deliveries]


def _shared_out(intents: Sequence[Intent], granted: frozenset[DeliveryId]) -> Sequence[frozenset[DeliveryId]]:
    if len(intents) == 1:
        return [granted]
    return [granted.intersection(intent.deliveries) for intent in intents]


async def settle(connection: AsyncConnection, settled: Settlement) -> None:
    """Write what came of one attempt, inside somebody's transaction."""
    if settled.state is DeliveryState.SENT:
        await connection.execute(_SETTLE_SENT, _sent_row(settled))
        if settled.owes_pin:
            await owe(connection, settled)
    else:
        await connection.execute(_SETTLE, _row(settled))


async def _settle_in_postgres(
    connection: AsyncConnection, settlements: Sequence[Settlement]
) -> Sequence[bool]:
    sent = [_sent_row(settled) for settled in settlements if settled.state is DeliveryState.SENT]
    other = [_row(settled) for settled in settlements if settled.state is not DeliveryState.SENT]
    if sent:
        await connection.execute(_SETTLE_SENT_IN_POSTGRES, _by_column(sent))
    if other:
        await connection.execute(_SETTLE_IN_POSTGRES, _by_column(other))
    owing = [settled for settled in settlements if settled.owes_pin]
    if owing:
        await owe_in_postgres(connection, owing)
    return [False] * len(settlements)


def _by_column(rows: Sequence[dict[str, object]]) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _settle_in_sqlite(driver: sqlite3.Connection, settlements: Sequence[Settlement]) -> Sequence[bool]:
    arrived: defaultdict[int, dict[DeliveryId, str | None]] = defaultdict(dict)
    sent, other = [], []
    for settled in settlements:
        if settled.state is not DeliveryState.SENT:
            other.append(list(_row(settled).values()))
        elif settled.reason is not None:
            sent.append(list(_sent_row(settled).values()))
        else:
            arrived[settled.attempt][settled.delivery_id] = settled.message_id
    at = milliseconds(settlements[-1].at)
    for attempt, messages in arrived.items():
        driver.execute(_ARRIVED_IN_SQLITE, (json.dumps(messages), attempt, at))
    if sent:
        driver.execute(_SETTLE_SENT_IN_SQLITE, (json.dumps(sent),))
    if other:
        driver.execute(_SETTLE_IN_SQLITE, (json.dumps(other),))
    owing = [settled for settled in settlements if settled.owes_pin]
    if owing:
        owe_in_sqlite(driver, owing)
    return [False] * len(settlements)


def _sent_row(settled: Settlement) -> dict[str, object]:
    return {
        "row": settled.delivery_id,
        "made": settled.attempt,
        "message": settled.message_id,
        "why": settled.reason,
        "at": milliseconds(settled.at),
    }


def _row(settled: Settlement) -> dict[str, object]:
    return {
        "row": settled.delivery_id,
        "made": settled.attempt,
        "after": settled.state.value,
        "counted": settled.counted,
        "marked": settled.resent,
        "due": None if settled.due_at is None else milliseconds(settled.due_at),
        "why": settled.reason,
        "at": milliseconds(settled.at),
    }


INTENTS = Batch(_intend_in_postgres, _intend_in_sqlite)
SETTLEMENTS = Batch(_settle_in_postgres, _settle_in_sqlite)
