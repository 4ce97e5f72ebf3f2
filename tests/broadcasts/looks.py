"""Questions that tests ask a station again and again."""

from __future__ import annotations

from dataclasses import replace

from broadcasts.broadcast import BroadcastState
from broadcasts.courier import PumpRules
from broadcasts.delivery import DeliveryState
from bulletins.bulletin import BulletinId
from tests.broadcasts.station import Station

CHATS = [f"-100{number}" for number in range(1, 41)]
SENT, FAILED, UNSURE = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNSURE
QUEUED, DROPPED = DeliveryState.QUEUED, DeliveryState.DROPPED


def one_at_a_time(station: Station) -> PumpRules:
    return replace(station.rules, in_flight=1)


async def has_posted(station: Station, number: int) -> bool:
    return len(station.sender.posted) >= number


async def has_told_of_storage(station: Station) -> bool:
    return bool(station.told.storage)


async def is_held(station: Station) -> bool:
    return station.pacer.held_for() > 0


async def arrived(station: Station, chats: list[str]) -> bool:
    return set(chats) <= set(station.sender.chats())


async def is_in_state(station: Station, bulletin: BulletinId, state: BroadcastState) -> bool:
    return await station.state_of(bulletin) is state


async def state_of(station: Station, bulletin: BulletinId, chat: str, state: DeliveryState) -> bool:
    row = (await station.deliveries(bulletin))[chat]
    return row.state == state and row.reason is not None


async def nothing_open(station: Station, bulletin: BulletinId) -> bool:
    return not {QUEUED, DeliveryState.SENDING} & set((await station.states(bulletin)).values())


async def none_under_way(station: Station, bulletin: BulletinId) -> bool:
    return DeliveryState.SENDING not in set((await station.states(bulletin)).values())
