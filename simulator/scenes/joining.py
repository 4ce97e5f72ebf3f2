"""Admins bring the bot into their groups and channels, read the pledge, and pledge."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from simulator.cast import Part
from simulator.scenes.plot import Plot
from simulator.world import ChatKind, SenderKind


class Joining:
    """The scenes of the members."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot

    async def enrol(self) -> str:
        """Each admin brings the bot into their group or channel, and is shown the pledge in private."""
        await self._each_part(self._bring_in)
        count = len(self._plot.players.parts)
        return self._plot.told(f"{count} nhóm, kênh đã thêm Loa", f"{count} groups and channels added Loa")

    async def _bring_in(self, part: Part) -> None:
        stage, admin = self._plot.stage, part.admin
        if self._is_member(part) or stage.world.chats[part.chat_id].member(stage.bot.id).is_present:
            return
        stage.world.start(admin, stage.bot)
        await self._plot.beat()
        is_broadcast = part.chat(stage.world).kind is ChatKind.BROADCAST
        url = await stage.link(admin, "📢 Add to a channel" if is_broadcast else "➕ Add to a group")
        stage.world.open_link(admin, url, part.chat(stage.world))
        await stage.button(admin.id, "I have read it")

    async def pledge(self) -> str:
        """Each admin reads, and then pledges: two presses, the second one deliberate."""
        await self._each_part(self._pledge)
        count = self._plot.tally.pledges = sum(map(self._is_member, self._plot.players.parts))
        return self._plot.told(f"{count} quản trị viên đã cam kết", f"{count} admins pledged")

    async def _pledge(self, part: Part) -> None:
        stage, admin = self._plot.stage, part.admin
        if self._is_member(part):
            return
        if stage.shown_button(admin.id, "🤝 I pledge this") is None:
            await stage.press(admin, admin.id, "I have read it")
            await self._plot.beat()
        await stage.press(admin, admin.id, "🤝 I pledge this")
        await stage.until(part.chat_id, lambda: self._is_member(part) or None, "the bot's first word")

    def _is_member(self, part: Part) -> bool:
        """The bot has introduced itself there, which it does when the pledge is confirmed."""
        return any(
            message.sender_kind in (SenderKind.BOT, SenderKind.CHAT)
            and f"@{self._plot.players.bot.username}" in message.text
            for message in self._plot.stage.world.shows(part.chat_id)
        )

    async def _each_part(self, act: Callable[[Part], Awaitable[None]]) -> None:
        """All admins, some at a time, as they would be on one evening."""
        room = asyncio.Semaphore(self._plot.together)

        async def in_turn(part: Part) -> None:
            async with room:
                await act(part)

        results = await asyncio.gather(*map(in_turn, self._plot.players.parts), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
