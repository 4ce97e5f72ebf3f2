"""File ids: opaque to clients, valid for one bot only, several for one file (one a size)."""

from __future__ import annotations

import base64
import binascii

from simulator.world_model import Bot, FileKind, StoredFile

_PREFIX = {FileKind.PHOTO: "AgAC", FileKind.DOCUMENT: "BQAC", FileKind.VIDEO: "BAAC"}


def file_id(stored: StoredFile, bot: Bot, size: str = "x") -> str:
    """The id by which `bot` may send or fetch this file."""
    inside = f"{bot.id}:{stored.key}:{size}".encode()
    return _PREFIX.get(stored.kind, "CgAC") + base64.urlsafe_b64encode(inside).decode().rstrip("=")


def unique_id(stored: StoredFile, size: str = "x") -> str:
    """The same for every bot, and of no use for sending."""
    return f"AQAD{stored.key[:12]}{size}"


def key_of(identifier: str, bot: Bot) -> str | None:
    """The key of the file meant, or None for another bot's id and for anything that is none."""
    coded = identifier[4:]
    try:
        inside = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    owner, _, rest = inside.partition(":")
    return rest.partition(":")[0] if owner == str(bot.id) else None
