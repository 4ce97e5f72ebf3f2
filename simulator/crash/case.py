"""The promises, and the evidence of one run with what several checks look up in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from simulator.crash.evidence import BulletinFact, ChannelFact, Evidence, Request


class Invariant(StrEnum):
    """The promises."""

    NO_CRASH = "the engine does not crash"
    FINAL = "every planned delivery is final, or unsure by policy"
    PLANNED = "every channel of the audience has a delivery"
    REACHED = "a channel that can be reached is reached"
    NO_REPEAT = "no channel gets a second copy unless it says so, and only where lives may depend on it"
    IN_LEDGER = "every copy the platform holds is in the ledger as sent or unsure"
    RECORDED = "nothing leaves that is not written down as being sent"
    REMEMBERED = "an answer that was heard is not forgotten"
    PACE = "the caps are never exceeded"
    WAITS = "a flood wait is obeyed, over restarts too"
    STOPPED = "a stopped or paused bulletin sends nothing more"
    CORRECTED = "a correction reaches every delivered copy"
    NEWEST = "what stands in a channel is the newest correction that reached it"
    OWN_COPY = "a correction changes only copies of what it corrects"
    OVERTAKES = "the more urgent goes first"
    QUIET = "quiet hours are kept"
    CANARY = "the operator's own channel goes first"
    PINNED = "where a channel chose so, every copy is pinned in the end"
    RECURS = "a series brings about each occurrence once, unless somebody skips it, and none by itself past its grace"
    ENDED = "a stopped series brings about nothing more"
    RESTS = "a channel that its admin has paused gets nothing more"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, and how."""

    invariant: Invariant
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


class Case:
    """The evidence, with what several checks look up."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.by_code = {bulletin.code: bulletin for bulletin in evidence.bulletins.values()}
        self.channel_of = {chat: channel for channel in evidence.channels.values() for chat in channel.chats}
        self.rows = {(row.bulletin_id, row.channel_id): row for row in evidence.deliveries}
        self.posts = [request for request in evidence.requests if request.is_post]
        self.of_delivery: dict[tuple[int, int], list[Request]] = defaultdict(list)
        for post in self.posts:
            if post.code in self.by_code and post.chat in self.channel_of:
                key = (self.by_code[post.code].id, self.channel_of[post.chat].id)
                self.of_delivery[key].append(post)

    def copies(self) -> Iterator[tuple[BulletinFact, ChannelFact, list[Request]]]:
        """Every bulletin and channel, with the posts that the platform has carried out, as they arrived."""
        for (bulletin_id, channel_id), posts in self.of_delivery.items():
            made = sorted((post for post in posts if post.message_id), key=lambda post: post.arrived or 0.0)
            if made:
                yield self.evidence.bulletins[bulletin_id], self.evidence.channels[channel_id], made

    def was_settled(self, post: Request) -> bool:
        """Whether the process lived long enough after the answer to write it down."""
        if post.confirmed is None:
            return False
        lived_on_seconds = self.evidence.lives[post.life].ended - post.confirmed
        return lived_on_seconds > self.evidence.settles_within_seconds
