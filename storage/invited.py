"""Whom an invitation was made for, sealed: everybody who writes /start gets one, also whoever then only reports.

Its key comes from the operator's and from the invitation's token, which is drawn once: no nonce is ever used again. The
library of ciphers is loaded with the first invitation, for whoever only delivers makes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from members.channel import PersonId
from storage.naming import Names
from storage.tables import invitations

_NONCE = bytes(12)
_LONGEST = 80


def sealed_invitee(names: Names, token: str, person: PersonId) -> bytes:
    """The person, so that neither who it is nor how long the number is can be read."""
    sealed: bytes = _cipher(names, token).encrypt(_NONCE, person.encode().ljust(_LONGEST), None)
    return sealed


def opened_invitee(names: Names, token: str, sealed: bytes) -> PersonId | None:
    """Who was sealed; None when it was with another secret."""
    from cryptography.exceptions import InvalidTag

    try:
        return PersonId(_cipher(names, token).decrypt(_NONCE, sealed, None).decode().rstrip())
    except InvalidTag:
        return None


async def invitations_of(connection: AsyncConnection, names: Names, person: PersonId) -> Sequence[Row[Any]]:
    """This person's. There are only those of the last minutes, so each is looked at."""
    rows = (await connection.execute(select(invitations))).all()
    return [row for row in rows if opened_invitee(names, row.token, row.invitee) == person]


def _cipher(names: Names, token: str) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(bytes.fromhex(names.pseudonym("invitation", token)))
