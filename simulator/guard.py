"""Who may talk to the simulator's port: a program on this machine, and a browser that shows its own page.

The page can speak in everybody's name, and the Bot API in the bot's, so a web site open in another tab must reach
neither. Loopback stops other machines; the Host header stops DNS rebinding; Origin, Sec-Fetch-Site and, for the page,
the JSON content type stop forged requests. A program sends no Origin; it has to know the token.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

SMALL_BODY_BYTES = 64 * 1024
PAGE = "/phones/"
PHOTO_BODY_BYTES = 4 * 1024 * 1024

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse strangers before anything is read, and send every answer with strict headers."""
    if not _is_local(request) or not _is_same_origin(request):
        raise web.HTTPForbidden(text="This port answers only to programs and pages of its own machine.\n")
    response = await handler(request)
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


@web.middleware
async def json_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What a form of another web site can send is no JSON."""
    if request.method == "POST" and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.\n")
    return await handler(request)


def _is_local(request: web.Request) -> bool:
    return _is_loopback(request.remote or "") and _names_this_machine(request.host)


@lru_cache(maxsize=128)
def _names_this_machine(host_and_port: str) -> bool:
    try:
        host = URL(f"http://{host_and_port}").host or ""
    except ValueError:
        return False
    return host == "localhost" or _is_loopback(host)


@lru_cache(maxsize=128)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_same_origin(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        return False
    # A link from elsewhere may open the page itself; everything else is asked for by the page, or by a program.
    allowed = {"same-origin", "none", "cross-site"} if request.path == PAGE else {"same-origin", "none"}
    return request.headers.get("Sec-Fetch-Site", "none") in allowed


async def read_body(request: web.Request, most_bytes: int = SMALL_BODY_BYTES) -> dict[str, Any]:
    """The JSON object of a request of bounded size; HTTP 413 or 400 for anything else."""
    data = bytearray()
    async for piece in request.content.iter_chunked(16 * 1024):
        data += piece
        if len(data) > most_bytes:
            raise web.HTTPRequestEntityTooLarge(most_bytes, len(data))
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="That is not JSON.\n") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="Send a JSON object.\n")
    return body
