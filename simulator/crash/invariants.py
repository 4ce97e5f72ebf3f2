"""What must hold after a run, whatever went wrong in it. Each check gives a sentence for each thing that is wrong.

The platforms keep no idempotency key, so "exactly once" cannot be asked for. Asked for is: nothing lost, nothing
repeated without an explanation, and what cannot be known is said to be unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise

from broadcasts.broadcast import BroadcastState
from broadcasts.corrections import LEFT_UNSURE, NOT_EDITED
from broadcasts.delivery import FINAL_STATES, DeliveryState
from members.channel import ChannelState
from simulator.crash.case import Case, Invariant, Violation
from simulator.crash.corrected import corrected, newest, own_copy
from simulator.crash.evidence import (
    DecisionKind,
    DeliveryFact,
    Evidence,
    Life,
    Request,
)
from simulator.crash.pinned import pinned
from simulator.crash.recurring import ended, recurs
from simulator.crash.resting import may_have_rested, rests

_STOPS_WITHIN_SECONDS = 2.0
_TIMER_SECONDS = 0.011
_MINUTE_SECONDS = 60.0
_CANARY_SECONDS = 10.0
_NOON_SECONDS = 12 * 3_600 + 50
_HELD = frozenset({DeliveryState.SENT, DeliveryState.UNSURE})


__all__ = ["CHECKS", "Case", "Invariant", "Violation", "judge"]

Check = Callable[[Case], Iterator[Violation]]


def judge(evidence: Evidence, wanted: Collection[Invariant] = tuple(Invariant)) -> list[Violation]:
    """Everything that is wrong with what is ``wanted``; nothing, when all is well."""
    case = Case(evidence)
    return [violation for one, check in CHECKS.items() if one in wanted for violation in check(case)]


def _no_crash(case: Case) -> Iterator[Violation]:
    for crash in case.evidence.crashes:
        yield Violation(Invariant.NO_CRASH, crash)


def _final(case: Case) -> Iterator[Violation]:
    if not case.evidence.is_at_rest:
        yield Violation(Invariant.FINAL, "the run never came to rest")
    for row in case.evidence.deliveries:
        bulletin = case.evidence.bulletins[row.bulletin_id]
        must_be_resent = bulletin.life_safety and not row.resent and bulletin.state is BroadcastState.DONE
        if row.state is DeliveryState.UNSURE and must_be_resent:
            yield Violation(Invariant.FINAL, f"{_name(case, row)} is unsure, but lives may depend on it")
        elif row.state not in FINAL_STATES and row.state is not DeliveryState.UNSURE:
            yield Violation(Invariant.FINAL, f"{_name(case, row)} is still {row.state} ({row.reason})")


def _planned(case: Case) -> Iterator[Violation]:
    active = [one for one in case.evidence.channels.values() if one.state is ChannelState.ACTIVE]
    for bulletin in case.evidence.bulletins.values():
        if bulletin.started is None or bulletin.corrects is not None:
            continue
        for channel in active:
            if (bulletin.id, channel.id) not in case.rows and not may_have_rested(
                case, channel.id, bulletin.started
            ):
                yield Violation(
                    Invariant.PLANNED, f"{bulletin.code} was not planned for channel {channel.id}"
                )


def _reached(case: Case) -> Iterator[Violation]:
    """The storms are shorter than the engine's patience; what fails for good was refused."""
    for row in case.evidence.deliveries:
        was_refused = row.reason.startswith(("no_rights:", NOT_EDITED)) or (
            row.reason.startswith("gone:") and row.channel_id in case.evidence.kicked
        )
        if row.state is DeliveryState.FAILED and not was_refused:
            yield Violation(Invariant.REACHED, f"{_name(case, row)} failed: {row.reason}")


def _no_repeat(case: Case) -> Iterator[Violation]:
    for bulletin, channel, posts in case.copies():
        where = f"{bulletin.code} in channel {channel.id}"
        plain = [post for post in posts if not post.is_resent]
        marked = [post for post in posts if post.is_resent]
        if len(plain) > 1:
            yield Violation(Invariant.NO_REPEAT, f"{where}: {len(plain)} copies do not say that they repeat")
        asked = case.evidence.sent_again[bulletin.code]
        if len(marked) > 1 + asked:
            yield Violation(Invariant.NO_REPEAT, f"{where}: sent again {len(marked)} times")
        if marked and not bulletin.life_safety and not asked:
            yield Violation(Invariant.NO_REPEAT, f"{where}: sent again, though no lives depend on it")
        for first, second in pairwise(posts):
            if case.was_settled(first) and second.departed > (first.confirmed or 0.0):
                yield Violation(Invariant.NO_REPEAT, f"{where}: sent again, though the first was confirmed")


