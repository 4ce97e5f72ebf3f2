"""How a bulletin is getting on, in words and a bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aiogram import html
from aiogram.utils.i18n import gettext as _
from babel.numbers import format_decimal

from broadcasts.broadcast import Broadcast, BroadcastState
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import headline_of, kind_words, moment_words, state_words
from handlers.telling import spoken

_BAR_CELLS = 12


@dataclass(frozen=True, slots=True)
class Figures:
    """A bulletin's deliveries, counted by what has become of them."""

    planned: int
    sent: int
    failed: int
    unsure: int
    dropped: int
    reach: int
    """Members of the channels that have it: potential, nobody knows how many read."""
    rate_per_second: float = 0.0

    @property
    def left(self) -> int:
        """How many are still to be tried."""
        return max(0, self.planned - self.sent - self.failed - self.unsure - self.dropped)


def progress_words(broadcast: Broadcast, figures: Figures, desk: BulletinDesk) -> str:
    """The whole message."""
    lines = [
        f"<b>{kind_words(broadcast.bulletin)}</b> · {headline_of(broadcast.bulletin)}",
        f"{html.code(broadcast.bulletin.code)} · {state_words(broadcast.state)}",
        *_waiting(broadcast, desk),
    ]
    if figures.planned:
        lines += [_bar(figures), *_counted(figures)]
    return "\n".join(lines)


def _waiting(broadcast: Broadcast, desk: BulletinDesk) -> Iterator[str]:
    """Why nothing moves, and what somebody is to do."""
    if broadcast.state is BroadcastState.HELD:
        planned = broadcast.bulletin.not_before
        moment = moment_words(planned, desk) if planned else ""
        if broadcast.halted_because == "too_late":
            yield _("It was due at {moment} and did not start in time. Send it now, or stop it?").format(
                moment=moment
            )
        else:
            yield _("It was due at {moment}, but may no longer go out as it is. Please stop it.").format(
                moment=moment
            )
    elif broadcast.state is BroadcastState.PAUSED and broadcast.halted_because not in (None, "paused"):
        reason = html.quote(broadcast.halted_because or "")
        yield _("Halted by itself: {reason}").format(reason=reason)


def _bar(figures: Figures) -> str:
    done = figures.planned - figures.left
    full = done * _BAR_CELLS // figures.planned
    return f"{'▰' * full}{'▱' * (_BAR_CELLS - full)} {done * 100 // figures.planned}%"


def _counted(figures: Figures) -> Iterator[str]:
    yield _("Sent: {sent} of {planned} channels, potential reach {reach}").format(
        sent=figures.sent, planned=figures.planned, reach=format_decimal(figures.reach, locale=spoken())
    )
    rest = [
        (_("left: {count}"), figures.left),
        (_("failed: {count}"), figures.failed),
        (_("unsure: {count}"), figures.unsure),
        (_("dropped: {count}"), figures.dropped),
    ]
    shown = [words.format(count=count) for words, count in rest if count]
    if shown:
        yield " · ".join(shown)
    if figures.left and figures.rate_per_second > 0:
        seconds = round(figures.left / figures.rate_per_second)
        yield _("{rate}/s, about {minutes} min {seconds} s left").format(
            rate=round(figures.rate_per_second, 1), minutes=seconds // 60, seconds=seconds % 60
        )
