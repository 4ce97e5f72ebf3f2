"""Proxies: an HTTP proxy is named at each request, a SOCKS proxy has a connector of its own."""

from __future__ import annotations

import re


def socks_address(proxy: str | None) -> str | None:
    """The address of a SOCKS proxy as aiohttp_socks reads it; None for an HTTP proxy, or none.

    The h of ``socks5h://`` (the proxy looks names up) is left out: here it always does.
    """
    if proxy is None or not proxy.startswith("socks"):
        return None
    return re.sub(r"^(socks[45])h://", r"\1://", proxy)
