"""The roster: members, their channels and pledges, the operator's staff. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import (
    CHANNEL_TRANSITIONS,
    Channel,
    ChannelId,
    ChannelState,
    PersonId,
    Platform,
    Preferences,
)
from members.member import Invitation
from members.pledge import Pledge
from members.ports import INVITATION_LASTS, Entry, Place
from members.roles import Role
from storage.channel_rows import CHOSEN_NOTHING, channel_of, minute_of
from storage.committer import Committer
from storage.consequences import follow_to
from storage.invited import opened_invitee, sealed_invitee
from storage.lookups import Lookups
from storage.naming import Names
from storage.tables import channels, invitations, members, pledges, staff

_CHANNELS_AT_MOST = 200
_GONE = (ChannelState.LEFT, ChannelState.LOST)

# Asked at each update, so they are made once.
_ROLES = select(staff.c.roles).where(staff.c.person == bindparam("person"))
_LANGUAGE = select(members.c.language).where(members.c.person == bindparam("person"))
_INVITATION = select(invitations).where(invitations.c.token == bindparam("token"))
_CERTIFIED = select(pledges).where(pledges.c.certificate == bindparam("certificate"))
_PLEDGE = select(pledges).where(
    pledges.c.channel_id == bindparam("channel"),
    pledges.c.person == bindparam("person"),
    pledges.c.version == bindparam("version"),
)
_CHANNEL = select(channels).where(channels.c.id == bindparam("channel"))
_CHANNEL_AT = select(channels).where(
    channels.c.platform == bindparam("platform"), channels.c.external_id == bindparam("external_id")
)
_CHANNELS_OF = (
    select(channels)
    .where(channels.c.member == bindparam("person"), channels.c.state.not_in(_GONE))
    .order_by(channels.c.id)
    .limit(_CHANNELS_AT_MOST)
)
_TOLD = select(channels.c.member_told_at).where(channels.c.id == bindparam("channel"))
_MARK_TOLD = (
    update(channels).where(channels.c.id == bindparam("channel")).values(member_told_at=bindparam("at"))
)
_FORGET_INVITATIONS = delete(invitations).where(invitations.c.expires_at < bindparam("before"))
_KEEP_INVITATION = insert(invitations)
_MEET = insert(members)


class Roster:
    """Keeps who is a member, where, and how it stands. Implements the ports in ``members/ports.py``."""

    def __init__(self, engine: AsyncEngine, committer: Committer, names: Names) -> None:
        self._lookups = Lookups(engine)
        self._committer = committer
        self._names = names

    # --- staff and languages -----------------------------------------------------------------------------

    async def replace_staff(self, people: Iterable[tuple[PersonId, str, Iterable[Role]]]) -> None:
        """Make the staff exactly these (person, name, roles): whoever is not named has no role any more."""
        rows = [{"person": person, "name": name, "roles": sorted(roles)} for person, name, roles in people]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(staff))
            if rows:
                await connection.execute(insert(staff), rows)

        await self._committer.write(work)

    async def roles_of(self, person: PersonId) -> frozenset[Role]:
        """The roles of a person of the staff, as they are now."""
        row = await self._lookups.one(_ROLES, {"person": person})
        return frozenset() if row is None else frozenset(map(Role, row.roles))

    async def language_of(self, person: PersonId) -> str | None:
        """The language this person speaks with Loa, when it is known."""
        row = await self._lookups.one(_LANGUAGE, {"person": member_name(self._names, person)})
        return None if row is None else str(row.language)

    async def choose_language(self, person: PersonId, language: str, at: datetime) -> None:
        """Keep the language this person wants to be spoken to in."""

        name = member_name(self._names, person)

        async def work(connection: AsyncConnection) -> None:
            await _meet(connection, name, language, at)
            await connection.execute(
                update(members).where(members.c.person == name).values(language=language)
            )

        await self._committer.write(work)

    # --- enrolling ---------------------------------------------------------------------------------------

    async def invite(self, invitation: Invitation) -> None:
        """Keep a new invitation, and drop those whose time is over, so that the table stays small."""
        over = {"before": invitation.expires_at - INVITATION_LASTS}
        row = {
            "token": invitation.token,
            "invitee": sealed_invitee(self._names, invitation.token, invitation.person),
            "expires_at": invitation.expires_at,
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_FORGET_INVITATIONS, over)
            await connection.execute(_KEEP_INVITATION, [row])

        await self._committer.write(work)

    async def invitation(self, token: str) -> Invitation | None:
        """The invitation with this token."""
        row = await self._lookups.one(_INVITATION, {"token": token})
        person = None if row is None else opened_invitee(self._names, row.token, row.invitee)
        if row is None or person is None:
            return None
        return Invitation(row.token, person, row.expires_at, row.used_at)

    async def enrol(self, entry: Entry) -> Channel:
        """Let the place wait for its pledge, and use the invitation up. Repeating it changes nothing."""

        async def work(connection: AsyncConnection) -> Channel:
            await _meet(connection, member_name(self._names, entry.person), entry.language, entry.at)
            await _use_invitation(connection, entry)
            return await _enter(connection, entry, ChannelState.PLEDGING)

        return await self._committer.write(work)

    async def subscribe(self, entry: Entry) -> Channel:
        """Make a private chat an active channel, which needs no pledge."""

        async def work(connection: AsyncConnection) -> Channel:
            await _meet(connection, member_name(self._names, entry.person), entry.language, entry.at)
            return await _enter(connection, entry, ChannelState.ACTIVE)

        return await self._committer.write(work)

    async def confirm(self, pledge: Pledge, place: Place) -> tuple[Channel, Pledge]:
        """Keep the pledge and make the channel active. A version pledged before keeps its certificate."""

        async def work(connection: AsyncConnection) -> tuple[Channel, Pledge]:
            await _keep_pledge(connection, pledge)
            values: dict[str, Any] = {
                "title": place.title,
                "kind": place.kind,
                "member_count": place.member_count,
                "flaw": None,
                "member_told_at": None,
            }
            await connection.execute(update(channels).where(_is(pledge.channel)).values(values))
            await connection.execute(
                update(channels)
                .where(_is(pledge.channel), channels.c.state == ChannelState.PLEDGING)
                .values(state=ChannelState.ACTIVE, enrolled_at=pledge.confirmed_at)
            )
            kept = await _pledge(connection, pledge.channel, pledge.person, pledge.version)
            return await _channel(connection, pledge.channel), kept or pledge

        return await self._committer.write(work)

    async def pledge_of(self, channel: ChannelId, person: PersonId, version: str) -> Pledge | None:
        """The confirmation of this version for this channel."""
        row = await self._lookups.one(_PLEDGE, _pledge_key(channel, person, version))
        return None if row is None else _pledge_of(row)

    async def certified(self, certificate: str) -> tuple[Channel, Pledge] | None:
        """What a certificate's code stands for; None when there is no such certificate."""
        row = await self._lookups.one(_CERTIFIED, {"certificate": certificate})
        if row is None:
            return None
        channel = await self.channel(ChannelId(row.channel_id))
        return None if channel is None else (channel, _pledge_of(row))

    # --- channels ----------------------------------------------------------------------------------------

    async def channel(self, channel: ChannelId) -> Channel | None:
        """The channel with this id."""
        row = await self._lookups.one(_CHANNEL, {"channel": channel})
        return None if row is None else channel_of(row)

    async def channel_at(self, platform: Platform, external_id: str) -> Channel | None:
        """The channel at this place of the platform."""
        row = await self._lookups.one(_CHANNEL_AT, {"platform": platform, "external_id": external_id})
        return None if row is None else channel_of(row)

    async def channels_of(self, person: PersonId) -> tuple[Channel, ...]:
        """All that this person enrolled and has not left, oldest first, at most 200."""
        return tuple(map(channel_of, await self._lookups.all(_CHANNELS_OF, {"person": person})))

    async def change_state(self, channel: ChannelId, after: ChannelState) -> Channel | None:
        """The channel as it is after the change, or None when the transition table does not allow it."""
        befores = [before for before, afters in CHANNEL_TRANSITIONS.items() if after in afters]
        values: dict[str, Any] = {"state": after}
        if after in _GONE:
            values["member_told_at"] = None

        async def work(connection: AsyncConnection) -> Channel | None:
            changed = await connection.execute(
                update(channels).where(_is(channel), channels.c.state.in_(befores)).values(values)
            )
            return await _channel(connection, channel) if changed.rowcount else None

        return await self._committer.write(work)

    async def prefer(self, channel: ChannelId, preferences: Preferences) -> None:
        """Keep what the member chose."""
        quiet = preferences.quiet
        values: dict[str, Any] = {
            "topics": list(preferences.topics),
            "areas": list(preferences.areas),
            "quiet_starts_minute": None if quiet is None else minute_of(quiet.starts),
            "quiet_ends_minute": None if quiet is None else minute_of(quiet.ends),
            "pin": preferences.pin,
            "silent": preferences.silent,
            "drills": preferences.drills,
        }
        await self._committer.write(
            lambda connection: connection.execute(update(channels).where(_is(channel)).values(values))
        )

    async def set_flaw(self, channel: ChannelId, flaw: str | None) -> bool:
        """Keep which right the bot lacks there; whether that is news."""

        async def work(connection: AsyncConnection) -> bool:
            changed = await connection.execute(
                update(channels)
                .where(_is(channel), channels.c.flaw.is_distinct_from(flaw))
                .values(flaw=flaw, member_told_at=None)
            )
            return changed.rowcount > 0

        return await self._committer.write(work)

    async def move(self, platform: Platform, old_external_id: str, new_external_id: str) -> bool:
        """Follow a group to the id it was upgraded to; whether there was anything to follow."""
        from_old = _at(platform, old_external_id)

        async def work(connection: AsyncConnection) -> bool:
            moving = await connection.scalar(select(channels.c.id).where(from_old))
            return moving is not None and await follow_to(connection, moving, new_external_id)

        return await self._committer.write(work)

    # --- who was told ------------------------------------------------------------------------------------

    async def is_told(self, channel: ChannelId) -> bool:
        """Whether the member was told since the last change."""
        row = await self._lookups.one(_TOLD, {"channel": channel})
        return row is None or row.member_told_at is not None

    async def mark_told(self, channel: ChannelId, at: datetime) -> None:
        """The member was told."""
        await self._committer.write(
            lambda connection: connection.execute(_MARK_TOLD, {"channel": channel, "at": at})
        )


