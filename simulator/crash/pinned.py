"""What must hold of pins after a run: a channel that chose them has them, whatever died after the post."""

from __future__ import annotations

from collections.abc import Iterator

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryState
from members.channel import ChannelState
from simulator.crash.case import Case, Invariant, Violation
from simulator.crash.evidence import BulletinFact, ChannelFact, Request
from simulator.crash.resting import may_have_rested

_PIN = "pinChatMessage"


def pinned(case: Case) -> Iterator[Violation]:
    """Each copy of which the ledger knows is pinned, unless it could not be, or should not be any more."""
    shown = {(copy.chat, copy.message_id): copy.is_pinned for copy in case.evidence.copies}
    for bulletin, channel, posts in case.copies():
        row = case.rows.get((bulletin.id, channel.id))
        if row is None or row.state is not DeliveryState.SENT or bulletin.corrects is not None:
            continue
        if not channel.pins or _is_over(case, bulletin) or _is_out_of_reach(case, channel):
            continue
        for post in posts:
            # What stands in the place that a group has left can be reached no more.
            is_here = post.chat == channel.chats[-1] and str(post.message_id) == row.message_id
            if (
                is_here
                and not shown.get((post.chat, post.message_id or 0))
                and not _rested(case, post, channel)
            ):
                said = f"{bulletin.code} in channel {channel.id}, message {post.message_id} of {post.chat}"
                yield Violation(Invariant.PINNED, said)


def _is_over(case: Case, bulletin: BulletinFact) -> bool:
    """Somebody stopped or withdrew it, or its time ran out."""
    if bulletin.state is BroadcastState.STOPPED and not bulletin.was_corrected:
        return True
    is_withdrawn = any(
        one.withdraws and one.corrects == bulletin.id and one.started is not None
        for one in case.evidence.bulletins.values()
    )
    return is_withdrawn or bulletin.expires <= max(life.ended for life in case.evidence.lives)


def _rested(case: Case, post: Request, channel: ChannelFact) -> bool:
    """Its admin paused it before the pin: what is owed by then is given up, as are posts that wait."""
    was_paused_after = any(one == channel.id and at >= post.departed for one, at in case.evidence.rests_asked)
    return was_paused_after or may_have_rested(case, channel.id, post.departed)


def _is_out_of_reach(case: Case, channel: ChannelFact) -> bool:
    """The bot is there no more, or was told that it may not."""
    if channel.state is not ChannelState.ACTIVE or channel.id in case.evidence.kicked:
        return True
    return any(
        request.method == _PIN
        and request.chat in channel.chats
        and request.refused
        and not request.flood_seconds
        for request in case.evidence.requests
    )
