"""What the use cases of this room need from outside: the roster's rows, and the platform as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from members.channel import Channel, ChannelId, ChannelKind, ChannelState, PersonId, Platform, Preferences
from members.member import Invitation
from members.pledge import Pledge

INVITATION_LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Place:
    """A chat as the platform describes it now."""

    bot: str
    platform: Platform
    external_id: str
    kind: ChannelKind
    title: str
    member_count: int


@dataclass(frozen=True, slots=True)
class Look:
    """A chat, and who may do what in it, as the platform tells it now."""

    place: Place
    is_admin: bool
    """Whether the person asked about administers it."""
    may_add_bots: bool
    """Whether that person, as an admin, may bring bots into it."""
    missing: tuple[str, ...]
    """The rights the bot lacks for posting, in the platform's own words."""
    may_pin: bool


class Standing(StrEnum):
    """Where a person stands in a chat, as the platform tells it now."""

    ADMIN = "admin"
    OTHER = "other"
    """A member, a stranger, nobody: no admin."""
    UNSEEN = "unseen"
    """The bot does not see the chat."""
    SILENT = "silent"
    """The platform gives no answer now."""


class LiveChats(Protocol):
    """The platform, asked at this moment. Nothing of it is kept from one time to the next."""

    async def standing(self, bot: str, external_id: str, person: PersonId) -> Standing:
        """Where ``person`` stands in the chat. Never raises for what the platform does."""

    async def look(self, bot: str, external_id: str, person: PersonId | None) -> Look | None:
        """The chat and where ``person`` and the bot stand in it; None when the bot cannot see it."""


class EnrolmentRoster(Protocol):
    """The rows that enrolling reads and writes; each method is one transaction."""

    async def invite(self, invitation: Invitation) -> None:
        """Keep a new invitation."""

    async def invitation(self, token: str) -> Invitation | None:
        """The invitation with this token."""

    async def channel_at(self, platform: Platform, external_id: str) -> Channel | None:
        """The channel at this place of the platform."""

    async def enrol(self, entry: Entry) -> Channel:
        """Let the place wait for its pledge, and use the invitation up. Repeating it changes nothing.

        Where somebody else was quicker than ``entry`` knows, theirs stands, and is returned.
        """

    async def confirm(self, pledge: Pledge, place: Place) -> tuple[Channel, Pledge] | None:
        """Keep the pledge and make the channel active. A version pledged before keeps its certificate.

        None, and nothing is kept, when the channel is not that person's any more, or has left or is lost.
        """

    async def subscribe(self, entry: Entry) -> Channel:
        """Make a private chat an active channel, which needs no pledge."""

    async def pledge_of(self, channel: ChannelId, person: PersonId, version: str) -> Pledge | None:
        """The confirmation of this version for this channel."""

    async def certified(self, certificate: str) -> tuple[Channel, Pledge] | None:
        """What a certificate's code stands for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One place that one person brings into the network."""

    place: Place
    person: PersonId
    language: str
    at: datetime
    flaw: str | None = None
    token: str | None = None
    seen: Channel | None = None
    """The channel that was there when the platform was asked; None: there was none."""


class ChannelRoster(Protocol):
    """The rows of channels that exist; each method is one transaction."""

    async def channel(self, channel: ChannelId) -> Channel | None:
        """The channel with this id."""

    async def channel_at(self, platform: Platform, external_id: str) -> Channel | None:
        """The channel at this place of the platform."""

    async def channels_of(self, person: PersonId) -> tuple[Channel, ...]:
        """All that this person enrolled and has not left, oldest first, at most 200."""

    async def change_state(
        self, channel: ChannelId, after: ChannelState, member: PersonId | None = None
    ) -> Channel | None:
        """The channel as it is after the change, or None when the transition table does not allow it.

        With ``member`` also None when it is no longer that person's.
        """

    async def prefer(self, channel: ChannelId, member: PersonId, preferences: Preferences) -> bool:
        """Keep what ``member`` chose; False when the channel is no longer theirs."""

    async def set_flaw(self, channel: ChannelId, flaw: str | None) -> bool:
        """Keep which right the bot lacks there; whether that is news."""

    async def move(self, platform: Platform, old_external_id: str, new_external_id: str) -> bool:
        """Follow a group to the id it was upgraded to; whether there was anything to follow."""


class Tellings(Protocol):
    """Whether a channel's member knows how it stands.

    Beginning, becoming active, leaving, being lost and any change of the flaw make it untold.
    """

    async def is_told(self, channel: ChannelId) -> bool:
        """Whether the member was told since the last change."""

    async def mark_told(self, channel: ChannelId, at: datetime) -> None:
        """The member was told."""
