"""A channel removes the bot; a whole town does not, not at once."""

from __future__ import annotations

from typing import cast

from broadcasts.breaker import DEPARTURES_THAT_HALT, MANY_GONE
from broadcasts.broadcast import BroadcastState
from broadcasts.courier import PumpRules
from broadcasts.delivery import Gone
from broadcasts.ports import Closing, LedgerUnavailable
from bulletins.bulletin import BulletinId
from storage.ledger import SqlLedger
from tests.broadcasts.station import QUICK, Station, running

TOWN = [f"-{number}" for number in range(1, 61)]
ONE_AT_A_TIME = PumpRules(
    in_flight=1, idle_seconds=QUICK.idle_seconds, patience_seconds=QUICK.patience_seconds, retry=QUICK.retry
)


async def states_of_channels(station: Station, channels: list[int]) -> list[str]:
    return [(await station.channel_row(channel)).state for channel in channels]


async def test_a_row_of_channels_without_the_bot_halts_the_bulletin_and_nearly_all_stay_enrolled(
    station: Station,
) -> None:
    station.rules = ONE_AT_A_TIME
    channels = await station.channels(TOWN)
    for chat in TOWN:
        station.sender.answers[chat].append(Gone("chat_not_found"))
    bulletin = await station.start(station.bulletin())
    await station.pump_until_idle(bulletin)
    row = await station.bulletin_row(bulletin)
    assert (row.state, row.halted_because) == (BroadcastState.PAUSED, MANY_GONE)
    assert station.told.halted == [bulletin]
    assert len(station.sender.chats()) <= DEPARTURES_THAT_HALT + 1
    assert (await states_of_channels(station, channels)).count("lost") == 5


async def test_going_on_loses_no_further_channel_while_none_takes_it(station: Station) -> None:
    station.rules = ONE_AT_A_TIME
    channels = await station.channels(TOWN)
    for chat in TOWN:
        station.sender.answers[chat].append(Gone("chat_not_found"))
    bulletin = await station.start(station.bulletin())
    async with station.pumping() as pump:
        for _ in range(2):
            await station.until(lambda: is_paused(station, bulletin))
            await station.set_state(bulletin, BroadcastState.SENDING)
            pump.wake()
        await station.until(lambda: is_paused(station, bulletin))
    assert len(station.told.halted) == 3
    assert (await states_of_channels(station, channels)).count("lost") == 5


async def test_departures_with_arrivals_between_them_are_believed(station: Station) -> None:
    station.rules = ONE_AT_A_TIME
    channels = await station.channels(TOWN)
    gone = [chat for number, chat in enumerate(TOWN) if number % 5]
    for chat in gone:
        station.sender.answers[chat].append(Gone("kicked"))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert (await states_of_channels(station, channels)).count("lost") == len(gone)


async def test_a_database_that_is_away_at_the_halt_is_waited_for(station: Station) -> None:
    station.rules = ONE_AT_A_TIME
    await station.channels(TOWN)
    for chat in TOWN:
        station.sender.answers[chat].append(Gone("chat_not_found"))
    bulletin = await station.start(station.bulletin())
    closing = Away(station.ledger)
    async with running(station.pump(closing=cast(Closing, closing)).run):
        await station.until(lambda: is_paused(station, bulletin))
    assert closing.asked >= 2


async def is_paused(station: Station, bulletin: BulletinId) -> bool:
    return await station.state_of(bulletin) is BroadcastState.PAUSED


class Away:
    """The ledger's closing side; the database does not answer the first time that something is to be halted."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def halt(self, bulletin_id: BulletinId, because: str) -> bool:
        self.asked += 1
        if self.asked == 1:
            raise LedgerUnavailable("away")
        return await self._ledger.halt(bulletin_id, because)
