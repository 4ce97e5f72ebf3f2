"""Pictures of bulletins, kept whole under their SHA-256: what was approved can always be uploaded again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.availability import available
from storage.committer import Committer
from storage.tables import media_handles, pictures

LARGEST_PICTURE_BYTES = 10 * 1024 * 1024
"""What Telegram takes as a photo (Bot API, sendPhoto)."""


class PictureShelf:
    """Keeps pictures, and under which handle a bot's platform already has them."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

    async def keep(self, content: bytes, at: datetime) -> str:
        """The SHA-256 of ``content``, now kept. ValueError when it is larger than any platform takes."""
        if len(content) > LARGEST_PICTURE_BYTES:
            raise ValueError(f"a picture has at most {LARGEST_PICTURE_BYTES} bytes, not {len(content)}")
        sha256 = hashlib.sha256(content).hexdigest()

        async def work(connection: AsyncConnection) -> None:
            known = await connection.scalar(select(pictures.c.sha256).where(pictures.c.sha256 == sha256))
            if known is None:
                await connection.execute(insert(pictures).values(sha256=sha256, content=content, kept_at=at))

        await self._committer.write(work)
        return sha256

    async def content(self, sha256: str) -> bytes | None:
        """The picture, or None when it was never kept."""

        async def read() -> bytes | None:
            async with self._engine.connect() as connection:
                return await connection.scalar(select(pictures.c.content).where(pictures.c.sha256 == sha256))

        return await available(read())

    async def handle(self, bot: str, sha256: str) -> str | None:
        """Under which handle the platform already has it for this bot, or None."""
        key = (media_handles.c.bot == bot) & (media_handles.c.sha256 == sha256)

        async def read() -> str | None:
            async with self._engine.connect() as connection:
                return await connection.scalar(select(media_handles.c.handle).where(key))

        return await available(read())

    async def remember_handle(self, bot: str, sha256: str, handle: str) -> None:
        """The platform already has this picture for this bot: it need not be uploaded again."""

        async def work(connection: AsyncConnection) -> None:
            key = (media_handles.c.bot == bot) & (media_handles.c.sha256 == sha256)
            await connection.execute(delete(media_handles).where(key))
            await connection.execute(insert(media_handles).values(bot=bot, sha256=sha256, handle=handle))

        await available(self._committer.write(work))
