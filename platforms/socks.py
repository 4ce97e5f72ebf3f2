"""A connector behind a SOCKS proxy; loaded only where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import ClientConnectionError, ClientTimeout
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

SOCKS_ERRORS = (ProxyError, ProxyConnectionError, ProxyTimeoutError)
"""They have no root of their own, and are none of aiohttp's."""


class SocksConnector(ProxyConnector):
    """What the proxy refuses, or cannot be asked, is a connection that was not made, as with any other."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 (as aiohttp has it)
    ) -> Connection:
        """A connection for a request. Raises ClientConnectionError."""
        try:
            return await super().connect(req, traces, timeout)
        except SOCKS_ERRORS as error:
            raise ClientConnectionError(type(error).__name__) from error
