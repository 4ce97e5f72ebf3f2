"""The line between a process and its database, which a test can cut: nothing arrives, and nobody is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import URL, make_url

_CHUNK_BYTES = 65_536


@dataclass
class Line:
    """A way to the database through a port of its own."""

    database: URL
    port: int = 0
    mended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """The database's address, over this line."""
        return self.database.set(port=self.port).render_as_string(hide_password=False)

    def cut(self) -> None:
        """From now on nothing passes, either way."""
        self.mended.clear()

    def mend(self) -> None:
        """What waited arrives."""
        self.mended.set()

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        far, forth = await asyncio.open_connection(self.database.host, self.database.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(near, forth))
                group.create_task(self._pass_on(far, back))
        finally:
            for end in (forth, back):
                end.transport.abort()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(_CHUNK_BYTES):
                await self.mended.wait()
                target.write(chunk)
                await target.drain()
        target.close()


@asynccontextmanager
async def open_line(database_url: str) -> AsyncIterator[Line]:
    """A line that carries, until it is cut."""
    line = Line(make_url(database_url))
    line.mend()
    connections: set[asyncio.Task[None]] = set()

    async def serve(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())  # type: ignore[arg-type]
        with contextlib.suppress(asyncio.CancelledError):
            await line.carry(near, back)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        line.mend()
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
