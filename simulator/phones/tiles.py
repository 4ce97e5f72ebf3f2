"""The grid: one tile a channel, and what its colour says, read from the copies that stand in the chat.

    absent → idle → queued → delivered | drill → corrected | withdrawn
                       └──→ refused

A copy is a message of the bot that carries a bulletin's code and answers nobody: the code in an answer to
somebody's question is not a delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from bulletins import code
from bulletins.labels import BANNERS
from bulletins.values import Status
from simulator.phones.chats import milliseconds
from simulator.phones.director import ChannelMark
from simulator.world import Chat, Message

COPIES_SOUGHT_IN = 40
HEADLINE_CHARACTERS = 120
_OPENING_LINES = 4


class TileState(StrEnum):
    """What a tile's colour says."""

    ABSENT = "absent"
    IDLE = "idle"
    QUEUED = "queued"
    DELIVERED = "delivered"
    DRILL = "drill"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


def tile_view(place: Chat, bot_id: int, mark: ChannelMark | None) -> dict[str, Any]:
    """One tile: its channel, its state, how many bulletins it carried and the newest one's first words."""
    copies = list(_copies(place, bot_id))
    newest = copies[-1] if copies else None
    view: dict[str, Any] = {
        "id": place.id,
        "title": place.title,
        "kind": place.kind.value,
        "members": place.member_count,
        "state": _state(place, bot_id, newest, mark).value,
        "copies": sum(copy.reply_to is None for copy in copies),
    }
    if newest is not None:
        at = newest.edited_at or newest.date
        view["last"] = {"text": _headline(newest), "at": milliseconds(at), "code": _code_of(newest)}
    return view


def _copies(place: Chat, bot_id: int) -> Iterator[Message]:
    for message in list(place.messages.values())[-COPIES_SOUGHT_IN:]:
        if message.author_id == bot_id and not message.is_service and _code_of(message):
            answered = place.messages.get(message.reply_to or 0)
            if answered is None or answered.author_id == bot_id:
                yield message


def _code_of(message: Message) -> str:
    return next(iter(code.find_codes(message.text)), "")


def _state(place: Chat, bot_id: int, newest: Message | None, mark: ChannelMark | None) -> TileState:
    if mark is not None:
        return TileState(mark.value)
    if newest is not None:
        return _state_of_copy(newest)
    return TileState.IDLE if place.member(bot_id).is_present else TileState.ABSENT


def _state_of_copy(copy: Message) -> TileState:
    opening = copy.text.splitlines()[:_OPENING_LINES]
    is_later_word = copy.edited_at is not None or copy.reply_to is not None
    if any(line.startswith("⛔") for line in opening):
        return TileState.WITHDRAWN
    if is_later_word or any(line.startswith("✏️") for line in opening):
        return TileState.CORRECTED
    is_practice = any(copy.text.startswith(BANNERS[status]) for status in (Status.EXERCISE, Status.TEST))
    return TileState.DRILL if is_practice else TileState.DELIVERED


def _headline(copy: Message) -> str:
    """Its first two lines: what kind of bulletin it is, and its title."""
    lines = [line.strip() for line in copy.text.splitlines() if line.strip()]
    return " — ".join(lines[:2])[:HEADLINE_CHARACTERS]
