"""A SOCKS5 server on loopback that leads every connection to one address, and remembers where they wanted to go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_NO_AUTHENTICATION = b"\x05\x00"
_BY_NAME = 3


class SocksServer:
    """RFC 1928 without authentication; with ``refuses`` it lets nobody through (section 6: 2, not allowed)."""

    def __init__(self, leads_to: int, refuses: bool) -> None:
        self.port = 0
        self.wanted: list[tuple[str, int]] = []
        self._leads_to = leads_to
        self._refuses = refuses

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _, methods = await reader.readexactly(2)
            await reader.readexactly(methods)
            writer.write(_NO_AUTHENTICATION)
            *_, kind = await reader.readexactly(4)
            length = (await reader.readexactly(1))[0] if kind == _BY_NAME else 4
            host = await reader.readexactly(length)
            port = int.from_bytes(await reader.readexactly(2))
            self.wanted.append((host.decode() if kind == _BY_NAME else ".".join(map(str, host)), port))
            writer.write(bytes((5, 2 if self._refuses else 0, 0, 1, 0, 0, 0, 0, 0, 0)))
            if not self._refuses:
                await self._lead(reader, writer)
        finally:
            writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._leads_to)
        try:
            await asyncio.gather(_carry(reader, back), _carry(there, writer))
        finally:
            back.close()


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(65_536):
        target.write(piece)
        await target.drain()
    target.close()


@asynccontextmanager
async def socks_server(leads_to: int, *, refuses: bool = False) -> AsyncIterator[SocksServer]:
    """One that runs."""
    running = SocksServer(leads_to, refuses)
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    async with server:
        yield running
