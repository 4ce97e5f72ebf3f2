"""Whether a platform can be reached over one token, and giving it rest while it cannot.

    up ──nothing got out, or five times in a row no answer──> down ──any answer──> up

While it is down the token rests, longer each time, and then one delivery probes it. A gateway that swallows what it
is given is as bad as a cable that is cut: each message given to it is one more of which nobody knows.
"""

from __future__ import annotations

import structlog

from broadcasts.pacing import Pacer
from broadcasts.ports import Notices

log = structlog.get_logger(__name__)

_FIRST_REST_SECONDS = 0.5
_LONGEST_REST_SECONDS = 30.0
_LOST_IN_A_ROW = 5
_TOLD_FROM_SECONDS = 4.0
"""From so long a rest on people are told: what mends itself within seconds is nobody's trouble."""

REFUSED_TOKENS = frozenset({"http_401", "http_404"})
"""Why nothing gets out when the platform does not know the token (any more); that does not mend itself."""


class Line:
    """Keeps watch over one token's line."""

    def __init__(self, bot: str, pacer: Pacer, notices: Notices) -> None:
        self._bot = bot
        self._pacer = pacer
        self._notices = notices
        self._rest_seconds = 0.0
        self._lost_in_a_row = 0
        self._is_told = False

    @property
    def is_down(self) -> bool:
        """Whether the next delivery only probes it."""
        return self._rest_seconds > 0.0

    def answered(self) -> None:
        """The platform said something."""
        self._lost_in_a_row = 0
        self._rest_seconds = 0.0
        if self._is_told:
            log.info("sending goes on: the platform answers again", bot=self._bot)
            self.leave()

    def leave(self) -> None:
        """Nobody keeps watch any more: what was told is taken back, for only we would learn that it is over."""
        if self._is_told:
            self._is_told = False
            self._notices.line_recovered(self._bot)

    def failed(self, reason: str) -> bool:
        """Nothing got out. Whether the line had been up before."""
        was_up = not self.is_down
        if not self._pacer.held_for():  # failures of what was already under way count once
            self._rest_seconds = min(max(2 * self._rest_seconds, _FIRST_REST_SECONDS), _LONGEST_REST_SECONDS)
            self._pacer.hold(self._rest_seconds)
        if not self._is_told and (self._rest_seconds >= _TOLD_FROM_SECONDS or reason in REFUSED_TOKENS):
            self._is_told = True
            log.error("sending stopped: the platform does not answer", bot=self._bot, reason=reason)
            self._notices.line_failed(self._bot, reason)
        return was_up

    def lost(self, reason: str) -> bool:
        """No answer came. Whether that may be this one delivery's own bad luck."""
        self._lost_in_a_row += 1
        if self._lost_in_a_row < _LOST_IN_A_ROW and not self.is_down:
            return True
        self.failed(reason)
        return False
