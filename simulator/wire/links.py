"""Which link texts the platform accepts as the target of a formatted link or a button."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_USER_LINK = re.compile(r"tg://(?:user|openmessage)/?\?(?:user_)?id=(\d{1,19})\Z", re.IGNORECASE)
_APP_SCHEMES = frozenset({"tg", "ton", "tonsite"})
_HOST = re.compile(r"[^\s/?#@:]+\Z")


def mentioned_user(link: str) -> int | None:
    """The id of the person a `tg://user?id=…` link points at."""
    match = _USER_LINK.match(link)
    return int(match.group(1)) if match else None


def checked_link(link: str) -> str | None:
    """The link in the form the platform keeps, or None when it is none: `a.vn` becomes `http://a.vn/`."""
    link = link.strip()
    match = _SCHEME.match(link)
    scheme = match.group(1).lower() if match else "http"
    rest = link[match.end() :] if match else link
    if scheme in _APP_SCHEMES:
        return f"{scheme}://{rest}" if rest else None
    if scheme not in ("http", "https"):
        return None
    cut = next((index for index, char in enumerate(rest) if char in "/?#"), len(rest))
    address, path = rest[:cut], rest[cut:]
    host, _, port = address.rpartition("@")[2].partition(":")
    if "." not in host.strip(".") or not _HOST.match(host) or (port and not port.isdigit()):
        return None
    path = path if path.startswith("/") else f"/{path}"
    return f"{scheme}://{address.lower()}{path}"
