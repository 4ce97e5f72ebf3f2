"""The circuit breaker: bytes that a platform refused once will be refused everywhere. Pure rule."""

from __future__ import annotations

REJECTIONS_THAT_HALT = 3


def should_halt(is_canary: bool, rejections: int) -> bool:
    """Whether to pause a bulletin after a refusal of its content, with that many channels having refused it.

    The operator's own channel is enough. After a moderator has resumed it, three more refusals halt it again.
    """
    return is_canary or (rejections > 0 and rejections % REJECTIONS_THAT_HALT == 0)
