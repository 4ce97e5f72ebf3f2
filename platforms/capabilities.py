"""What each platform can and cannot do, as far as sending depends on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broadcasts.letters import Means
from members.channel import Platform


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One platform's."""

    is_group: Callable[[str], bool]
    """Whether the platform's limit for groups holds for a chat of this id."""
    means: Means


def _is_negative(chat: str) -> bool:
    """Telegram's groups, supergroups and broadcast channels have negative ids; public ones also a @name."""
    return chat.startswith(("-", "@"))


CAPABILITIES: dict[Platform, Capabilities] = {
    Platform.TELEGRAM: Capabilities(is_group=_is_negative, means=Means(edits=True, replies=True)),
}
