"""Reading, at the end of a run, what the ledger says and what the chats show."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from broadcasts.broadcast import BroadcastState
from broadcasts.corrections import CORRECTED
from broadcasts.delivery import DeliveryState
from bulletins.bulletin import Lane, MsgType
from members.channel import ChannelKind, ChannelState
from simulator.crash.evidence import BulletinFact, ChannelFact, Copy, DeliveryFact, Evidence
from simulator.crash.scenario import STARTS
from simulator.world import Chat, World

_BULLETINS = """
    SELECT id, code, state, lane, life_safety, corrects, started_at, expires, halted_because,
           json_extract(record, '$.severity') AS severity, json_extract(record, '$.msg_type') AS msg_type
    FROM bulletins ORDER BY id
"""
_DELIVERIES = """
    SELECT id, bulletin_id, channel_id, state, attempt, resent, message_id, coalesce(reason, '') AS reason
    FROM deliveries ORDER BY id
"""


def read_facts(evidence: Evidence, observer: sqlite3.Connection, world: World, chats: Sequence[Chat]) -> None:
    """Complete the evidence."""
    evidence.bulletins = {row["id"]: _bulletin(row) for row in observer.execute(_BULLETINS)}
    evidence.deliveries = tuple(_delivery(row) for row in observer.execute(_DELIVERIES))
    evidence.channels = _channels(observer, chats)
    bots = set(world.bots)
    evidence.copies = tuple(
        Copy(str(chat.id), message.id, message.text, message.is_pinned)
        for chat in world.chats.values()
        for message in chat.messages.values()
        if message.author_id in bots and not message.is_service
    )


def _bulletin(row: sqlite3.Row) -> BulletinFact:
    started = row["started_at"]
    return BulletinFact(
        id=row["id"],
        code=row["code"],
        state=BroadcastState(row["state"]),
        lane=Lane(row["lane"]),
        life_safety=bool(row["life_safety"]),
        is_extreme=row["severity"] == "Extreme",
        corrects=row["corrects"],
        withdraws=row["msg_type"] == MsgType.CANCEL.value,
        started=None if started is None else started / 1_000 - STARTS.timestamp(),
        expires=row["expires"] / 1_000 - STARTS.timestamp(),
        was_corrected=row["halted_because"] == CORRECTED,
    )


def _delivery(row: sqlite3.Row) -> DeliveryFact:
    return DeliveryFact(
        id=row["id"],
        bulletin_id=row["bulletin_id"],
        channel_id=row["channel_id"],
        state=DeliveryState(row["state"]),
        attempt=row["attempt"],
        resent=bool(row["resent"]),
        message_id=row["message_id"],
        reason=row["reason"],
    )


def _channels(observer: sqlite3.Connection, chats: Sequence[Chat]) -> Mapping[int, ChannelFact]:
    """By id: the channels were made in the order of their chats, with ids from 1."""
    facts: dict[int, ChannelFact] = {}
    for row in observer.execute("SELECT * FROM channels ORDER BY id"):
        chat = chats[row["id"] - 1]
        ids = (chat.id,) if chat.upgraded_to is None else (chat.id, chat.upgraded_to)
        starts, ends = row["quiet_starts_minute"], row["quiet_ends_minute"]
        facts[row["id"]] = ChannelFact(
            id=row["id"],
            chats=tuple(map(str, ids)),
            state=ChannelState(row["state"]),
            is_group=row["kind"] != ChannelKind.SUBSCRIBER.value,
            is_canary=bool(row["canary"]),
            pins=bool(row["pin"]),
            quiet_minutes=None if starts is None else (starts, ends),
        )
    return facts
