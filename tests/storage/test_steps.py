"""Whatever is asked of the ledger, a delivery takes only steps that the table of transitions has."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DELIVERY_TRANSITIONS, DeliveryState, ForbiddenStep, may_become
from broadcasts.ports import Intent, Settlement
from broadcasts.progress import Resolution, Settling
from broadcasts.retry import Decision
from bulletins.bulletin import BulletinId
from storage.steps import may_leave
from tests.broadcasts.station import BOT, Station, open_station

Request = Callable[[Station, BulletinId, Any], Awaitable[object]]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    async with open_station(f"sqlite+aiosqlite:///{tmp_path}/loa.sqlite") as station:
        yield station


def settled(state: DeliveryState) -> Request:
    async def record(station: Station, bulletin: BulletinId, row: Any) -> object:
        message = "7" if state is DeliveryState.SENT else None
        settlement = Settlement(
            row.id, row.channel_id, bulletin, row.attempt, station.time, state, 1, message_id=message
        )
        return await station.ledger.record(settlement)

    return record


def resolved(resolution: Resolution) -> Request:
    return lambda station, bulletin, _: station.aftermath.settle_unsure(
        Settling(bulletin, resolution, station.time)
    )


async def leftovers(station: Station, bulletin: BulletinId, _: Any) -> object:
    await station.set_state(bulletin, BroadcastState.STOPPED)
    return await station.ledger.drop_leftovers(BOT, station.time)


REQUESTS: dict[str, Request] = {
    "intend": lambda station, _, row: station.ledger.intend(
        Intent([row.id], station.time, station.time + timedelta(minutes=1))
    ),
    "drop": lambda station, _, row: station.ledger.drop([row.id], "channel_not_active", station.time),
    "postpone": lambda station, _, row: station.ledger.postpone([row.id], station.time),
    "recover": lambda station, _, row: station.ledger.recover(BOT, station.time),
    "reclaim": lambda station, _, row: station.ledger.reclaim(BOT, station.time, []),
    "leftovers": leftovers,
    "finish": lambda station, bulletin, _: station.ledger.finish(bulletin, station.time),
    "retry the failed": lambda station, bulletin, _: station.aftermath.retry_failed(bulletin, station.time),
    **{f"settle as {state}": settled(state) for state in sorted(DELIVERY_TRANSITIONS[DeliveryState.SENDING])},
    **{f"resolve: {one}": resolved(one) for one in Resolution},
}


@pytest.mark.parametrize("asked", REQUESTS)
async def test_a_delivery_takes_only_steps_of_the_table(station: Station, asked: str) -> None:
    await station.channel("-1")
    for before, resent in itertools.product(DeliveryState, (False, True)):
        bulletin = await station.start(station.emergency())
        await station.change_deliveries(bulletin, state=before, attempt=1, resent=resent, lease_until=0)
        (row,) = (await station.deliveries(bulletin)).values()
        await REQUESTS[asked](station, bulletin, row)
        (row,) = (await station.deliveries(bulletin)).values()
        after = DeliveryState(row.state)
        assert after is before or may_become(before, after), f"{before} became {after}"
        await station.set_state(bulletin, BroadcastState.DONE)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(DeliveryState, DeliveryState)))
def test_no_statement_can_be_written_for_another_step(before: DeliveryState, after: DeliveryState) -> None:
    if may_become(before, after):
        assert f"'{before}'" in str(may_leave(before, after))
    else:
        with pytest.raises(ForbiddenStep):
            may_leave(before, after)


@pytest.mark.parametrize("state", [DeliveryState.SENDING, DeliveryState.DROPPED])
def test_no_attempt_can_be_decided_to_leave_a_delivery_so(state: DeliveryState) -> None:
    with pytest.raises(ForbiddenStep):
        Decision(state, 1)
