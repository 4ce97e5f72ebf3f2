"""What exactly is posted to a channel: the approved bulletin in its language, marked when it is sent again.

Or a correction of a copy that is already there. Rendered once for all channels of one language and taste.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from broadcasts.broadcast import Broadcast
from broadcasts.consent import may_go_alone
from broadcasts.corrections import CANNOT_EDIT, known_copy, new_picture, note_without_copy
from broadcasts.ports import Content, Due, OpenBulletin, Shelf
from bulletins.bulletin import BulletinId, Language
from bulletins.canonical import approval_hash
from bulletins.rendering import (
    Imprint,
    Rendered,
    render,
    render_corrected_copy,
    render_correction_notice,
    render_resent,
)

_BULLETINS_KEPT = 32
_CONTENTS_KEPT = 512


class NotAsApproved(Exception):
    """A bulletin is not, byte for byte, what was approved; nothing of it may go out."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a message that stands in the channel becomes."""

    message_id: str
    content: Content


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes to one channel: a message, and for a correction also what is changed before it."""

    post: Content
    changes: tuple[Change, ...] = ()
    reply_to: str | None = None
    note: str | None = None
    """What is kept beside the delivery: why there is or may be a copy that is not changed."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a platform lets a bot do with its own messages."""

    edits: bool = True
    replies: bool = True


class Letters:
    """Makes letters; remembers bulletins and renderings, a bounded number of each."""

    def __init__(self, shelf: Shelf, imprint: Imprint, means: Means) -> None:
        self._shelf = shelf
        self._imprint = imprint
        self._means = means
        self._finding = asyncio.Lock()
        self._bulletins: dict[BulletinId, Broadcast] = {}
        self._contents: dict[tuple[object, ...], Content] = {}

    async def letter(self, due: Due, bulletin: OpenBulletin) -> Letter:
        """The letter for a delivery. Raises NotAsApproved."""
        note = note_without_copy(due)
        standing = known_copy(due) or _known_former(due)
        if bulletin.corrects is None or standing is None:
            return Letter(await self._whole(due), note=note)
        if self._means.edits:
            return replace(await self._correction(due, bulletin.corrects), note=note)
        reply_to = standing if self._means.replies else None
        return Letter(await self._whole(due), reply_to=reply_to, note=note or CANNOT_EDIT)

    async def _whole(self, due: Due) -> Content:
        """The bulletin itself, marked when it is sent again."""
        key = (due.bulletin_id, due.language, due.silent, due.resent)
        known = self._contents.get(key)
        if known is not None:
            return known
        broadcast = await self._find(due.bulletin_id)
        known = self._contents.get(key)  # many wait for the first to find it
        if known is not None:
            return known
        make = render_resent if due.resent else render
        rendered = make(broadcast.bulletin, due.language, imprint=self._imprint)
        return self._keep(key, Content(rendered, broadcast.bulletin.media, due.silent))

    async def _correction(self, due: Due, corrects: BulletinId) -> Letter:
        """The copy as it becomes, and the notice under it; sent again, the whole correction, marked so.

        What an older correction posted says the same afterwards: its notice, or it itself where no copy is known.
        """
        original, correction = await self._find(corrects), await self._find(due.bulletin_id)
        copy = self._rendered(render_corrected_copy, original, correction, due.language)
        notice = self._rendered(render_correction_notice, original, correction, due.language)
        picture = new_picture(original.bulletin, correction.bulletin)
        post = await self._whole(due) if due.resent else Content(notice, picture, due.silent)
        copy_id, former_id = known_copy(due), _known_former(due)
        if copy_id is None:
            changes = [(former_id, Content(copy))]
        else:
            changes = [(copy_id, Content(copy, original.bulletin.media)), (former_id, Content(notice))]
        return Letter(
            post=post,
            changes=tuple(Change(message_id, content) for message_id, content in changes if message_id),
            reply_to=copy_id or former_id,
        )

    def _rendered(
        self, make: Callable[..., Rendered], original: Broadcast, correction: Broadcast, language: Language
    ) -> Rendered:
        key = (make, original.id, correction.id, language)
        known = self._contents.get(key)
        if known is None:
            rendered = make(original.bulletin, correction.bulletin, language, imprint=self._imprint)
            known = self._keep(key, Content(rendered))
        return known.rendered

    async def _find(self, bulletin_id: BulletinId) -> Broadcast:
        async with self._finding:
            known = self._bulletins.get(bulletin_id)
            return known or await self._fetch(bulletin_id)

    async def _fetch(self, bulletin_id: BulletinId) -> Broadcast:
        found = await self._shelf.find(bulletin_id)
        if found is None or approval_hash(found.bulletin).hex() != found.approval_hash:
            raise NotAsApproved(bulletin_id)
        if found.is_by_one and not may_go_alone(found):
            raise NotAsApproved(bulletin_id)
        if len(self._bulletins) >= _BULLETINS_KEPT:
            del self._bulletins[next(iter(self._bulletins))]
        self._bulletins[bulletin_id] = found
        return found

    def _keep(self, key: tuple[object, ...], content: Content) -> Content:
        if len(self._contents) >= _CONTENTS_KEPT:
            del self._contents[next(iter(self._contents))]
        self._contents[key] = content
        return content


def _known_former(due: Due) -> str | None:
    return due.former.message_id if due.former is not None else None
