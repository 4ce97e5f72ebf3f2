"""One run: a scenario played from start to rest, through as many processes as die on the way."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, MutableMapping
from functools import partial
from random import Random
from typing import Any

import structlog

from broadcasts.delivery import DeliveryState
from bulletins.values import Recurrence
from simulator.bot_api.api import TelegramApi
from simulator.bot_api.faults import Faults
from simulator.bot_api.limits import Limits
from simulator.crash.disk import DiskWeather
from simulator.crash.evidence import Evidence, Life, Request, Unrecorded
from simulator.crash.findings import read_facts
from simulator.crash.ground import Ground
from simulator.crash.life import BOTS, Makers, Process, Surroundings
from simulator.crash.overtaking import Overtaking
from simulator.crash.people import People
from simulator.crash.recurring import read_series
from simulator.crash.resting import Hoa
from simulator.crash.scenario import STARTS, Death, Incident, IncidentKind, Scenario, scenario_of
from simulator.crash.series import RULES
from simulator.crash.series_desk import ENDS, SeriesKeeper
from simulator.crash.virtual_time import Stuck, VirtualClock, VirtualLoop, new_loop
from simulator.crash.wire import Wire
from simulator.world import Chat, World

_LONGEST_SECONDS = 240.0
_QUICK_DISK_SECONDS = 0.5
_FULL_DISK_SECONDS = 30.0
_OUR_OWN_FAULT = "our own fault in a delivery"
_UNFINISHED = """
    SELECT EXISTS (SELECT 1 FROM bulletins
                   WHERE state IN ('sending', 'paused', 'scheduled', 'held', 'recurring'))
        OR EXISTS (SELECT 1 FROM deliveries WHERE state IN ('queued', 'sending'))
        OR EXISTS (SELECT 1 FROM pins_due)
"""

_STATE_ON_DISK = """
    SELECT d.state FROM deliveries AS d
    JOIN bulletins AS b ON b.id = d.bulletin_id JOIN channels AS c ON c.id = d.channel_id
    WHERE b.code = ? AND c.external_id = ?
"""

_UNDER_WAY = """
    SELECT b.code FROM deliveries AS d JOIN bulletins AS b ON b.id = d.bulletin_id
    WHERE d.channel_id = ? AND d.state = 'sending'
