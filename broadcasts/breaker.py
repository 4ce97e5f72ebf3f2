"""The circuit breakers: what so many channels say alike is not about the channels. Pure rules.

Bytes that a platform refused once will be refused everywhere; and a whole town does not remove the bot at once.
"""

from __future__ import annotations

from members.channel import ChannelId

REJECTIONS_THAT_HALT = 3
DEPARTURES_THAT_HALT = 20
_DEPARTURES_BELIEVED = 5

UNKNOWN = "unknown_"
"""How the reason begins of a refusal in words that nobody knows; then come its code and these words."""
_ABOUT_THE_CHAT = "unknown_403"

MANY_GONE = "gone:many_in_a_row"
"""Why a bulletin is halted when one channel after another says that the bot is not there."""

NOT_AS_APPROVED = "not_as_approved"
"""Why a bulletin is halted that is not, byte for byte, what was approved."""


def should_halt(is_canary: bool, rejections: int) -> bool:
    """Whether to pause a bulletin after a refusal of its content, with that many channels having refused it.

    The operator's own channel is enough. After a moderator has resumed it, three more refusals halt it again.
    """
    return is_canary or (rejections > 0 and rejections % REJECTIONS_THAT_HALT == 0)


def may_be_about_content(reason: str) -> bool:
    """Whether a refusal may concern the bytes. An unknown "forbidden" is about the chat, as every known one is."""
    return not reason.startswith(_ABOUT_THE_CHAT)


def is_known(reason: str) -> bool:
    """Whether a refusal's words are understood. Unknown ones are alike only if they are the same, word for word."""
    return not reason.startswith(UNKNOWN)


class Departures:
    """How many channels in a row, of one bot, said that it is not there; one that took a message ends the row.

    The first few are believed. The others stay enrolled: if they are right, they say so again next time.
    """

    def __init__(self) -> None:
        self._in_a_row: set[ChannelId] = set()
        self._are_doubted = False

    def end(self) -> None:
        """Somebody took a message."""
        self._in_a_row.clear()
        self._are_doubted = False

    def left(self, channel: ChannelId) -> bool:
        """Whether to believe one that says so."""
        self._in_a_row.add(channel)
        self._are_doubted = self._are_doubted or len(self._in_a_row) > _DEPARTURES_BELIEVED
        return not self._are_doubted

    def should_halt(self) -> bool:
        """Whether something else must be wrong: the token is another bot's, or the platform is mistaken.

        After a moderator has resumed the bulletin, as many more in a row halt it again.
        """
        if len(self._in_a_row) < DEPARTURES_THAT_HALT:
            return False
        self._in_a_row.clear()
        return True
