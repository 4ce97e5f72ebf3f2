"""Sealing of buttons: what one stands for opens with its token, which only the message in the chat holds.

    token ── SHA-512 ──> the key of its row · the key that seals it

A token is 128 random bits, so nobody finds one by trying. Each token seals once: no nonce is ever used again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from members.buttons import Button
from storage.sealing import padded

_NONCE = bytes(12)


def row_key(token: str) -> str:
    """Under which the button with this token stands; anything may be asked for, as anybody may press anything."""
    return _halves(token)[0].hex()


def sealed_button(button: Button) -> bytes:
    """All of it but who used it."""
    content = asdict(button) | {"expires_at": button.expires_at.isoformat()}
    del content["used_by"], content["token"]
    return AESGCM(_halves(button.token)[1]).encrypt(_NONCE, padded(json.dumps(content).encode()), None)


def opened_button(token: str, sealed: bytes) -> Button | None:
    """The button, not used yet; None when these bytes are not of this token."""
    try:
        content = json.loads(AESGCM(_halves(token)[1]).decrypt(_NONCE, sealed, None))
    except InvalidTag:
        return None
    return Button(token=token, **{**content, "expires_at": datetime.fromisoformat(content["expires_at"])})


def group_name(group: str) -> str:
    """What the buttons of one message have in common in the database."""
    return hashlib.sha256(f"loa group\0{group}".encode()).hexdigest()


def use_mark(group: str, press: str) -> str:
    """That this press used them up. Keyed by the group, for the number of a press contains that of an account."""
    return hmac.digest(group.encode(), press.encode(), hashlib.sha256).hex()


def _halves(token: str) -> tuple[bytes, bytes]:
    digest = hashlib.sha512(b"loa button\0" + token.encode("utf-8", "surrogatepass")).digest()
    return digest[:32], digest[32:]
