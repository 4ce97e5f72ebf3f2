"""Enrolling: from the first link to an active channel.

    invite ─> begin ─> (rights are missing) ─> pledge text read ─> confirm ─> active
                 └> not an admin · may not add bots · taken · unreachable

Who administers the chat, and what the bot may do there, is asked of the platform at ``begin`` and again at
``confirm``. Every step may be repeated: a repeat finds what was done and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from members.channel import Channel, ChannelKind, ChannelState, PersonId, Platform
from members.control import Control, Held
from members.member import Invitation, is_good
from members.pledge import Pledge, PledgeText, certificate_code, parse_certificate
from members.ports import (
    INVITATION_LASTS,
    ChannelRoster,
    EnrolmentRoster,
    Entry,
    Look,
    Place,
    Standing,
)

_TOKEN_BYTES = 24
_SHOWN_AT_MOST = 5
_ENROLLED = frozenset({ChannelState.ACTIVE, ChannelState.PAUSED})


class Step(StrEnum):
    """Where an enrolment stands after a step."""

    PLEDGE = "pledge"
    """The person may read the pledge and confirm it."""
    LACKS_RIGHTS = "lacks_rights"
    CONFIRMED = "confirmed"
    ENROLLED = "enrolled"
    """It was enrolled before, by the same person."""
    TAKEN = "taken"
    """It was enrolled before, by another admin."""
    NOT_ADMIN = "not_admin"
    MAY_NOT_ADD = "may_not_add"
    """They administer the place, and may not bring bots into it."""
    BAD_LINK = "bad_link"
    """The link is too old, was used, or was made for somebody else."""
    NOT_WAITING = "not_waiting"
    """Nothing waits for this person's pledge: it was left, or another admin took over."""
    OUTDATED = "outdated"
    """The pledge they read has a newer version."""
    UNREACHABLE = "unreachable"
    """The bot cannot see the chat, or the platform does not answer now."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The answer to one step of an enrolment."""

    step: Step
    channel: Channel | None = None
    missing: tuple[str, ...] = ()
    pledge: Pledge | None = None
    person: PersonId | None = None
    """Who asked; None is somebody who wrote anonymously."""
    former: PersonId | None = None
    """The member from whom it was taken over, because they administer the place no more."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody asks that a place be enrolled: by a link with ``token``, or by adding the bot themselves."""

    bot: str
    platform: Platform
    external_id: str
    person: PersonId | None
    language: str
    token: str | None = None


