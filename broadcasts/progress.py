"""After a bulletin has gone out: what did not arrive and why, the failed once more, the unsure settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from broadcasts.book import Refusal
from broadcasts.delivery import DeliveryId, DeliveryState
from bulletins.bulletin import BulletinId


class Resolution(StrEnum):
    """What a moderator says of deliveries of which nobody knows whether they arrived."""

    ARRIVED = "arrived"
    RESEND = "resend"
    """Once more, visibly marked so."""
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many deliveries stand in a state for one reason. The reason is ``kind:detail``, or empty."""

    state: DeliveryState
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Straggler:
    """A delivery that needs somebody's eyes, by the name of its channel."""

    delivery_id: DeliveryId
    channel_title: str
    state: DeliveryState
    reason: str


@dataclass(frozen=True, slots=True)
class Settling:
    """What to do with a bulletin's unsure deliveries: all of them, or one."""

    bulletin_id: BulletinId
    resolution: Resolution
    at: datetime
    only: DeliveryId | None = None


class Aftermath(Protocol):
    """The port: each method is one transaction. After one that queues something, wake the pumps."""

    async def reasons(self, bulletin_id: BulletinId) -> Sequence[ReasonCount]:
        """The table of what did not simply arrive, the largest number first."""

    async def in_trouble(self, bulletin_id: BulletinId) -> Mapping[DeliveryState, int]:
        """How many stragglers there are, by their state."""

    async def stragglers(self, bulletin_id: BulletinId, at_most: int) -> Sequence[Straggler]:
        """Unsure and failed deliveries, and copies that a correction could not change or did not come to."""

    async def unsure(self, bulletin_id: BulletinId, after: int, at_most: int) -> Sequence[Straggler]:
        """Deliveries of which nobody knows whether they arrived, beyond the one with the id ``after``."""

    async def retry_failed(self, bulletin_id: BulletinId, at: datetime) -> int | Refusal:
        """Queue what failed once more, where the channel is still there; how many."""

    async def settle_unsure(self, settling: Settling) -> int | Refusal:
        """Say what became of unsure deliveries; how many that was."""


def what_it_became(resolution: Resolution) -> DeliveryState:
    """The state that follows from a moderator's word."""
    return {
        Resolution.ARRIVED: DeliveryState.SENT,
        Resolution.RESEND: DeliveryState.QUEUED,
        Resolution.LEAVE: DeliveryState.DROPPED,
    }[resolution]