def _is(channel: ChannelId) -> ColumnElement[bool]:
    return channels.c.id == channel


def _at(platform: Platform, external_id: str) -> ColumnElement[bool]:
    return and_(channels.c.platform == platform, channels.c.external_id == external_id)


async def _channel(connection: AsyncConnection, channel: ChannelId) -> Channel:
    return channel_of((await connection.execute(_CHANNEL, {"channel": channel})).one())


def member_name(names: Names, person: PersonId) -> str:
    """The name that stands for a person beside their language: whoever only reports may have chosen one, too."""
    return names.pseudonym("member", person)


async def _meet(connection: AsyncConnection, name: str, language: str, at: datetime) -> None:
    known = await connection.execute(_LANGUAGE, {"person": name})
    if known.first() is None:
        await connection.execute(_MEET, [{"person": name, "language": language, "met_at": at}])


async def _use_invitation(connection: AsyncConnection, entry: Entry) -> None:
    if entry.token is None:
        return
    await connection.execute(
        update(invitations)
        .where(invitations.c.token == entry.token, invitations.c.used_at.is_(None))
        .values(used_at=entry.at)
    )


async def _enter(connection: AsyncConnection, entry: Entry, state: ChannelState) -> Channel:
    """The channel at this place, made or made again. What its member had chosen earlier is kept."""
    place = entry.place
    here = {"platform": place.platform, "external_id": place.external_id}
    row = (await connection.execute(_CHANNEL_AT, here)).one_or_none()
    values: dict[str, Any] = {
        "bot": place.bot,
        "kind": place.kind,
        "title": place.title,
        "language": entry.language,
        "state": state,
        "member": entry.person,
        "member_count": place.member_count,
        "flaw": entry.flaw,
    }
    if state is ChannelState.ACTIVE:
        values["enrolled_at"] = entry.at
    if row is None:
        await connection.execute(insert(channels), [{**CHOSEN_NOTHING, **here, **values}])
    else:
        as_before = (row.state, row.member, row.flaw) == (state, entry.person, entry.flaw)
        told = {} if as_before else {"member_told_at": None}
        there = _at(place.platform, place.external_id)
        await connection.execute(update(channels).where(there).values({**values, **told}))
    return channel_of((await connection.execute(_CHANNEL_AT, here)).one())


