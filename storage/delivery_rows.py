"""Rows of the ledger's readings, as the values that the pump works on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from broadcasts.corrections import LEFT_BEHIND, LEFT_UNSURE, MOVED_AWAY
from broadcasts.delivery import DeliveryId, DeliveryState
from broadcasts.planner import overrides_quiet_hours
from broadcasts.ports import Due, Former, OpenBulletin, Original
from bulletins.bulletin import BulletinId, Lane, Severity, Status
from members.channel import ChannelState
from storage.tables import instant

CANARY_PATIENCE = timedelta(seconds=10)
"""How long after its start a bulletin waits for the operator's own channel before the others go without it; if that
must itself wait longer, they do not wait at all."""

OPEN_BULLETINS_AT_MOST = 1_000

FORMER_STATES = (DeliveryState.SENDING, DeliveryState.SENT)
"""What an older correction did in a channel matters in these, in alphabetical order."""

LEFT_IN_OLD_PLACE = (MOVED_AWAY, LEFT_BEHIND)
"""Why the id of a message that was sent is not one of the place where the channel is now."""


def open_bulletin_of(row: Any, expires: datetime, next_due: int | None) -> OpenBulletin:
    """A bulletin that is being sent, from ``row``'s columns; ``next_due`` is that of one bot, in milliseconds."""
    return OpenBulletin(
        id=BulletinId(row.id),
        lane=Lane(row.lane),
        life_safety=row.life_safety,
        expires=expires,
        at_any_hour=overrides_quiet_hours(Severity(row.severity), Status(row.status)),
        corrects=None if row.corrects is None else BulletinId(row.corrects),
        next_due=None if next_due is None else instant(next_due),
        canary=None if row.canary is None else DeliveryId(row.canary),
    )


def due_of(values: Sequence[Any], read_at: datetime) -> Due:
    """A delivery to be sent, from the columns of a pick, in their order."""
    row, bulletin, channel, attempt, resent, due_at, chat, language, state, *chosen = values
    pin, silent, quiet_starts, quiet_ends, flaw, *earlier = chosen
    has_quiet_hours = quiet_starts is not None and quiet_ends is not None
    return Due(
        id=row,
        bulletin_id=bulletin,
        channel_id=channel,
        attempt=attempt,
        resent=bool(resent),
        due_at=instant(due_at),
        chat=chat,
        language=language,
        is_postable=state == ChannelState.ACTIVE.value,
        pin=bool(pin),
        silent=bool(silent),
        quiet_minutes=(quiet_starts, quiet_ends) if has_quiet_hours else None,
        flaw=flaw,
        original=_original_of(*earlier[:3]),
        read_at=read_at,
        former=_former_of(*earlier[3:]),
    )


def _original_of(state: str | None, message_id: str | None, reason: str | None) -> Original | None:
    if state is None:
        return None
    return Original(DeliveryState(state), message_id, reason if reason in (MOVED_AWAY, LEFT_UNSURE) else None)


def _former_of(state: str | None = None, message_id: str | None = None) -> Former | None:
    return None if state is None else Former(DeliveryState(state), message_id)
