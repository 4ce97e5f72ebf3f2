"""Which updates are heard: a look at each that asks nobody, and how many of a kind one person, or one group, may cause.

What a person may cause in a day also bounds the database rows that are kept because of them, see docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from aiogram.enums import ChatType
from aiogram.types import User

from handlers.access import NOBODY_IDS, person_of
from handlers.crowding import Crowded
from members.channel import PersonId
from reports.quotas import Quota

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_MOST_REMEMBERED: Final = 20_000
_GROUPS: Final = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})


class Kind(StrEnum):
    """What sort of update it is, as far as quotas are concerned."""

    MESSAGE = "message"
    PRESS = "press"
    MEMBERSHIP = "membership"
    OTHER = "other"


_KINDS: Final = {
    "message": Kind.MESSAGE,
    "callback_query": Kind.PRESS,
    "my_chat_member": Kind.MEMBERSHIP,
    "chat_member": Kind.MEMBERSHIP,
    "chat_join_request": Kind.MEMBERSHIP,
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many of one kind."""

    a_minute: int
    a_day: int


BY_PERSON: Final[Mapping[Kind, Allowance]] = {
    Kind.MESSAGE: Allowance(30, 300),
    Kind.PRESS: Allowance(40, 300),
    Kind.MEMBERSHIP: Allowance(10, 60),
    Kind.OTHER: Allowance(30, 300),
}
# Ten commands a minute are half of what a bot may post to a group, so answers neither wait there nor take the
# bulletins' place.
BY_GROUP: Final[Mapping[Kind, Allowance]] = {
    Kind.MESSAGE: Allowance(10, 1_000),
    Kind.PRESS: Allowance(60, 2_000),
    Kind.MEMBERSHIP: Allowance(20, 200),
    Kind.OTHER: Allowance(60, 2_000),
}


class Hearing(StrEnum):
    """What becomes of an update."""

    HEARD = "heard"
    NOT_FOR_US = "not for us"
    TOO_MUCH = "too much"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``tells`` is what its sender is told, if they are told anything."""

    hearing: Hearing
    tells: Crowded | None = None


HEARD: Final = Verdict(Hearing.HEARD)
NOT_FOR_US: Final = Verdict(Hearing.NOT_FOR_US)
TOO_MUCH: Final = Verdict(Hearing.TOO_MUCH)


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be seen of an update at a glance, before it is read: parts of the platform's own JSON, any may lack."""

    update_id: int
    name: str
    event: Mapping[str, Any]
    chat: Mapping[str, Any]
    person: PersonId | None

    @property
    def chat_id(self) -> str:
        """Empty where it belongs to no chat."""
        return str(self.chat.get("id", ""))

    @property
    def kind(self) -> Kind:
        """Moving a group to its new id comes as a message, but nobody has written it."""
        return Kind.MEMBERSHIP if self.tells_of_a_move else _KINDS.get(self.name, Kind.OTHER)

    @property
    def tells_of_a_move(self) -> bool:
        """Whether a group has become a supergroup, with another id."""
        return "migrate_to_chat_id" in self.event or "migrate_from_chat_id" in self.event

    @property
    def is_in_group(self) -> bool:
        """Whether it comes from a group."""
        return self.chat.get("type") in _GROUPS

    @property
    def conversation(self) -> str:
        """Within which updates keep their order: the chat, or else the person, or else the update itself."""
        return f"chat:{self.chat_id}" if self.chat_id else str(self.person or f"update:{self.update_id}")


def look_at(given: Mapping[str, Any]) -> Seen:
    """What the update ``given`` is, whose and where. Raises ValueError when it has no number."""
    update_id = given.get("update_id")
    if not isinstance(update_id, int):
        raise ValueError("an update without a number")
    name = next((key for key in given if key != "update_id"), "")
    event = _object(given.get(name))
    chat = _object(event.get("chat")) or _object(_object(event.get("message")).get("chat"))
    return Seen(update_id, name, event, chat, _person_behind(event))