def _in_ledger(case: Case) -> Iterator[Violation]:
    for bulletin, channel, _ in case.copies():
        row = case.rows.get((bulletin.id, channel.id))
        where = f"{bulletin.code} is in channel {channel.id}"
        if row is None:
            yield Violation(Invariant.IN_LEDGER, f"{where} without a row")
        elif row.state not in _HELD and row.reason != LEFT_UNSURE:
            yield Violation(Invariant.IN_LEDGER, f"{where}, but its row is {row.state} ({row.reason})")
    ids = {key: {str(post.message_id) for post in posts} for key, posts in case.of_delivery.items()}
    for key, row in case.rows.items():
        if row.state is DeliveryState.SENT and row.message_id not in ids.get(key, ()):
            said = f"{_name(case, row)} is sent as message {row.message_id}, which is not there"
            yield Violation(Invariant.IN_LEDGER, said)


def _recorded(case: Case) -> Iterator[Violation]:
    for one in case.evidence.unrecorded:
        said = f"request {one.request.number} for {one.request.code} left at {one.request.departed:.2f}"
        yield Violation(Invariant.RECORDED, f"{said}, while its row was {one.state}")


def _remembered(case: Case) -> Iterator[Violation]:
    for bulletin, channel, posts in case.copies():
        row = case.rows.get((bulletin.id, channel.id))
        for post in filter(case.was_settled, posts):
            if row is None or row.state is not DeliveryState.SENT or row.message_id != str(post.message_id):
                said = f"{bulletin.code} in channel {channel.id} was confirmed as {post.message_id}: {row}"
                yield Violation(Invariant.REMEMBERED, said)


def _pace(case: Case) -> Iterator[Violation]:
    evidence = case.evidence
    for life in evidence.lives:
        posts = [post for post in case.posts if post.life == life.number]
        slack_seconds = _TIMER_SECONDS + evidence.jitter_seconds
        for bot in sorted({post.bot for post in posts}):
            own = [post for post in posts if post.bot == bot]
            yield from _gaps(own, 1.0 / evidence.rate_per_second - slack_seconds, f"the token of {bot}")
        by_chat: dict[str, list[Request]] = defaultdict(list)
        for post in posts:
            by_chat[post.chat].append(post)
        for chat, own in by_chat.items():
            yield from _gaps(own, 1.0 / evidence.chat_per_second - slack_seconds, f"chat {chat}")
            most = evidence.group_per_minute
            for first, last in zip(own, own[most:], strict=False):
                if chat.startswith("-") and last.departed - first.departed < _MINUTE_SECONDS - slack_seconds:
                    yield Violation(Invariant.PACE, f"more than {most} messages a minute to {chat}")


def _gaps(posts: list[Request], least_seconds: float, whose: str) -> Iterator[Violation]:
    for first, second in pairwise(posts):
        gap = second.departed - first.departed
        if gap < least_seconds:
            said = f"{gap:.3f} s between requests {first.number} and {second.number} of {whose}"
            yield Violation(Invariant.PACE, f"{said}, at least {least_seconds:.3f} s are due")


def _waits(case: Case) -> Iterator[Violation]:
    for life in case.evidence.lives:
        for post in case.posts:
            held_until = life.held_until.get(post.bot, float("-inf"))
            if post.life == life.number and post.departed < held_until - _TIMER_SECONDS:
                yield Violation(Invariant.WAITS, f"request {post.number} left while the token was still held")
    for flooded in case.evidence.requests:
        if flooded.flood_seconds is None or flooded.heard is None:
            continue
        until = flooded.heard + flooded.flood_seconds - _TIMER_SECONDS
        for post in case.posts:
            is_same = post.life == flooded.life and post.chat == flooded.chat
            if is_same and flooded.heard < post.departed < until:
                said = f"request {post.number} left at {post.departed:.2f}, but {post.chat} had to wait"
                yield Violation(Invariant.WAITS, f"{said} until {until:.2f}")


