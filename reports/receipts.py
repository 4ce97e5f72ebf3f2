"""The code a reporter keeps, ``PA-XXXX-XXXX``: random, easy to read out, telling nothing about anybody."""

from __future__ import annotations

import hashlib
import re

from reports.cases import Receipt

_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Douglas Crockford's base 32: no I, L, O, U."""
_PREFIX = "PA"
_MOST_TYPED_CHARACTERS = 40
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212.]")
_LOOK_ALIKES = str.maketrans("OIL", "011")


def make(secret: str) -> Receipt:
    """The receipt drawn from a fresh random secret: 40 bits of it, so that none can be guessed."""
    bits = int.from_bytes(hashlib.sha256(secret.encode()).digest()[:5])
    body = "".join(_SYMBOLS[bits >> 5 * place & 31] for place in range(8))
    return Receipt(f"{_PREFIX}-{body[:4]}-{body[4:]}")


def parse(typed: str) -> Receipt | None:
    """The receipt a person typed, else None. Case, blanks, hyphens, O for 0, I or L for 1 are forgiven."""
    if len(typed) > _MOST_TYPED_CHARACTERS:
        return None
    plain = _BETWEEN.sub("", typed).upper()
    # Eight symbols may begin with PA themselves.
    body = (plain if len(plain) == 8 else plain.removeprefix(_PREFIX)).translate(_LOOK_ALIKES)
    if len(body) != 8 or not set(body) <= set(_SYMBOLS):
        return None
    return Receipt(f"{_PREFIX}-{body[:4]}-{body[4:]}")