def _person_behind(event: Mapping[str, Any]) -> PersonId | None:
    """As ``account_of`` in ``handlers/access.py`` has it: an anonymous admin, a channel are nobody."""
    account = _object(event.get("from")).get("id")
    if not isinstance(account, int) or account in NOBODY_IDS or event.get("sender_chat") is not None:
        return None
    return _person(account)


def _person(account: int) -> PersonId:
    return person_of(User.model_construct(id=account, is_bot=False, first_name=""))


def _object(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else _NOTHING


class Admission:
    """Weighs the updates of one bot. What it counts is in memory, and bounded."""

    def __init__(
        self,
        kinds: Collection[str],
        bot_id: int,
        own_chat: str | None = None,
        by_person: Mapping[Kind, Allowance] = BY_PERSON,
    ) -> None:
        """``kinds`` are the updates that anybody listens to; in ``own_chat`` the staff work, all of it is heard."""
        self._kinds = frozenset(kinds)
        self._bot_id = bot_id
        self._ourselves = _person(bot_id)
        self._own_chat = own_chat
        self._persons = {kind: _Both(allowance) for kind, allowance in by_person.items()}
        self._groups = {kind: _Both(allowance) for kind, allowance in BY_GROUP.items()}
        self._told = {
            Crowded.FOR_NOW: _quota(1, timedelta(minutes=1)),
            Crowded.TODAY: _quota(1, timedelta(hours=1)),
        }

    def weigh(self, seen: Seen, *, is_staff: bool, is_crowded: bool, now: datetime) -> Verdict:
        """Whether this one is heard; if so, it counts. ``is_crowded``: too many of theirs wait already."""
        if seen.name not in self._kinds:
            return NOT_FOR_US
        if is_staff:
            return HEARD
        if self._is_talk(seen):
            return NOT_FOR_US
        chat = seen.chat_id
        key = chat if seen.person in (None, self._ourselves) else seen.person
        why = Crowded.FOR_NOW if is_crowded else self._persons[seen.kind].use(key, now)
        if why is not None:
            return self._told_so(seen, key, why, now)
        if seen.is_in_group and not self._is_own(seen) and self._groups[seen.kind].use(chat, now) is not None:
            return TOO_MUCH
        return HEARD

    def _told_so(self, seen: Seen, key: str, why: Crowded, now: datetime) -> Verdict:
        """In a group only who pressed a button is told: nobody else sees that."""
        can_be_told = seen.kind is Kind.PRESS or (seen.kind is Kind.MESSAGE and not seen.is_in_group)
        if not can_be_told or self._told[why].use(key, now) is not None:
            return TOO_MUCH
        return Verdict(Hearing.TOO_MUCH, why)

    def _is_talk(self, seen: Seen) -> bool:
        """Whether it is what people in a group say to each other."""
        if seen.name != "message" or not seen.is_in_group or self._is_own(seen):
            return False
        words = seen.event.get("text") or seen.event.get("caption") or ""
        is_command = isinstance(words, str) and words.startswith("/")
        return not (is_command or seen.tells_of_a_move or self._answers_us(seen))

    def _answers_us(self, seen: Seen) -> bool:
        answered = _object(_object(seen.event.get("reply_to_message")).get("from"))
        return answered.get("id") == self._bot_id

    def _is_own(self, seen: Seen) -> bool:
        return self._own_chat in (seen.chat_id, f"@{seen.chat.get('username')}")


class _Both:
    """A minute's quota and a day's."""

    def __init__(self, allowance: Allowance) -> None:
        self._minute = _quota(allowance.a_minute, timedelta(minutes=1))
        self._day = _quota(allowance.a_day, timedelta(days=1))

    def use(self, key: str, now: datetime) -> Crowded | None:
        """Which one is used up; None when neither was, and both are used."""
        if self._day.wait(key, now) is not None:
            return Crowded.TODAY
        if self._minute.use(key, now) is not None:
            return Crowded.FOR_NOW
        self._day.use(key, now)
        return None


def _quota(times: int, per: timedelta) -> Quota:
    return Quota(times, per, most_remembered=_MOST_REMEMBERED)
