"""What a seed stands for: which channels there are, what people do when, the weather, and when the process dies.

Everything is drawn here, before the run, so that a scenario can be printed, and cut down by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from random import Random

from broadcasts.courier import PumpRules
from broadcasts.pacing import PaceRules
from simulator.crash.series import Pause, SeriesPlan, pauses_of, series_of
from simulator.crash.wire import Weather, draw_weather

STARTS = datetime(2026, 12, 2, 5, 0, 50, tzinfo=UTC)
"""Ten seconds before a full minute of noon in Viet Nam: quiet hours begin and end on full minutes."""

_MINUTE = 12 * 60
_NIGHTFALL_BEGINS = 8.0
_KINDS = ("group", "supergroup", "supergroup", "channel")
_DEATHS = 3
_STEPS_AT_MOST = 500


class Draft(StrEnum):
    """The bulletins that lie ready for approval; see ``people``."""

    ROUTINE = "routine"
    SECOND = "second"
    PICTURED = "pictured"
    SHORT = "short"
    """It expires while the run lasts."""
    GRAVE = "grave"
    """Life-safety, but not at any hour."""
    EMERGENCY = "emergency"


class ActKind(StrEnum):
    """What people of the staff do."""

    APPROVE = "approve"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    CORRECT_AGAIN = "correct_again"
    WITHDRAW_CORRECTED = "withdraw_corrected"
    """Of a bulletin that may have been corrected before."""
    STOP_CORRECTION = "stop_correction"
    PAUSE_CORRECTION = "pause_correction"
    RETRY_CORRECTION = "retry_correction"
    RETRY = "retry"
    """The failed once more."""
    SEND_AGAIN = "send_again"
    """The unsure once more, marked so."""
    LEAVE = "leave"
    """The unsure as they are."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person does about one bulletin, at so many seconds."""

    at: float
    kind: ActKind
    draft: Draft


class IncidentKind(StrEnum):
    """What happens to a chat without anybody telling us."""

    KICKED = "kicked"
    MUTED = "muted"
    UPGRADED = "upgraded"


@dataclass(frozen=True, slots=True)
class Incident:
    """One of these, at so many seconds, to the channel of this number."""

    at: float
    kind: IncidentKind
    channel: int


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """A channel as it is before the run."""

    kind: str
    language: str
    pin: bool
    silent: bool
    is_paused: bool
    is_canary: bool
    quiet_minutes: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Death:
    """A process ends after so many steps of its loop: killed, or asked to end; the next starts after a while."""

    steps: int
    is_kill: bool
    downtime_seconds: float


class OutageKind(StrEnum):
    """Why nothing can be written for a while."""

    FULL = "full"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Outage:
    """From when on nothing can be written, for how long."""

    at: float
    seconds: float
    kind: OutageKind

    @property
    def ends(self) -> float:
        """When writing works again."""
        return self.at + self.seconds