async def _pledge(
    connection: AsyncConnection, channel: ChannelId, person: PersonId, version: str
) -> Pledge | None:
    row = (await connection.execute(_PLEDGE, _pledge_key(channel, person, version))).one_or_none()
    return None if row is None else _pledge_of(row)


async def _keep_pledge(connection: AsyncConnection, pledge: Pledge) -> None:
    """A version that was pledged before, by one who left and came back, is confirmed again."""
    row = _pledge_row(pledge)
    again = {key: row[key] for key in ("language", "text_sha256", "confirmed_at")}
    known = (
        pledges.c.channel_id == pledge.channel,
        pledges.c.person == pledge.person,
        pledges.c.version == pledge.version,
    )
    if (await connection.execute(update(pledges).where(*known).values(again))).rowcount == 0:
        await connection.execute(insert(pledges), [row])


def _pledge_key(channel: ChannelId, person: PersonId, version: str) -> dict[str, Any]:
    return {"channel": channel, "person": person, "version": version}


def _pledge_row(pledge: Pledge) -> dict[str, Any]:
    return {
        "channel_id": pledge.channel,
        "person": pledge.person,
        "version": pledge.version,
        "language": pledge.language,
        "text_sha256": pledge.text_sha256,
        "confirmed_at": pledge.confirmed_at,
        "certificate": pledge.certificate,
    }


def _pledge_of(row: Row[Any]) -> Pledge:
    return Pledge(
        channel=ChannelId(row.channel_id),
        person=PersonId(row.person),
        version=row.version,
        language=row.language,
        text_sha256=row.text_sha256,
        confirmed_at=row.confirmed_at,
        certificate=row.certificate,
    )
