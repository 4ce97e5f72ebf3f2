"""Upkeep of channels that exist: pausing, leaving, choosing, following what happens on the platform.

Only a channel's member decides about it, while they administer the place (``members/control.py``), except that
any admin of a group may ask the bot to leave it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from members.channel import Channel, ChannelId, ChannelState, PersonId, Platform, Preferences
from members.control import Control, Held
from members.ports import ChannelRoster, Look, Standing

_PINNING = "can_pin_messages"

__all__ = ["Answer", "Change", "Upkeep", "Whereabouts"]


class Change(StrEnum):
    """What came of an act or of an event."""

    DONE = "done"
    NOTHING = "nothing"
    """It was so already, or it is no channel of ours."""
    NOT_YOURS = "not_yours"
    NO_LONGER_ADMIN = "no_longer_admin"
    """It was theirs, and is not any more: they do not administer the place now."""
    UNREACHABLE = "unreachable"
    """The platform could not be asked, so nothing was changed."""
    LACKS_RIGHTS = "lacks_rights"
    LEFT = "left"
    LOST = "lost"
    FLAWED = "flawed"
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Answer:
    """A channel as it is afterwards, and what came of it."""

    change: Change
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A place of a platform, and the bot that serves it."""

    bot: str
    platform: Platform
    external_id: str


class Upkeep:
    """The use case."""

    def __init__(self, roster: ChannelRoster, control: Control) -> None:
        self._roster = roster
        self._control = control

    async def channels_of(self, person: PersonId) -> tuple[Channel, ...]:
        """What this person enrolled and has not left."""
        return await self._roster.channels_of(person)

    async def channel_of(self, channel: ChannelId, person: PersonId) -> Channel | None:
        """The channel, if it is this person's."""
        found = await self._roster.channel(channel)
        return found if found is not None and found.member == person else None

    async def channel_at(self, where: Whereabouts) -> Channel | None:
        """The channel at this place."""
        return await self._roster.channel_at(where.platform, where.external_id)

    async def pause(self, channel: ChannelId, person: PersonId) -> Answer:
        """Post nothing until resumed."""
        return await self._change(channel, person, ChannelState.PAUSED)

    async def resume(self, channel: ChannelId, person: PersonId) -> Answer:
        """Post again."""
        return await self._change(channel, person, ChannelState.ACTIVE)

    async def leave(self, channel: ChannelId, person: PersonId) -> Answer:
        """Leave the network: at once, and without consequence.

        Who administers the place no more cannot take it out; they give it up, whatever it waits for.
        """
        answer = await self._change(channel, person, ChannelState.LEFT)
        if answer.change is Change.NO_LONGER_ADMIN and answer.channel is not None:
            await self._control.release(answer.channel, person)
        return answer

    async def leave_place(self, where: Whereabouts, person: PersonId) -> Answer:
        """An admin asks, in the place itself, that the bot leave it."""
        channel = await self.channel_at(where)
        standing = await self._control.chats.standing(where.bot, where.external_id, person)
        if standing is Standing.OTHER and channel is not None and channel.member == person:
            await self._control.release(channel, person)
            return Answer(Change.NO_LONGER_ADMIN, channel)
        if standing is not Standing.ADMIN:
            is_other = standing is Standing.OTHER
            return Answer(Change.NOT_YOURS if is_other else Change.UNREACHABLE, channel)
        if channel is None:
            return Answer(Change.DONE)
        left = await self._roster.change_state(channel.id, ChannelState.LEFT)
        return Answer(Change.DONE, left or channel)

    async def prefer(self, channel: ChannelId, person: PersonId, preferences: Preferences) -> Answer:
        """Keep what the member chose. Pinning is refused while the bot may not pin."""
        found = await self.channel_of(channel, person)
        held = await self._control.of(found, person)
        if found is None or held is not Held.HELD:
            return Answer(_NOT_HELD.get(held, Change.NOT_YOURS), found)
        if preferences.pin and not found.preferences.pin and not await self._may_pin(found):
            return Answer(Change.LACKS_RIGHTS, found)
        if not await self._roster.prefer(found.id, person, preferences):
            return Answer(Change.NOT_YOURS)
        return Answer(Change.DONE, replace(found, preferences=preferences))

    async def removed(self, where: Whereabouts, by: PersonId | None) -> Answer:
        """The bot was taken out: the member left, or somebody else did it and the channel is lost."""
        channel = await self.channel_at(where)
        if channel is None:
            return Answer(Change.NOTHING)
        own = by is not None and by == channel.member
        after = ChannelState.LEFT if own else ChannelState.LOST
        gone = await self._roster.change_state(channel.id, after)
        if gone is None:  # it had left already, or this is a repeat
            return Answer(_GONE.get(channel.state, Change.NOTHING), channel)
        return Answer(_GONE[after], gone)

    async def rights_changed(self, where: Whereabouts) -> Answer:
        """The bot was promoted, demoted or restricted: can it post? Tellings says whether that is news."""
        channel = await self.channel_at(where)
        if channel is None or channel.state in _GONE:
            return Answer(Change.NOTHING, channel)
        look = await self._control.chats.look(where.bot, where.external_id, None)
        if look is None:
            return Answer(Change.NOTHING, channel)
        flaw = _flaw(channel, look)
        await self._roster.set_flaw(channel.id, flaw)
        return Answer(Change.MENDED if flaw is None else Change.FLAWED, replace(channel, flaw=flaw))

    async def moved(self, where: Whereabouts, new_external_id: str) -> bool:
        """A group became a supergroup, with a new id. It is told twice; whether this time it was news."""
        return await self._roster.move(where.platform, where.external_id, new_external_id)

    async def _change(self, channel: ChannelId, person: PersonId, after: ChannelState) -> Answer:
        found = await self.channel_of(channel, person)
        if found is not None and found.state is after is ChannelState.LEFT:
            return Answer(Change.NOTHING, found)
        held = await self._control.of(found, person)
        may_go = held is Held.UNSEEN and after is ChannelState.LEFT  # where the bot is not, it posts nothing
        if found is None or (held is not Held.HELD and not may_go):
            return Answer(_NOT_HELD.get(held, Change.NOT_YOURS), found)
        if found.state is after:
            return Answer(Change.NOTHING, found)
        changed = await self._roster.change_state(found.id, after, person)
        return Answer(Change.NOT_YOURS) if changed is None else Answer(Change.DONE, changed)

    async def _may_pin(self, channel: Channel) -> bool:
        look = await self._control.chats.look(channel.bot, channel.external_id, None)
        return look is not None and look.may_pin


def _flaw(channel: Channel, look: Look) -> str | None:
    """What the bot lacks there: to post, or to do what the member chose."""
    if look.missing:
        return look.missing[0]
    is_pinned = channel.preferences.pin and channel.state is not ChannelState.PLEDGING
    return _PINNING if is_pinned and not look.may_pin else None


_GONE = {ChannelState.LEFT: Change.LEFT, ChannelState.LOST: Change.LOST}
_NOT_HELD = {
    Held.FOREIGN: Change.NOT_YOURS,
    Held.LOST: Change.NO_LONGER_ADMIN,
    Held.UNSEEN: Change.UNREACHABLE,
    Held.SILENT: Change.UNREACHABLE,
}