@dataclass(frozen=True, slots=True)
class DiskPlan:
    """How the disk behaves; single writes fail only while the storm lasts, all of them in an outage."""

    slow_probability: float
    slowest_seconds: float
    failure_probability: float
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run, wholly decided."""

    seed: int
    channels: tuple[ChannelPlan, ...]
    acts: tuple[Act, ...]
    incidents: tuple[Incident, ...]
    deaths: tuple[Death, ...]
    weather: Weather
    disk: DiskPlan
    pace: PaceRules
    pump: PumpRules
    answer_seconds: float
    has_platform_limits: bool
    bots: tuple[int, ...]
    """Which of the bots serves each channel, by its number."""
    announced: frozenset[int]
    """Channels whose upgrade the platform also tells the bot of."""
    may_pin: frozenset[int]
    """Groups that gave the bot the right to pin if they chose that; in a broadcast channel it always has it."""
    series: SeriesPlan | None
    pauses: tuple[Pause, ...]

    @property
    def errands(self) -> int:
        """How many things people do."""
        return len(self.acts) + len(self.pauses) + (len(self.series.acts) if self.series else 0)


class Theme(StrEnum):
    """What a run is mostly about."""

    ANYTHING = "anything"
    CROWD = "crowd"
    """Many channels and a slow pace: an emergency finds a long queue before it."""
    NIGHTFALL = "nightfall"
    """Quiet hours begin while it is being sent."""


class Plot(StrEnum):
    """A chain of events that would hardly come about by chance."""

    NONE = "none"
    MOVED = "moved"
    """A group moves after its first bulletin; in the new place stands another one when the first is corrected."""
    LEFT = "left"
    """What a moderator left unsure is corrected."""


_PLOTS = {Plot.NONE: 0.88, Plot.MOVED: 0.06, Plot.LEFT: 0.06}


def scenario_of(seed: int) -> Scenario:
    """The scenario that this seed stands for."""
    random, later = Random(f"scenario {seed}"), Random(f"later {seed}")
    theme = random.choices(tuple(Theme), weights=(80, 6, 14))[0]
    begins = _NIGHTFALL_BEGINS if theme is Theme.NIGHTFALL else 0.0
    storm_ends = begins + random.uniform(1.0, 12.0)
    channels = _channels(random, theme)
    plot = later.choices(tuple(_PLOTS), weights=tuple(_PLOTS.values()))[0]
    slow = 10.0 if theme is Theme.CROWD else random.choice((10.0, 25.0, 25.0, 200.0))
    return Scenario(
        seed=seed,
        channels=channels,
        acts=_with_afterthoughts(later, _acts(random, theme, begins, storm_ends), storm_ends, plot),
        incidents=_moving(later, channels, _incidents(random, channels, begins, storm_ends), begins, plot),
        deaths=tuple(_death(random) for _ in range(_DEATHS)),
        weather=draw_weather(random, storm_ends),
        disk=replace(_disk(random), outage=_outage(later, begins, storm_ends)),
        pace=PaceRules(rate_per_second=slow),
        pump=PumpRules(
            in_flight=random.choice((2, 8, 128)),
            ahead_seconds=random.choice((0.05, 0.05, 0.5)),
            idle_seconds=random.choice((1.0, 5.0, 5.0)),
            landing_seconds=random.choice((0.1, 10.0)),
        ),
        answer_seconds=random.choice((2.0, 8.0, 30.0)),
        has_platform_limits=random.random() < 0.3,
        bots=_bots(later, len(channels)),
        announced=frozenset(number for number in range(len(channels)) if later.random() < 0.5),
        may_pin=frozenset(number for number in range(len(channels)) if later.random() < 0.85),
        series=None if theme is Theme.CROWD else series_of(seed),
        pauses=pauses_of(seed, _with_admins(channels), begins, storm_ends),
    )


def _with_admins(channels: tuple[ChannelPlan, ...]) -> list[int]:
    """Whose channels go on when the run begins; the operator's own is nobody's to pause."""
    return [number for number, one in enumerate(channels) if not one.is_paused and not one.is_canary]


def _channels(random: Random, theme: Theme) -> tuple[ChannelPlan, ...]:
    count = 30 if theme is Theme.CROWD else random.choice((5, 5, 6, 6, 7, 8, 12))
    has_canary = random.random() < 0.4
    return tuple(
        ChannelPlan(
            kind=random.choice(_KINDS),
            language=random.choice(("vi", "vi", "en")),
            pin=random.random() < 0.3,
            silent=random.random() < 0.15,
            is_paused=number > 1 and random.random() < 0.05,
            is_canary=has_canary and number == 0,
            quiet_minutes=_quiet(random, theme),
        )
        for number in range(count)
    )


def _quiet(random: Random, theme: Theme) -> tuple[int, int] | None:
    """In the evening of every run some have quiet hours; the run begins ten seconds before a full minute."""
    if theme is Theme.NIGHTFALL:
        return random.choice((None, (_MINUTE + 1, _MINUTE + 2), (_MINUTE + 1, _MINUTE + 2)))
    if random.random() < 0.95:
        return None
    return random.choice(((_MINUTE, _MINUTE + 1), (_MINUTE - 600, _MINUTE + 1)))


def _acts(random: Random, theme: Theme, begins: float, storm_ends: float) -> tuple[Act, ...]:
    """One bulletin for certain; others, and what happens to them, by chance."""
    first = Draft.ROUTINE if theme is Theme.CROWD else random.choice(tuple(Draft))
    acts = [Act(begins, ActKind.APPROVE, first), *_mishaps(random, first, begins, storm_ends)]
    for other in Draft:
        is_certain = theme is Theme.CROWD and other is Draft.EMERGENCY
        if other is not first and (is_certain or random.random() < 0.15):
            at = begins + random.uniform(0.0, 1.0 if is_certain else storm_ends - begins)
            acts += [Act(at, ActKind.APPROVE, other), *_mishaps(random, other, at, storm_ends)]
    return tuple(sorted(acts, key=lambda act: act.at))


def _mishaps(random: Random, draft: Draft, begins: float, storm_ends: float) -> list[Act]:
    """What people think better of, from shortly after the beginning until after the storm."""

    def later() -> float:
        return begins + random.choice((random.uniform(0.0, 1.0), random.uniform(0.0, storm_ends)))

    acts: list[Act] = []
    if random.random() < 0.15:
        acts.append(Act(later(), ActKind.STOP, draft))
    if random.random() < 0.2:
        paused = later()
        acts.append(Act(paused, ActKind.PAUSE, draft))
        acts.append(Act(paused + random.uniform(0.1, 5.0), ActKind.RESUME, draft))
    if random.random() < 0.3:
        acts.append(Act(later(), random.choice((ActKind.CORRECT, ActKind.WITHDRAW)), draft))
    return acts


def _with_afterthoughts(
    random: Random, acts: tuple[Act, ...], storm_ends: float, plot: Plot
) -> tuple[Act, ...]:
    """What is decided when it is seen what did not arrive, and a correction that is thought better of."""
    more = _plotted(plot, acts[0])
    for act in acts:
        soon = act.at + random.choice((random.uniform(0.0, 3.0), random.uniform(0.0, storm_ends)))
        if act.kind is ActKind.APPROVE and random.random() < 0.3:
            kind = random.choice((ActKind.RETRY, ActKind.SEND_AGAIN, ActKind.LEAVE))
            more.append(Act(soon + 3.0, kind, act.draft))
        elif act.kind in (ActKind.CORRECT, ActKind.WITHDRAW) and random.random() < 0.25:
            more.append(Act(soon, ActKind.STOP_CORRECTION, act.draft))
    corrected = [act for act in (*acts, *more) if act.kind is ActKind.CORRECT]
    more += [second for act in corrected for second in _corrected_twice(random, act)]
    return tuple(sorted((*acts, *more), key=lambda act: act.at))


def _corrected_twice(random: Random, first: Act) -> list[Act]:
    """A correction was wrong too, and may be only half out when the next one is written."""
    if random.random() < 0.4:
        return []
    kind = random.choice((ActKind.CORRECT_AGAIN, ActKind.CORRECT_AGAIN, ActKind.WITHDRAW_CORRECTED))
    again = first.at + random.uniform(0.1, 4.0)
    acts = [Act(again, kind, first.draft)]
    if random.random() < 0.3:
        acts.append(Act(random.uniform(first.at, again), ActKind.PAUSE_CORRECTION, first.draft))
    if random.random() < 0.3:
        acts.append(Act(again + random.uniform(0.5, 5.0), ActKind.RETRY_CORRECTION, first.draft))
    return acts


def _plotted(plot: Plot, first: Act) -> list[Act]:
    match plot:
        case Plot.MOVED:
            other = Draft.SECOND if first.draft is not Draft.SECOND else Draft.ROUTINE
            return [
                Act(first.at + 4.0, ActKind.APPROVE, other),
                Act(first.at + 8.0, ActKind.CORRECT, first.draft),
            ]
        case Plot.LEFT:
            return [
                Act(first.at + 9.0, ActKind.LEAVE, first.draft),
                Act(first.at + 10.0, ActKind.CORRECT, first.draft),
            ]
        case Plot.NONE:
            return []


def _moving(
    random: Random,
    channels: tuple[ChannelPlan, ...],
    incidents: tuple[Incident, ...],
    begins: float,
    plot: Plot,
) -> tuple[Incident, ...]:
    """Groups to which nothing else happens move, if the plot wants it."""
    if plot is not Plot.MOVED:
        return incidents
    taken = {incident.channel for incident in incidents}
    groups = [number for number, one in enumerate(channels) if one.kind == "group" and number not in taken]
    moves = [Incident(begins + random.uniform(1.0, 4.0), IncidentKind.UPGRADED, one) for one in groups]
    return tuple(sorted((*incidents, *moves), key=lambda incident: incident.at))


def _outage(random: Random, begins: float, storm_ends: float) -> Outage | None:
    """In some runs nothing at all can be written for a while."""
    kind, at = random.choice(tuple(OutageKind)), random.uniform(begins, storm_ends)
    return Outage(at, random.uniform(0.2, 8.0), kind) if random.random() < 0.1 else None


def _bots(random: Random, channels: int) -> tuple[int, ...]:
    has_two = random.random() < 0.25
    return tuple(random.randrange(2) if has_two else 0 for _ in range(channels))


def _incidents(
    random: Random, channels: tuple[ChannelPlan, ...], begins: float, storm_ends: float
) -> tuple[Incident, ...]:
    incidents: list[Incident] = []
    for number, channel in enumerate(channels):
        at = random.uniform(begins, storm_ends)
        if random.random() < 0.05:
            incidents.append(Incident(at, IncidentKind.KICKED, number))
        elif channel.kind == "group" and random.random() < 0.25:
            incidents.append(Incident(at, IncidentKind.UPGRADED, number))
        elif channel.kind != "channel" and random.random() < 0.05:
            incidents.append(Incident(at, IncidentKind.MUTED, number))
    return tuple(sorted(incidents, key=lambda incident: incident.at))


def _death(random: Random) -> Death:
    """Steps, not seconds: most of a run's steps lie where something happens."""
    steps = int(_STEPS_AT_MOST * random.random() ** 2) + 1
    return Death(steps, is_kill=random.random() < 0.85, downtime_seconds=random.uniform(0.05, 3.0))


def _disk(random: Random) -> DiskPlan:
    is_slow, is_full = random.random() < 0.2, random.random() < 0.1
    return DiskPlan(0.05 if is_slow else 0.0, random.choice((0.01, 0.3)), 0.02 if is_full else 0.0)
