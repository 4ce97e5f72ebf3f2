"""Names that stand for people in the database: keyed, so that nobody can guess whose they are.

HKDF (RFC 5869) by the standard library alone: what delivers first must not wait for a library of ciphers.
"""

from __future__ import annotations

import hashlib
import hmac

KEY_BYTES = 32
_NO_SALT = bytes(KEY_BYTES)


class Names:
    """Makes pseudonyms under the operator's secret key."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES:
            raise ValueError(f"the secret key needs at least {KEY_BYTES} bytes")
        self._naming = derived(secret, "naming")

    def pseudonym(self, purpose: str, text: str) -> str:
        """The same name for the same text and purpose, as 64 hexadecimal digits."""
        return named(self._naming, f"{purpose}\0{text}")


def derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, of which nobody gets back to ``key``: 32 bytes."""
    drawn = hmac.digest(_NO_SALT, key, hashlib.sha256)
    return hmac.digest(drawn, f"loa {purpose} 1".encode() + b"\x01", hashlib.sha256)


def named(key: bytes, text: str) -> str:
    """What stands for ``text`` under ``key``, as 64 hexadecimal digits."""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
