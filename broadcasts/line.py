"""Whether a platform can be reached over one token, and giving it rest while it cannot.

    up ──nothing got out, or five times in a row no answer──> down ──any answer──> up

While it is down the token rests, longer each time, and then one delivery probes it, or a greeting where nothing is
to be sent: an outage must not be believed for ever because the bulletin that met it has expired. A gateway that
swallows what it is given is as bad as a cable that is cut: each message given to it is one more of which nobody
knows. Who else is to know of it reads what ``broadcasts/line_memory.py`` wrote down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from broadcasts.delivery import NotSent, Outcome, Sent
from broadcasts.pacing import Pacer

log = structlog.get_logger(__name__)

_FIRST_REST_SECONDS = 0.5
_LONGEST_REST_SECONDS = 30.0
_LOST_IN_A_ROW = 5
GREETED_SECONDS = 90.0
"""So long nothing was due over a line that is down; longer than a rest with the request that ends it."""
_TOLD_FROM_SECONDS = 4.0
"""From so long a rest on people are told: what mends itself within seconds is nobody's trouble."""

REFUSED_TOKENS = frozenset({"http_401", "http_404"})
"""Why nothing gets out when the platform does not know the token (any more); that does not mend itself."""


class Line:
    """Keeps watch over one token's line."""

    def __init__(self, bot: str, pacer: Pacer) -> None:
        self._bot = bot
        self._pacer = pacer
        self._rest_seconds = 0.0
        self._lost_in_a_row = 0
        self.trouble: str | None = None
        """Why it is down, once it has been so long enough for people to be told."""
        self._has_turned = asyncio.Event()
        self._tries = 0

    @property
    def is_down(self) -> bool:
        """Whether the next delivery only probes it."""
        return self._rest_seconds > 0.0

    def answered(self) -> None:
        """The platform said something."""
        self._tries += 1
        self._lost_in_a_row = 0
        self._rest_seconds = 0.0
        if self.trouble is not None:
            log.info("sending goes on: the platform answers again", bot=self._bot)
            self.trouble = None
            self._has_turned.set()

    def resume(self, trouble: str | None) -> None:
        """Whoever kept watch before us last saw it so. It is tried at once all the same."""
        self.trouble = trouble

    async def turned(self) -> None:
        """Until there is trouble, or other trouble, or none any more."""
        await self._has_turned.wait()
        self._has_turned.clear()

    async def greet(self, ask: Callable[[], Awaitable[Outcome]], seconds: float) -> None:
        """Find out whether it is up again though nothing is to be sent, until cancelled.

        That it is not makes nobody wait: what becomes due is tried at once.
        """
        while True:
            tries = self._tries
            await asyncio.sleep(seconds)
            if self.trouble is None or self._tries != tries:
                continue
            match await ask():
                case Sent():
                    self.answered()
                case NotSent(reason) if reason in REFUSED_TOKENS:
                    self._be_in_trouble(reason)

    def failed(self, reason: str) -> bool:
        """Nothing got out. Whether the line had been up before."""
        self._tries += 1
        was_up = not self.is_down
        if not self._pacer.held_for():  # failures of what was already under way count once
            self._rest_seconds = min(max(2 * self._rest_seconds, _FIRST_REST_SECONDS), _LONGEST_REST_SECONDS)
            self._pacer.hold(self._rest_seconds)
        if self._rest_seconds >= _TOLD_FROM_SECONDS or reason in REFUSED_TOKENS:
            self._be_in_trouble(reason)
        return was_up

    def _be_in_trouble(self, reason: str) -> None:
        """A token that is refused is other trouble than a line that is down; all else is the same."""
        if self.trouble is None or (self.trouble in REFUSED_TOKENS) is not (reason in REFUSED_TOKENS):
            log.error("sending stopped: the platform does not answer", bot=self._bot, reason=reason)
            self.trouble = reason
            self._has_turned.set()

    def lost(self, reason: str) -> bool:
        """No answer came. Whether that may be this one delivery's own bad luck."""
        self._tries += 1
        self._lost_in_a_row += 1
        if self._lost_in_a_row < _LOST_IN_A_ROW and not self.is_down:
            return True
        self.failed(reason)
        return False
