"""When each progress message may be changed next, so that no crowd of presses spends the platform's patience."""

from __future__ import annotations

import asyncio
import math

from bulletins.bulletin import BulletinId

EDITED_EVERY_SECONDS = 3.0
_REMEMBERED_AT_MOST = 256


class EditTimes:
    """By the running loop's clock."""

    def __init__(self, apart_seconds: float = EDITED_EVERY_SECONDS) -> None:
        self.apart_seconds = apart_seconds
        self._free_at: dict[BulletinId, float] = {}

    def took(self, bulletin_id: BulletinId, asked_to_wait_seconds: float = 0.0) -> None:
        """Its message was changed just now, or that was tried, and the platform asked to wait."""
        now = asyncio.get_running_loop().time()
        if len(self._free_at) >= _REMEMBERED_AT_MOST:
            self._free_at = {one: free_at for one, free_at in self._free_at.items() if free_at > now}
        self._free_at[bulletin_id] = now + max(self.apart_seconds, asked_to_wait_seconds)

    def free_at(self, bulletin_id: BulletinId) -> float:
        """The earliest time for its next change; long past when it may be changed now."""
        return self._free_at.get(bulletin_id, -math.inf)
