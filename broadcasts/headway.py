"""How much is written down as intended before its turn comes, so that no slot finds nobody ready.

Little is better: whatever is intended when the process dies may have to be called unsure. But where commits are slow,
on a busy disk, the pace would be lost waiting for them.
"""

from __future__ import annotations

_COMMITS = 2
_SECONDS_AT_MOST = 0.25
_FORGOTTEN_A_COMMIT = 0.02


class Headway:
    """As much as goes out during two commits as slow as the slowest of late; within bounds."""

    def __init__(self, least_seconds: float) -> None:
        self._least_seconds = least_seconds
        self._slowest_seconds = 0.0

    def committed(self, seconds: float) -> None:
        """So long a commit of intents has just taken."""
        self._slowest_seconds = max(seconds, self._slowest_seconds * (1 - _FORGOTTEN_A_COMMIT))

    @property
    def seconds(self) -> float:
        """In seconds of sending at the pace of the moment."""
        return max(self._least_seconds, min(_COMMITS * self._slowest_seconds, _SECONDS_AT_MOST))