class Enrolment:
    """The use case. ``texts`` is the pledge in force, by language."""

    def __init__(
        self,
        roster: EnrolmentRoster,
        channels: ChannelRoster,
        control: Control,
        *,
        texts: Mapping[str, PledgeText],
        now: Callable[[], datetime],
        tokens: Callable[[int], str],
    ) -> None:
        self._roster = roster
        self._channels = channels
        self._control = control
        self._texts = texts
        self._now = now
        self._tokens = tokens

    def text(self, language: str) -> PledgeText:
        """The pledge in force, in ``language`` or else in Vietnamese."""
        return self._texts.get(language) or self._texts["vi"]

    async def invite(self, person: PersonId) -> str:
        """A token for a link by which ``person`` brings the bot into one group, within 15 minutes."""
        token = self._tokens(_TOKEN_BYTES)
        await self._roster.invite(Invitation(token, person, self._now() + INVITATION_LASTS))
        return token

    async def begin(self, arrival: Arrival) -> Progress:
        """The bot is in a place: may this person enrol it, and is anything missing?"""
        person = arrival.person
        if person is None:
            return Progress(Step.NOT_ADMIN)
        existing = await self._roster.channel_at(arrival.platform, arrival.external_id)
        if arrival.token is not None and not _is_under_way(existing, person):
            invitation = await self._roster.invitation(arrival.token)
            if not is_good(invitation, person, self._now()):
                return Progress(Step.BAD_LINK, existing, person=person)
        if existing is not None and arrival.token and _waits_only_for(existing, person):
            return await self._use_link(arrival.token, existing, person)
        look = await self._control.chats.look(arrival.bot, arrival.external_id, person)
        if look is None:
            return Progress(Step.UNREACHABLE, person=person)
        if not look.is_admin:
            return Progress(Step.NOT_ADMIN, person=person)
        if not look.may_add_bots and not _is_under_way(existing, person):
            return Progress(Step.MAY_NOT_ADD, person=person)
        return await self._enter(arrival, person, look, existing)

    async def subscribe(self, place: Place, person: PersonId, language: str) -> Progress:
        """Bulletins in a private chat: no pledge, one press."""
        existing = await self._roster.channel_at(place.platform, place.external_id)
        if existing is not None and existing.state in _ENROLLED:
            return Progress(Step.ENROLLED, existing)
        channel = await self._roster.subscribe(Entry(place, person, language, self._now()))
        return Progress(Step.CONFIRMED, channel)

    async def waiting(self, person: PersonId) -> tuple[Progress, ...]:
        """The oldest 5 enrolments that this person began and has not finished, looked at anew."""
        open_ones = [
            Arrival(channel.bot, channel.platform, channel.external_id, person, channel.language)
            for channel in await self._channels.channels_of(person)
            if channel.state is ChannelState.PLEDGING
        ]
        return tuple([await self.begin(arrival) for arrival in open_ones[:_SHOWN_AT_MOST]])

    async def read(self, channel: Channel, person: PersonId) -> Progress:
        """Whether ``person`` may confirm the pledge for ``channel`` now, as far as our own rows tell."""
        if channel.member != person or channel.state in (ChannelState.LEFT, ChannelState.LOST):
            return Progress(Step.NOT_WAITING, channel)
        pledge = await self._roster.pledge_of(channel.id, person, self.text(channel.language).version)
        if pledge is not None and channel.state in _ENROLLED:
            return Progress(Step.ENROLLED, channel, pledge=pledge)
        return Progress(Step.PLEDGE, channel)

    async def confirm(self, channel: Channel, person: PersonId, version: str, language: str) -> Progress:
        """The person pledges, having read ``version`` in ``language``."""
        progress = await self.read(channel, person)
        if progress.step is not Step.PLEDGE:
            return progress
        text = self.text(language)
        if text.version != version:
            return Progress(Step.OUTDATED, channel)
        held = await self._control.of(channel, person)
        if held is not Held.HELD:
            return Progress(_NOT_HELD[held], channel)
        look = await self._control.chats.look(channel.bot, channel.external_id, None)
        if look is None:
            return Progress(Step.UNREACHABLE, channel)
        if look.missing:
            await self._channels.set_flaw(channel.id, look.missing[0])
            return Progress(Step.LACKS_RIGHTS, channel, look.missing)
        kept = await self._roster.confirm(self._pledge(channel, person, text), look.place)
        if kept is None:
            return Progress(Step.NOT_WAITING, channel)
        return Progress(Step.CONFIRMED, kept[0], pledge=kept[1])

    async def certified(self, typed: str) -> tuple[Channel, Pledge] | None:
        """The pledge whose certificate carries the code that somebody typed."""
        code = parse_certificate(typed)
        return None if code is None else await self._roster.certified(code)

    async def outdated(self, person: PersonId) -> tuple[Channel, ...]:
        """The first 5 channels whose pledge is of an earlier version: asked again, while nothing stops."""
        found: list[Channel] = []
        for channel in await self._channels.channels_of(person):
            needs_pledge = channel.state in _ENROLLED and channel.kind is not ChannelKind.SUBSCRIBER
            if needs_pledge and (await self.read(channel, person)).step is Step.PLEDGE:
                found.append(channel)
            if len(found) == _SHOWN_AT_MOST:
                break
        return tuple(found)

    async def _use_link(self, token: str, existing: Channel, person: PersonId) -> Progress:
        """The place was looked at when the news came that the bot is in it, and will be again at ``confirm``."""
        place = Place(
            existing.bot,
            existing.platform,
            existing.external_id,
            existing.kind,
            existing.title,
            existing.member_count,
        )
        entry = Entry(place, person, existing.language, self._now(), token=token, seen=existing)
        return _entered(await self._roster.enrol(entry), person)

    async def _enter(
        self, arrival: Arrival, person: PersonId, look: Look, existing: Channel | None
    ) -> Progress:
        if existing is not None and existing.state in _ENROLLED:
            if existing.member == person:
                return Progress(Step.ENROLLED, existing, person=person)
            if await self._still_administers(arrival, existing.member):
                return Progress(Step.TAKEN, existing, person=person)
        flaw = look.missing[0] if look.missing else None
        entry = Entry(look.place, person, arrival.language, self._now(), flaw, arrival.token, existing)
        progress = _entered(await self._roster.enrol(entry), person, look.missing)
        if existing is None or existing.state not in _ENROLLED or progress.step not in _BEGUN:
            return progress
        return replace(progress, former=existing.member)

    async def _still_administers(self, arrival: Arrival, member: PersonId | None) -> bool:
        """Whether the member who enrolled the place is still its admin; if surely not, another may take over."""
        if member is None:
            return False
        standing = await self._control.chats.standing(arrival.bot, arrival.external_id, member)
        return standing is not Standing.OTHER

    def _pledge(self, channel: Channel, person: PersonId, text: PledgeText) -> Pledge:
        return Pledge(
            channel=channel.id,
            person=person,
            version=text.version,
            language=text.language,
            text_sha256=text.sha256,
            confirmed_at=self._now(),
            certificate=certificate_code(self._tokens(_TOKEN_BYTES)),
        )


_BEGUN = frozenset({Step.PLEDGE, Step.LACKS_RIGHTS})
_NOT_HELD = {
    Held.FOREIGN: Step.NOT_WAITING,
    Held.LOST: Step.NOT_ADMIN,
    Held.UNSEEN: Step.UNREACHABLE,
    Held.SILENT: Step.UNREACHABLE,
}


def _entered(channel: Channel, person: PersonId, missing: tuple[str, ...] = ()) -> Progress:
    """What came of entering: somebody may have been quicker."""
    if channel.member != person:
        return Progress(Step.TAKEN, channel, person=person)
    if channel.state is not ChannelState.PLEDGING:
        return Progress(Step.ENROLLED, channel, person=person)
    return Progress(Step.LACKS_RIGHTS if missing else Step.PLEDGE, channel, missing, person=person)


def _waits_only_for(existing: Channel, person: PersonId) -> bool:
    """Whether nothing is missing but this person's pledge."""
    return existing.state is ChannelState.PLEDGING and existing.member == person and existing.flaw is None


def _is_under_way(existing: Channel | None, person: PersonId) -> bool:
    """Whether a link has done its work already: it often arrives after the news that the bot was added."""
    if existing is None or existing.member != person:
        return False
    return existing.state is ChannelState.PLEDGING or existing.state in _ENROLLED