"""


def run_seed(seed: int, ground: Ground, makers: Makers | None = None) -> Evidence:
    """Play the scenario of a seed; what it left behind."""
    return Run(scenario_of(seed), ground, makers or Makers()).play()


class Run:
    """A world, a wire, and one process after the other."""

    def __init__(self, scenario: Scenario, ground: Ground, makers: Makers) -> None:
        self._scenario = scenario
        self._ground = ground
        self._makers = makers
        self._clock = VirtualClock(STARTS)
        self._world = World(now=self._clock.now, random=Random(scenario.seed))
        limits = Limits(tolerance_seconds=0.05) if scenario.has_platform_limits else None
        api = TelegramApi(self._world, Faults(Random(0)), limits)
        self._bots = dict(list(BOTS.items())[: max(scenario.bots) + 1])
        self._chats = self._build_world()
        self._wire = Wire(api, self._bots, self._clock, scenario.weather, self._random("wire"))
        self.evidence = Evidence(
            seed=scenario.seed,
            rate_per_second=scenario.pace.rate_per_second,
            chat_per_second=scenario.pace.chat_per_second,
            group_per_minute=scenario.pace.group_per_minute,
            settles_within_seconds=_settling_seconds(scenario),
            jitter_seconds=2 * scenario.disk.slowest_seconds if scenario.disk.slow_probability else 0.0,
            kicked=frozenset(
                one.channel + 1 for one in scenario.incidents if one.kind is IncidentKind.KICKED
            ),
            requests=self._wire.requests,
        )
        self._people = People(ground.ready, self._clock, self.evidence)
        self._hoa = Hoa(self._clock, self.evidence, self._under_way)
        self._keeper = self._make_keeper()
        self._to_happen = list(scenario.incidents)
        self._overtaking = Overtaking(self.evidence, ground.disk.observer, self._clock, scenario)
        self._wire.departing = self._depart
        self._logs: list[MutableMapping[str, Any]] = []

    def play(self) -> Evidence:
        """From the first start until all is at rest."""
        names = list(self._bots.values())
        bots = [names[number] for number in self._scenario.bots]
        ids = [chat.id for chat in self._chats]
        self._ground.reset(list(zip(self._scenario.channels, ids, bots, strict=True)))
        with structlog.testing.capture_logs() as self._logs, _pool_is_silent():
            for death in (*self._scenario.deaths, None):
                if self._live(death):
                    break
        self.evidence.is_at_rest = self._is_at_rest()
        read_facts(self.evidence, self._ground.disk.observer, self._world, self._chats)
        self._read_series()
        return self.evidence

    # --- what repeats, and who rests -----------------------------------------------------------------

    def _make_keeper(self) -> SeriesKeeper | None:
        plan = self._scenario.series
        if plan is None:
            return None
        ready = self._ground.series[plan.rule]
        return SeriesKeeper(
            ready, self._people, self._clock, self.evidence, partial(self._codes_of, ready.id)
        )

    def _codes_of(self, series: int) -> list[str]:
        return [
            row[0] for row in self._ask("SELECT code FROM bulletins WHERE series = ? ORDER BY id", series)
        ]

    def _under_way(self, channel: int) -> frozenset[str]:
        return frozenset(row[0] for row in self._ask(_UNDER_WAY, channel))

    def _read_series(self) -> None:
        plan = self._scenario.series
        if plan is not None:
            repeats = Recurrence(RULES[plan.rule], ENDS, valid_hours=1)
            observer, ready = self._ground.disk.observer, self._ground.series[plan.rule]
            self.evidence.series = read_series(observer, ready.id, repeats, plan.grace_seconds)

    # --- one process ---------------------------------------------------------------------------------

    def _live(self, death: Death | None) -> bool:
        """Whether the run is over after this process."""
        number, clock = len(self.evidence.lives), self._clock
        self._ground.warm_up()
        loop = new_loop(clock, self._random(f"order {number}"), death.steps if death else None)
        life = Life(number, clock.seconds, held_until=self._held_until())
        self.evidence.lives.append(life)
        self._prepare(loop, number)
        living = loop.create_task(self._process(number))
        living.add_done_callback(lambda _: loop.stop())
        try:
            loop.run_forever()
            if not living.done() and death is not None and not death.is_kill:
                loop.steps_left = None
                life.asked_to_end = clock.seconds
                living.cancel()
                loop.run_forever()
        except Stuck as stuck:
            self.evidence.crashes.append(f"stuck: {stuck}")
        life.ended, life.was_killed = clock.seconds, not living.done()
        is_over = living.done() and not living.cancelled()
        if is_over and (error := living.exception()) is not None:
            self.evidence.crashes.append(repr(error))
        self._bury(loop)
        clock.seconds += death.downtime_seconds if death else 0.0
        return is_over

    async def _process(self, number: int) -> None:
        found = Surroundings(
            scenario=self._scenario,
            bots=self._bots,
            makers=self._makers,
            engine=self._ground.disk.engine,
            clock=self._clock,
            people=self._people,
            hoa=self._hoa,
            keeper=self._keeper,
            connections=self._wire.connections,
            random=self._random(f"process {number}"),
            is_over=lambda: self._clock.seconds > _LONGEST_SECONDS or self._is_at_rest(),
            paused=partial(self._waiting, "paused"),
            held=partial(self._waiting, "held"),
        )
        await Process(found).live()

    def _prepare(self, loop: VirtualLoop, number: int) -> None:
        """The disk, the wire and what is going to happen, as this process will meet them."""
        plan, clock = self._scenario.disk, self._clock
        weather = DiskWeather(
            random=self._random(f"disk {number}"),
            slow_probability=plan.slow_probability,
            slowest_seconds=plan.slowest_seconds,
        )
        self._ground.disk.weather = weather
        if clock.seconds < self._scenario.weather.storm_ends:
            weather.failure_probability = plan.failure_probability
            loop.call_at(self._scenario.weather.storm_ends, weather.clear_up)
        self._plan_outage(loop, weather)
        self._wire.attach(loop, number)
        for incident in self._to_happen:
            loop.call_at(max(incident.at, clock.seconds), self._happen, incident)

    def _plan_outage(self, loop: VirtualLoop, weather: DiskWeather) -> None:
        outage, now = self._scenario.disk.outage, self._clock.seconds
        if outage is None or outage.ends <= now:
            return
        loop.call_at(max(outage.at, now), setattr, weather, "outage", outage.kind)
        loop.call_at(outage.ends, setattr, weather, "outage", None)

    def _bury(self, loop: VirtualLoop) -> None:
        """Cut every line first: what a dying process still does reaches nobody."""
        disk = self._ground.disk
        disk.weather.is_dead = True
        self._wire.cut()
        self.evidence.crashes += [f"{fault}" for fault in loop.faults]
        self.evidence.crashes += [str(entry) for entry in self._logs if entry["event"] == _OUR_OWN_FAULT]
        loop.die()
        self._logs.clear()
        disk.crash()
        disk.weather = DiskWeather()

    # --- looking in ----------------------------------------------------------------------------------

    def _is_at_rest(self) -> bool:
        (is_unfinished,) = self._ask(_UNFINISHED)[0]
        return self._nobody_means_to() and self._wire.is_quiet and not is_unfinished

    def _waiting(self, state: str) -> list[int]:
        if not self._nobody_means_to():
            return []
        return [row[0] for row in self._ask("SELECT id FROM bulletins WHERE state = ?", state)]

    def _nobody_means_to(self) -> bool:
        outage = self._scenario.disk.outage
        calm = max(self._scenario.weather.storm_ends, outage.ends if outage else 0.0)
        return self._clock.seconds >= calm and len(self._people.errands.confirmed) == self._scenario.errands

    def _held_until(self) -> dict[str, float]:
        """Until when each token is held by what is written down, on the run's clock."""
        rows = self._ask("SELECT bot, held_until FROM paces")
        return {bot: until / 1_000 - STARTS.timestamp() for bot, until in rows}

    def _depart(self, request: Request) -> None:
        self._overtaking.look(request)
        state = self._state_on_disk(request) if request.is_post else None
        if state is not None and state != DeliveryState.SENDING:
            self.evidence.unrecorded.append(Unrecorded(request, state))

    def _state_on_disk(self, request: Request) -> str | None:
        """None when there is no such row, as after its group has moved."""
        rows = self._ask(_STATE_ON_DISK, request.code, request.chat)
        return rows[0][0] if rows else None

    def _ask(self, query: str, *parameters: object) -> list[Any]:
        return self._ground.disk.observer.execute(query, parameters).fetchall()

    def _random(self, purpose: str) -> Random:
        return Random(f"{purpose} {self._scenario.seed}")

    # --- the world -----------------------------------------------------------------------------------

    def _build_world(self) -> list[Chat]:
        bots = [
            self._world.add_bot(token, f"{name.replace('-', '_')}_phuong_bot", "Loa phường")
            for token, name in self._bots.items()
        ]
        hoa = self._world.add_user("Hoa")
        chats: list[Chat] = []
        for number, plan in enumerate(self._scenario.channels):
            bot = bots[self._scenario.bots[number]]
            chat = self._world.add_chat(plan.kind, f"Tổ dân phố {number + 1}", hoa)
            if plan.kind == "channel":
                self._world.promote(chat, bot)
            else:
                self._world.add_member(chat, bot, by=hoa)
                if plan.pin and number in self._scenario.may_pin:
                    self._world.promote(chat, bot, ("can_pin_messages",), by=hoa)
            chats.append(chat)
        return chats

    def _happen(self, incident: Incident) -> None:
        self._to_happen.remove(incident)
        chat = self._chats[incident.channel]
        bot = list(self._world.bots.values())[self._scenario.bots[incident.channel]]
        owner = self._world.owner_of(chat)
        match incident.kind:
            case IncidentKind.KICKED:
                self._world.remove_member(chat, bot, by=owner)
            case IncidentKind.MUTED:
                self._world.set_permissions(chat, ())
                if chat.member(bot.id).is_admin:
                    self._world.demote(chat, bot)
            case IncidentKind.UPGRADED:
                new = self._world.upgrade(chat)
                self._overtaking.moved.add(str(new.id))
                if incident.channel in self._scenario.announced:
                    self._people.moves.append((str(chat.id), str(new.id)))


def _settling_seconds(scenario: Scenario) -> float:
    """A full disk is tried again for as long as the most patient of the engine's waits."""
    if scenario.disk.failure_probability or scenario.disk.outage is not None:
        return _FULL_DISK_SECONDS
    return _QUICK_DISK_SECONDS + (
        10 * scenario.disk.slowest_seconds if scenario.disk.slow_probability else 0.0
    )


@contextlib.contextmanager
def _pool_is_silent() -> Iterator[None]:
    """The connection pool of a dying process has complaints that concern nobody."""
    pool = logging.getLogger("sqlalchemy.pool")
    before = pool.level
    pool.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        pool.setLevel(before)
