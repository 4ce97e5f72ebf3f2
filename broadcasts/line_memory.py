"""What must be known of a token's line beyond the process that keeps watch over it: that it is down, and why.

It is written down first, and told then. So every process can say why nothing moves, whoever sends next knows that
people were told, and what was told is taken back by an answer of the platform alone, never because a watch ended.
"""

from __future__ import annotations

from broadcasts.line import Line
from broadcasts.persistence import Persistence
from broadcasts.ports import LineStore, Notices


class LineMemory:
    """Of one bot's token. ``keep`` runs as long as its pump."""

    def __init__(
        self, bot: str, line: Line, lines: LineStore, notices: Notices, persistence: Persistence
    ) -> None:
        self._bot = bot
        self._line = line
        self._lines = lines
        self._notices = notices
        self._persistence = persistence
        self._written: str | None = None

    async def restore(self) -> None:
        """Go on from what was last seen, by this process or by another one."""
        self._written = await self._lines.load_line(self._bot)
        self._line.resume(self._written)

    async def keep(self) -> None:
        """Write down each turn, until cancelled."""
        while True:
            await self._line.turned()
            await self._persistence.until_done(self._write)

    async def _write(self) -> None:
        trouble = self._line.trouble
        if trouble == self._written:
            return
        await self._lines.save_line(self._bot, trouble)
        self._written = trouble
        if trouble is None:
            self._notices.line_recovered(self._bot)
        else:
            self._notices.line_failed(self._bot, trouble)