def _stopped(case: Case) -> Iterator[Violation]:
    decisions = case.evidence.decisions
    for index, decision in enumerate(decisions):
        if decision.kind not in (DecisionKind.STOPPED, DecisionKind.PAUSED):
            continue
        later = (one for one in decisions[index + 1 :] if one.code == decision.code)
        ends = next((one.asked for one in later if one.kind is DecisionKind.RESUMED), float("inf"))
        begins = decision.confirmed + _STOPS_WITHIN_SECONDS
        for post in case.posts:
            if post.code == decision.code and begins < post.departed < ends:
                said = f"{post.code} was {decision.kind} at {decision.confirmed:.2f}"
                yield Violation(
                    Invariant.STOPPED, f"{said}, request {post.number} left at {post.departed:.2f}"
                )
        state = case.by_code[decision.code].state
        if decision.kind is DecisionKind.STOPPED and state is not BroadcastState.STOPPED:
            yield Violation(Invariant.STOPPED, f"{decision.code} was stopped, and is {state}")


def _overtakes(case: Case) -> Iterator[Violation]:
    for one in case.evidence.overtaken:
        said = f"request {one.request.number} for {one.request.code} left at {one.request.departed:.2f}"
        yield Violation(
            Invariant.OVERTAKES, f"{said}, while {one.waiting_code} waited for {one.waiting_chats}"
        )


def _quiet(case: Case) -> Iterator[Violation]:
    for post in case.posts:
        channel, bulletin = case.channel_of.get(post.chat), case.by_code.get(post.code)
        if channel is None or bulletin is None or channel.quiet_minutes is None or channel.is_canary:
            continue
        second = _NOON_SECONDS + post.departed
        starts, ends = (minute * _MINUTE_SECONDS for minute in channel.quiet_minutes)
        if not bulletin.is_extreme and starts + _STOPS_WITHIN_SECONDS < second < ends - _TIMER_SECONDS:
            said = f"{post.code} left for channel {channel.id} at {post.departed:.2f}"
            yield Violation(Invariant.QUIET, f"{said}, {second - starts:.0f} s into its quiet hours")


def _canary(case: Case) -> Iterator[Violation]:
    canary = next((one for one in case.evidence.channels.values() if one.is_canary), None)
    if canary is None:
        return
    tried: dict[str, float] = {}
    for request in case.evidence.requests:
        if request.chat in canary.chats and request.code and request.heard is not None:
            tried[request.code] = min(tried.get(request.code, request.heard), request.heard)
    for post in case.posts:
        bulletin = case.by_code.get(post.code)
        first = None if bulletin is None else case.rows.get((bulletin.id, canary.id))
        if bulletin is None or bulletin.started is None or first is None:
            continue
        if first.state is DeliveryState.DROPPED:  # it had no copy to correct, or was taken off in time
            continue
        was_killed = any(_died_between(life, bulletin.started, post.departed) for life in case.evidence.lives)
        opens = min(tried.get(post.code, float("inf")), bulletin.started + _CANARY_SECONDS)
        if post.chat not in canary.chats and post.departed < opens - _TIMER_SECONDS and not was_killed:
            said = f"request {post.number} left before the canary had {post.code}"
            yield Violation(Invariant.CANARY, said)


def _died_between(life: Life, begins: float, ends: float) -> bool:
    return begins - _TIMER_SECONDS <= life.ended <= ends


def _name(case: Case, row: DeliveryFact) -> str:
    code = case.evidence.bulletins[row.bulletin_id].code
    return f"delivery {row.id} of {code} to channel {row.channel_id}"


CHECKS: Mapping[Invariant, Check] = {
    Invariant.NO_CRASH: _no_crash,
    Invariant.FINAL: _final,
    Invariant.PLANNED: _planned,
    Invariant.REACHED: _reached,
    Invariant.NO_REPEAT: _no_repeat,
    Invariant.IN_LEDGER: _in_ledger,
    Invariant.RECORDED: _recorded,
    Invariant.REMEMBERED: _remembered,
    Invariant.PACE: _pace,
    Invariant.WAITS: _waits,
    Invariant.STOPPED: _stopped,
    Invariant.CORRECTED: corrected,
    Invariant.NEWEST: newest,
    Invariant.OWN_COPY: own_copy,
    Invariant.OVERTAKES: _overtakes,
    Invariant.QUIET: _quiet,
    Invariant.CANARY: _canary,
    Invariant.PINNED: pinned,
    Invariant.RECURS: recurs,
    Invariant.ENDED: ended,
    Invariant.RESTS: rests,
}
