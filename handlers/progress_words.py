"""How a bulletin is getting on, in words and a bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiogram import html
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from babel.numbers import format_decimal

from broadcasts.book import Refusal
from broadcasts.breaker import DEPARTURES_THAT_HALT, MANY_GONE
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.hindrance import Hindrance, Why
from broadcasts.progress import ReasonCount
from broadcasts.recurrence import SUPERSEDED, Doubt, why_it_is_held
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import headline_of, kind_words, moment_words, start_words, state_words
from handlers.outcome_words import reason_table
from handlers.reason_words import reason_words
from handlers.repetition_words import recurrence_words
from handlers.telling import names_of, spoken

_BAR_CELLS = 12
_NAMED_AT_MOST = 3


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


def progress_words(
    broadcast: Broadcast,
    figures: Figures,
    in_the_way: Sequence[Hindrance],
    reasons: Sequence[ReasonCount],
    desk: BulletinDesk,
) -> str:
    """The whole message; ``reasons`` are those of what did not arrive, once it has ended."""
    lines = [standing_words(broadcast, desk)]
    if figures.planned:
        lines += [_bar(figures), *_counted(figures)]
    lines += [f"⏳ {hindrance_words(one, desk)}" for one in in_the_way]
    lines += reason_table(reasons)
    return "\n".join(lines)


def hindrance_words(hindrance: Hindrance, desk: BulletinDesk) -> str:
    """Why nothing moves, that nothing is lost, and who can do something where anybody can."""
    words = {
        Why.STORAGE: _(
            "Nothing can be sent for now: the database cannot be written. Please ask whoever runs the server to "
            "look at its disk. Nothing is lost, and sending goes on by itself."
        ),
        Why.NO_BOT: ngettext(
            "{count} channel waits for bot {names}, which does not run here. Please ask whoever runs the server "
            "to look (loa doctor). What is left when the bulletin expires is dropped.",
            "{count} channels wait for bot {names}, which does not run here. Please ask whoever runs the server "
            "to look (loa doctor). What is left when the bulletin expires is dropped.",
            hindrance.channels,
        ),
        Why.TOKEN: _(
            "Bot {names} can send nothing: Telegram does not accept its token any more. Please ask whoever runs the "
            "server to put a valid one of the same bot in place. Nothing is lost."
        ),
        Why.LINE: _(
            "Bot {names} can send nothing for now: Telegram does not answer. Loa tries again every half minute, and "
            "sending goes on by itself."
        ),
        Why.FLOOD: _(
            "Telegram asks bot {names} to wait until {moment}. Nothing is lost, and sending goes on by itself then."
        ),
        Why.QUIET: _("Only channels in their quiet hours are left. Sending goes on at {moment}."),
        Why.LATER: _("What is left is tried again at {moment}."),
    }
    moment = moment_words(_whole_minute_after(hindrance.until), desk) if hindrance.until else ""
    names = names_of(hindrance.bots, _NAMED_AT_MOST)
    return words[hindrance.why].format(names=names, moment=moment, count=hindrance.channels)


def _whole_minute_after(moment: datetime) -> datetime:
    """Nobody reads seconds, and nobody should look too early."""
    return (moment + timedelta(seconds=59)).replace(second=0, microsecond=0)


def standing_words(broadcast: Broadcast, desk: BulletinDesk) -> str:
    """Which bulletin it is, where it stands, and what comes or what somebody is to do."""
    lines = [
        f"<b>{kind_words(broadcast.bulletin)}</b> · {headline_of(broadcast.bulletin)}",
        f"{html.code(broadcast.bulletin.code)} · {state_words(broadcast.state)}",
    ]
    if broadcast.series is not None:
        said = _("One of the recurring bulletin {code}, and approved with it.")
        lines.append(said.format(code=html.code(broadcast.series)))
    return "\n".join([*lines, *_waiting(broadcast, desk)])


def _waiting(broadcast: Broadcast, desk: BulletinDesk) -> Iterator[str]:
    """What comes; why nothing moves, and what somebody is to do."""
    match broadcast.state:
        case BroadcastState.HELD:
            yield from _held(broadcast, desk)
        case BroadcastState.PAUSED if broadcast.halted_because == MANY_GONE:
            yield _(
                "Halted by itself: {count} channels in a row say that the bot is not there. Please ask whoever runs "
                "the server whether its token is the right one (loa doctor), and go on once it is."
            ).format(count=DEPARTURES_THAT_HALT)
        case BroadcastState.PAUSED if broadcast.halted_because not in (None, "paused"):
            reason = html.quote(reason_words(broadcast.halted_because or ""))
            yield _("Halted by itself: {reason}").format(reason=reason)
        case BroadcastState.SCHEDULED:
            yield _("Goes out: {when}").format(when=start_words(broadcast.bulletin, desk))
        case BroadcastState.RECURRING:
            yield from _to_come(broadcast, desk)
        case BroadcastState.FINISHED:
            yield _("Its last one is past. If it should go on, please write it again and have it approved.")
        case BroadcastState.STOPPED if broadcast.halted_because == SUPERSEDED:
            yield _("Nobody decided about it until the next one was due, so it was left out.")


def _to_come(broadcast: Broadcast, desk: BulletinDesk) -> Iterator[str]:
    """The rule, and the moments at which it really goes out."""
    recurrence, upcoming = broadcast.bulletin.recurrence, broadcast.upcoming
    if recurrence is None or upcoming is None:
        return
    skipped = upcoming.at if upcoming.is_skipped else None
    yield _("It repeats: {when}").format(when=html.quote(recurrence_words(recurrence, desk, skipped)))
    if skipped is not None:
        yield _("⏭ The next one, {moment}, is skipped.").format(moment=moment_words(skipped, desk))


def _held(broadcast: Broadcast, desk: BulletinDesk) -> Iterator[str]:
    planned = broadcast.bulletin.not_before
    moment = moment_words(planned, desk) if planned else ""
    reason, left_out = why_it_is_held(broadcast.halted_because)
    words = {
        Refusal.TOO_LATE: _("It was due at {moment} and did not start in time. Send it now, or stop it?"),
        Refusal.PICTURE_GONE: _(
            "It was due at {moment}, but its picture is no longer kept here. Please stop it and write it again."
        ),
        Refusal.NO_AUDIENCE: _(
            "It was due at {moment}, but no channel would get it any more. Please stop it."
        ),
        Doubt.CORRECTED: _(
            "It was due at {moment}, but an earlier one was corrected or withdrawn since. Please read it "
            "again: send it now as it is, or stop it?"
        ),
        Doubt.STOPPED: _(
            "It was due at {moment}, but an earlier one was stopped while it went out. Send this one now, or "
            "stop it?"
        ),
        Doubt.HALTED: _(
            "It was due at {moment}, but an earlier one is paused and has not arrived everywhere. Send this "
            "one now, or stop it?"
        ),
    }
    other = _("It was due at {moment}, but may no longer go out as it is. Please stop it.")
    yield {str(key): said for key, said in words.items()}.get(reason, other).format(moment=moment)
    if left_out:
        yield ngettext(
            "{count} earlier one was missed too, and is left out.",
            "{count} earlier ones were missed too, and are left out.",
            left_out,
        ).format(count=left_out)


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
