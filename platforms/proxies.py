"""Proxies, HTTP and SOCKS; loaded only where there is one."""

from __future__ import annotations

import socket

from python_socks import ProxyError
from python_socks.async_.asyncio import Proxy


async def reach_through(proxy: str, host: str, port: int) -> socket.socket:
    """A way to ``host``, which the proxy looks up. Raises OSError."""
    try:
        return await Proxy.from_url(proxy, rdns=True).connect(host, port)
    except ProxyError as error:  # the others that it knows are OSErrors
        raise ConnectionError(type(error).__name__) from error
