"""The world behind the simulated platform: chats, people and bots, and everything people can do in it.

`World` is pure state with synchronous methods: no sockets, no sleeping, the clock and randomness passed in.
Each act of a person changes what is shown and queues the updates the bots concerned would get.

    world_model     the records
    world_state     registries, posting, telling bots and watchers
    world_members   chats, joining, rights, blocking, upgrading, deleting
    world_talk      writing, editing, pinning, pressing, reacting, inline
    world_forwards  forwarding and origins
    world_links     deep links, choosing a chat for a bot
    world_view      what a chat shows
"""

from __future__ import annotations

from simulator.world_model import (
    ActError,
    Bot,
    Call,
    Chat,
    ChatKind,
    EventKind,
    FileKind,
    Member,
    MemberStatus,
    Message,
    Origin,
    OriginKind,
    RichText,
    Topic,
    User,
    WorldEvent,
)
from simulator.world_view import SenderKind, ShownButton, ShownMessage, WorldView

__all__ = [
    "ActError",
    "Bot",
    "Call",
    "Chat",
    "ChatKind",
    "EventKind",
    "FileKind",
    "Member",
    "MemberStatus",
    "Message",
    "Origin",
    "OriginKind",
    "RichText",
    "SenderKind",
    "ShownButton",
    "ShownMessage",
    "Topic",
    "User",
    "World",
    "WorldEvent",
]


class World(WorldView):
    """All of it together; see the module's docstring for what stands where."""
