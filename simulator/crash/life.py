"""One process, put together from the product's own parts, from its start until it is killed or asked to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.consent import StartRules
from broadcasts.courier import PumpParts
from broadcasts.letters import Letters
from broadcasts.lifecycle import Desk
from broadcasts.pacing import Pacer
from broadcasts.ports import MediaShelf, Sender
from broadcasts.pump import Pump
from broadcasts.recurrence import NextMoment
from bulletins.bulletin import BulletinId
from bulletins.rendering import Imprint
from members.channel import Platform
from platforms.capabilities import CAPABILITIES
from platforms.connections import Connections
from platforms.telegram import TelegramAccount, TelegramSender
from simulator.crash.calendar import CALENDAR
from simulator.crash.people import Office, People
from simulator.crash.resting import Hoa
from simulator.crash.scenario import STARTS, Act, Draft, Scenario
from simulator.crash.series import Pause, SeriesAct
from simulator.crash.series_desk import SeriesKeeper
from simulator.crash.timers import Timers
from simulator.crash.virtual_time import VirtualClock
from storage.aftermath import SqlAftermath
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.ledger import SqlLedger
from storage.naming import KEY_BYTES, Names
from storage.paces import SqlPaces
from storage.pictures import PictureShelf
from storage.pins import SqlPins
from storage.roster import Roster

BOT = "loa"
TOKEN = "4200042:AAHnotARealTokenButLongEnough_0123456789"
BOTS = {TOKEN: BOT, "4300043:AAHnotARealTokenEither_____0123456789": "loa-hai"}
"""Names of our bots, by their tokens."""
VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
IMPRINT = Imprint("loa_phuong_bot", VIET_NAM)

_LOOK_SECONDS = 1.0
_CONNECTIONS_AT_MOST = 128


def make_sender(connections: Connections, account: TelegramAccount, media: MediaShelf) -> Sender:
    """The product's own."""
    return TelegramSender(connections, account, media)


@dataclass(frozen=True, slots=True)
class Makers:
    """What the engine is made of. Tests put a broken part in place of a whole one."""

    committer: Callable[[AsyncEngine], Committer] = Committer
    ledger: Callable[[AsyncEngine, Committer], SqlLedger] = SqlLedger
    book: Callable[[AsyncEngine, Committer, Callable[[], StartRules]], BulletinBook] = BulletinBook
    aftermath: Callable[[AsyncEngine, Committer], SqlAftermath] = SqlAftermath
    pins: Callable[[AsyncEngine, Committer], SqlPins] = SqlPins
    pacer: Callable[..., Pacer] = Pacer
    sender: Callable[[Connections, TelegramAccount, MediaShelf], Sender] = make_sender
    calendar: NextMoment = CALENDAR


class Silence:
    """Nobody is told anything: the run looks for itself."""

    def bulletin_halted(self, bulletin_id: BulletinId) -> None:
        """The people of the run look for paused bulletins at the end."""

    def channel_in_trouble(self) -> None:
        """Nobody asks."""

    def storage_failed(self, what: str) -> None:
        """Expected when the disk is full."""

    def storage_recovered(self) -> None:
        """The same."""

    def line_failed(self, bot: str, because: str) -> None:
        """Expected when the platform misbehaves."""

    def line_recovered(self, bot: str) -> None:
        """The same."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process finds when it starts."""

    scenario: Scenario
    bots: Mapping[str, str]
    makers: Makers
    engine: AsyncEngine
    clock: VirtualClock
    people: People
    hoa: Hoa
    keeper: SeriesKeeper | None
    """Who looks after the series, where something repeats."""
    connections: Callable[[int, float], Connections]
    """So many at once, each with so many seconds for an answer."""
    random: Random
    is_over: Callable[[], bool]
    """Whether nothing is left to do."""
    paused: Callable[[], list[int]]
    """Bulletins that wait for somebody to let them go on, now that nobody means to any more."""
    held: Callable[[], list[int]]
    """The same for occurrences that are held."""


