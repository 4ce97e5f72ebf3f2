"""Who controls a channel now: the member who enrolled it, for as long as they administer the place it is.

Asked of the platform before each act that changes something. Whoever administers the place no more loses the
channel at that moment: it goes on without a member until another admin takes it over in the usual way.

    held ──> the act is done            lost ──> released, and said so
    foreign ──> refused                 unseen, silent ──> refused for now; leaving a place unseen is done
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from members.channel import Channel, ChannelId, ChannelKind, ChannelState, PersonId
from members.ports import LiveChats, Standing

_ENROLLED = frozenset({ChannelState.ACTIVE, ChannelState.PAUSED})
_GONE = frozenset({ChannelState.LEFT, ChannelState.LOST})


class Held(StrEnum):
    """Whether a person controls a channel at this moment."""

    HELD = "held"
    FOREIGN = "foreign"
    """It is somebody else's, nobody's, or no part of the network any more."""
    LOST = "lost"
    """They enrolled it, and administer the place no more."""
    UNSEEN = "unseen"
    """The bot does not see the place, so nobody can tell."""
    SILENT = "silent"
    """The platform gives no answer now."""


_BY_STANDING = {
    Standing.ADMIN: Held.HELD,
    Standing.OTHER: Held.LOST,
    Standing.UNSEEN: Held.UNSEEN,
    Standing.SILENT: Held.SILENT,
}


class Releases(Protocol):
    """The rows from which a member is taken."""

    async def release(self, channel: ChannelId, member: PersonId) -> bool:
        """Leave the channel without a member, if ``member`` is still its own; whether it was."""


class Control:
    """The one rule. A private chat is its person's own, so nobody is asked about it."""

    def __init__(self, rows: Releases, chats: LiveChats) -> None:
        self._rows = rows
        self.chats = chats
        """The platform, for whoever has to know more of a place than who controls it."""

    async def of(self, channel: Channel | None, person: PersonId) -> Held:
        """Whether ``person`` controls ``channel`` now. An enrolled one that they lost is released by this.

        One that only waits for its pledge is left as it is: nothing was granted yet, and who is made admin again
        may go on.
        """
        if channel is None or channel.member != person or channel.state in _GONE:
            return Held.FOREIGN
        if channel.kind is ChannelKind.SUBSCRIBER:
            return Held.HELD
        held = _BY_STANDING[await self.chats.standing(channel.bot, channel.external_id, person)]
        if held is Held.LOST and channel.state in _ENROLLED:
            await self.release(channel, person)
        return held

    async def release(self, channel: Channel, person: PersonId) -> None:
        """``person`` gives the channel up, which stays what it is. Repeating it changes nothing."""
        await self._rows.release(channel.id, person)
