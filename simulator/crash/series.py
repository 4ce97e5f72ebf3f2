"""What a seed says of recurring bulletins and of the channels' own admins: drawn before the run, like all the rest.

Each has a source of chance of its own, so that what was drawn for a seed before stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

SERIES_ENDS_SECONDS = 13
RULES = ("0 * * * *", "0 */2 * * *")
"""Every hour and every two hours of the run's own calendar."""

_SERIES_SHARE = 0.1
_DISPUTED_SHARE = 0.45
_PAUSES_SHARE = 0.12
_PAUSES_SHARE_IN_A_CROWD = 0.6
_CROWD = 20


class SeriesActKind(StrEnum):
    """What people of the staff do about a series and its occurrences."""

    APPROVE = "approve"
    SKIP = "skip"
    """The next one, as it is named when the button is pressed."""
    UNSKIP = "unskip"
    STOP = "stop"
    STOP_OCCURRENCE = "stop_occurrence"
    """The newest one."""
    CORRECT_OCCURRENCE = "correct_occurrence"
    SEND_HELD = "send_held"


@dataclass(frozen=True, slots=True)
class SeriesAct:
    """One thing that is done about the series, at so many seconds."""

    at: float
    kind: SeriesActKind


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """The series of one run: which of those that lie ready, and what people do about it."""

    rule: int
    grace_seconds: float
    acts: tuple[SeriesAct, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """The admin of a group pauses it or resumes it, at so many seconds; the channel by its number."""

    at: float
    channel: int
    resumes: bool


def series_of(seed: int) -> SeriesPlan | None:
    """In some runs something repeats."""
    random = Random(f"series {seed}")
    if random.random() >= _SERIES_SHARE:
        return None
    approved = random.choice((random.uniform(0.0, 1.0), random.uniform(0.0, 5.0)))
    acts = [SeriesAct(approved, SeriesActKind.APPROVE)]
    if random.random() < 0.6:
        skipped = approved + random.uniform(0.1, 7.0)
        acts.append(SeriesAct(skipped, SeriesActKind.SKIP))
        if random.random() < 0.3:
            acts.append(SeriesAct(skipped + random.uniform(0.1, 3.0), SeriesActKind.UNSKIP))
    acts += _disputes(random, approved) if random.random() < _DISPUTED_SHARE else _mishaps(random, approved)
    return SeriesPlan(
        rule=random.randrange(len(RULES)),
        grace_seconds=random.choice((0.2, 0.2, 2.0, 8.0)),
        acts=tuple(sorted(acts, key=lambda act: act.at)),
    )


def _disputes(random: Random, approved: float) -> list[SeriesAct]:
    """Something is wrong with one, so the next one is held; and while nobody has decided the series is stopped."""
    corrected = approved + random.uniform(2.5, 5.0)
    stopped = corrected + random.uniform(2.0, 6.0)
    return [
        SeriesAct(corrected, SeriesActKind.CORRECT_OCCURRENCE),
        SeriesAct(stopped, SeriesActKind.STOP),
    ]


def _mishaps(random: Random, approved: float) -> list[SeriesAct]:
    shares = {
        SeriesActKind.STOP: 0.4,
        SeriesActKind.STOP_OCCURRENCE: 0.2,
        SeriesActKind.CORRECT_OCCURRENCE: 0.2,
        SeriesActKind.SEND_HELD: 0.4,
    }
    wanted = [kind for kind, share in shares.items() if random.random() < share]
    return [SeriesAct(approved + random.uniform(1.0, 11.0), kind) for kind in wanted]


def pauses_of(seed: int, channels: Sequence[int], begins: float, ends: float) -> tuple[Pause, ...]:
    """In some runs some of these channels have a rest, most of them only for a while."""
    random = Random(f"pauses {seed}")
    if random.random() >= (_PAUSES_SHARE_IN_A_CROWD if len(channels) > _CROWD else _PAUSES_SHARE):
        return ()
    pauses: list[Pause] = []
    for number in channels:
        if random.random() < 0.4:
            paused = begins + random.choice((random.uniform(0.0, 1.0), random.uniform(0.0, ends - begins)))
            pauses.append(Pause(paused, number, resumes=False))
            if random.random() < 0.6:
                pauses.append(Pause(paused + random.uniform(0.05, 6.0), number, resumes=True))
    return tuple(sorted(pauses, key=lambda pause: pause.at))