class Process:
    """The engine, the desk, and the acts of people that were not confirmed yet."""

    def __init__(self, found: Surroundings) -> None:
        self._found = found
        scenario, clock, engine = found.scenario, found.clock, found.engine
        self._committer = found.makers.committer(engine)
        ledger = found.makers.ledger(engine, self._committer)
        rules = StartRules(next_moment=found.makers.calendar)
        if scenario.series is not None:
            rules = replace(rules, grace=timedelta(seconds=scenario.series.grace_seconds))
        book = found.makers.book(engine, self._committer, lambda: rules)
        shelf = PictureShelf(engine, self._committer)
        capabilities = CAPABILITIES[Platform.TELEGRAM]
        self._pumps: list[Pump] = []
        for token, bot in found.bots.items():
            account = TelegramAccount(bot, token, "http://platform")
            connections = found.connections(_CONNECTIONS_AT_MOST, scenario.answer_seconds)
            parts = PumpParts(
                ledger=ledger,
                closing=ledger,
                pins=found.makers.pins(engine, self._committer),
                paces=SqlPaces(engine, self._committer),
                sender=found.makers.sender(connections, account, shelf),
                pacer=found.makers.pacer(scenario.pace, capabilities.is_group),
                letters=Letters(book, IMPRINT, capabilities.means),
                notices=Silence(),
                now=clock.now,
                random=found.random,
                zone=VIET_NAM,
            )
            self._pumps.append(Pump(bot, parts, scenario.pump))
        self._timers = Timers(clock, STARTS)
        desk = Desk(
            book,
            now=clock.now,
            draw=found.random,
            wake=self._wake,
            set_timer=self._timers.set_timer,
            next_moment=found.makers.calendar,
        )
        aftermath = found.makers.aftermath(engine, self._committer)
        self._office = Office(desk, aftermath, Roster(engine, self._committer, Names(bytes(KEY_BYTES))))

    def _wake(self) -> None:
        for pump in self._pumps:
            pump.wake()

    async def live(self) -> None:
        """Until nothing is left to do, or until cancelled; then end in good order."""
        async with asyncio.TaskGroup() as group:
            committing = group.create_task(self._committer.run())
            pumping = [group.create_task(pump.run()) for pump in self._pumps]
            people = self._found.people
            acts = [group.create_task(people.play(acts, self._office)) for acts in self._acts_to_come()]
            acts.append(group.create_task(people.follow_moves(self._office)))
            acts += [group.create_task(errands) for errands in self._other_errands()]
            try:
                await self._until_over()
            finally:
                await _end(*acts)
                await _end(*pumping)
                await _end(committing)

    def _acts_to_come(self) -> Iterable[list[tuple[int, Act]]]:
        """What was not confirmed to an earlier process, by bulletin."""
        acts: defaultdict[Draft, list[tuple[int, Act]]] = defaultdict(list)
        for number, act in enumerate(self._found.scenario.acts):
            if number not in self._found.people.errands.confirmed:
                acts[act.draft].append((number, act))
        return acts.values()

    def _other_errands(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Of the series, with the clock that it takes, and of the channels' admin, one after the other."""
        plan = self._found.scenario.series
        if plan is not None:
            yield self._timers.run(self._office.desk)
            yield self._keep_series(plan.acts)
        if self._found.scenario.pauses:
            yield self._rest(self._found.scenario.pauses)

    async def _keep_series(self, acts: Iterable[SeriesAct]) -> None:
        keeper, errands = self._found.keeper, self._found.people.errands
        for act in acts:
            if keeper is not None:
                await errands.carry_out(act, act.at, partial(keeper.perform, act, self._office.desk))

    async def _rest(self, pauses: Iterable[Pause]) -> None:
        for pause in pauses:
            decide = partial(self._found.hoa.decide, pause, self._office.roster)
            await self._found.people.errands.carry_out(pause, pause.at, decide)

    async def _until_over(self) -> None:
        while not self._found.is_over():
            await asyncio.sleep(_LOOK_SECONDS)
            for bulletin_id in self._found.paused():
                await self._found.people.resume(bulletin_id, self._office)
            for bulletin_id in self._found.held():
                if self._found.keeper is not None:
                    await self._found.keeper.decide(BulletinId(bulletin_id), self._office.desk)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
