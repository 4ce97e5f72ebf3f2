"""Writing down that a pin is owed, in the transaction that says that its message was sent.

Written once for each database, as the outcome itself is (see ``storage.bulk``). What the ledger did not take for sent
under this very id owes nothing; and what was written before is left as it is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from sqlalchemy import BigInteger, exists, insert, literal, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.delivery import DeliveryState
from broadcasts.ports import Settlement
from storage.steps import is_in
from storage.tables import deliveries, milliseconds, pins_due

_d = deliveries.c

_OWE_IN_SQLITE = """
    INSERT OR IGNORE INTO pins_due (delivery_id, bot, attempt, due_at)
    SELECT d.id, d.bot, 0, ?2
    FROM json_each(?1) AS o CROSS JOIN deliveries AS d
    WHERE d.id = CAST(o.key AS INTEGER) AND d.state = 'sent' AND d.message_id = o.value
"""
_OWE_IN_POSTGRES = text(
    """
    INSERT INTO pins_due (delivery_id, bot, attempt, due_at)
    SELECT d.id, d.bot, 0, :at
    FROM unnest(CAST(:row AS bigint[]), CAST(:message AS text[])) AS o("row", message)
    CROSS JOIN LATERAL (SELECT e.id, e.bot FROM deliveries AS e
                        WHERE e.id = o."row" AND e.state = 'sent' AND e.message_id = o.message) AS d
    ON CONFLICT DO NOTHING
    """
)


def owe_in_sqlite(driver: sqlite3.Connection, settlements: Sequence[Settlement]) -> None:
    """Of each of these the pin is owed."""
    messages = {settled.delivery_id: settled.message_id for settled in settlements}
    driver.execute(_OWE_IN_SQLITE, (json.dumps(messages), milliseconds(settlements[-1].at)))


async def owe_in_postgres(connection: AsyncConnection, settlements: Sequence[Settlement]) -> None:
    """The same."""
    rows = {
        "row": [settled.delivery_id for settled in settlements],
        "message": [settled.message_id for settled in settlements],
        "at": milliseconds(settlements[-1].at),
    }
    await connection.execute(_OWE_IN_POSTGRES, rows)


async def owe(connection: AsyncConnection, settled: Settlement) -> None:
    """The same of one, inside somebody's transaction."""
    is_new = ~exists().where(pins_due.c.delivery_id == settled.delivery_id)
    owing = select(_d.id, _d.bot, literal_column("0"), literal(milliseconds(settled.at), BigInteger)).where(
        _d.id == settled.delivery_id,
        is_in(DeliveryState.SENT),
        _d.message_id == settled.message_id,
        is_new,
    )
    columns = ["delivery_id", "bot", "attempt", "due_at"]
    await connection.execute(insert(pins_due).from_select(columns, owing))
