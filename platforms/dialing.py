"""How a platform's server is reached: its name, its certificate, and the proxy before it."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from aiohappyeyeballs import start_connection

from platforms.connection import Connection, NotBegun

_CONNECT_SECONDS = 10.0
_NAMES_KEPT_SECONDS = 300.0
# RFC 8305, section 5: how long one address is tried alone.
_NEXT_ADDRESS_AFTER_SECONDS = 0.25
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A server, and the path before all of its methods."""

    host: str
    port: int
    is_secure: bool
    path: str

    def request_head(self, path: str, content_type: str) -> bytes:
        """A POST request up to the body's length, which is told last, with an empty line after it (RFC 9112)."""
        named = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == _PORTS["https" if self.is_secure else "http"]
        lines = (
            f"POST {quote(self.path + path, safe='/:%~')} HTTP/1.1",
            f"Host: {named}" if is_usual else f"Host: {named}:{self.port}",
            "Accept-Encoding: identity",
            f"Content-Type: {content_type}",
            "Content-Length: ",
        )
        return "\r\n".join(lines).encode("ascii")


def address_in(url: str) -> Address:
    """The parts of a base address. Raises ValueError if it is none of a web server."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not the address of a web server")
    port = parts.port or _PORTS[parts.scheme]
    host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    return Address(host, port, parts.scheme == "https", parts.path.rstrip("/"))


def proxy_address(proxy: str | None) -> str | None:
    """A proxy's address as python-socks reads it.

    The h of ``socks5h://`` (the proxy looks names up) is left out: here it always does.
    """
    return proxy and re.sub(r"^(socks[45])h://", r"\1://", proxy)


class Dialer:
    """Opens connections to one server, directly or through an HTTP or SOCKS proxy."""

    def __init__(self, address: Address, proxy: str | None = None) -> None:
        self._address = address
        self._proxy = proxy_address(proxy)
        self._tls: ssl.SSLContext | None = None
        self._resolving = asyncio.Lock()
        self._found: list[Any] = []
        self._found_until = 0.0

    async def __call__(self) -> Connection:
        """A new connection. Raises NotBegun: its reason is the name of what went wrong."""
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await self._connected(await self._reached())
        except (OSError, ValueError) as error:  # TimeoutError and all of ssl's are OSErrors
            self._found.clear()
            raise NotBegun(type(error).__name__) from error

    async def _connected(self, reached: socket.socket) -> Connection:
        secured: dict[str, Any] = {}
        if self._address.is_secure:
            self._tls = self._tls or ssl.create_default_context()
            secured = {"ssl": self._tls, "server_hostname": self._address.host}
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, sock=reached, **secured)
        return connection

    async def _reached(self) -> socket.socket:
        if self._proxy is not None:
            from platforms.proxies import reach_through

            return await reach_through(self._proxy, self._address.host, self._address.port)
        return await start_connection(
            await self._resolved(), happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_SECONDS, interleave=1
        )

    async def _resolved(self) -> list[Any]:
        """The server's addresses; whoever comes while they are looked up waits for the same."""
        loop = asyncio.get_running_loop()
        async with self._resolving:
            if not self._found or loop.time() >= self._found_until:
                self._found = await loop.getaddrinfo(
                    self._address.host, self._address.port, type=socket.SOCK_STREAM
                )
                self._found_until = loop.time() + _NAMES_KEPT_SECONDS
            return list(self._found)
