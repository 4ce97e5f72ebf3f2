"""The stage of a story: people do things in the world, and wait, as people do, until they see an answer.

Nothing here looks behind the screen: what counts is what a chat shows.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice, takewhile
from typing import TypeVar

from simulator.world import Bot, Chat, ShownButton, ShownMessage, User, World, WorldEvent

T = TypeVar("T")

Speak = Callable[[str], str]
"""A text of the product in the language of the story."""

PATIENCE_SECONDS = 60.0
_LOOKED_AT = 12


class NothingCame(Exception):
    """What a person waited for did not show in time; says who waited for what, and what they saw instead."""


class Stage:
    """One world with one bot, in which people act."""

    def __init__(self, world: World, bot: Bot, speak: Speak) -> None:
        self.world = world
        self.bot = bot
        self.speak = speak
        self._waiting: defaultdict[int, set[asyncio.Future[None]]] = defaultdict(set)
        world.subscribe(self._changed)

    def _changed(self, event: WorldEvent) -> None:
        for waiting in self._waiting.pop(event.chat_id, ()):
            if not waiting.done():
                waiting.set_result(None)

    async def until(
        self, chat_id: int, look: Callable[[], T | None], what: str, *, also: int | None = None
    ) -> T:
        """What ``look`` finds in a chat, as soon as it finds something. Raises NothingCame after a minute.

        ``also`` is a second chat to look into.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (found := look()) is None:
                    changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    for watched in {chat_id, chat_id if also is None else also}:
                        self._waiting[watched].add(changed)
                    await changed
                return found
        except TimeoutError:
            seen = " | ".join(message.text[:80] for message in self.last(chat_id))
            raise NothingCame(f"{what} did not come; the chat shows: {seen or 'nothing'}") from None

    def last(self, chat_id: int) -> list[ShownMessage]:
        """The newest messages of a chat, newest first."""
        return list(self._newest_first(chat_id))

    def _newest_first(self, chat_id: int) -> Iterator[ShownMessage]:
        """Each is drawn when it is looked at: what is waited for is mostly the newest."""
        place = self.world.chat(chat_id, bot=self.bot)
        for message in islice(reversed(place.messages.values()), _LOOKED_AT):
            yield self.world.shown(place, message)

    def newest_id(self, chat_id: int) -> int:
        """The id of the newest message; 0 in an empty chat."""
        return next((message.message_id for message in self._newest_first(chat_id)), 0)

    async def text(self, chat_id: int, words: str, *, after: int = 0) -> ShownMessage:
        """The newest message after ``after`` that contains ``words``."""

        def look() -> ShownMessage | None:
            shown = takewhile(lambda message: message.message_id > after, self._newest_first(chat_id))
            return next((message for message in shown if words in message.text), None)

        return await self.until(chat_id, look, f"“{words}”")

    def shows(self, chat_id: int, words: str) -> bool:
        """Whether one of the newest messages contains ``words``."""
        return any(words in message.text for message in self._newest_first(chat_id))

    def shown_button(
        self, chat_id: int, label: str, *, after: int = 0, under: str = ""
    ) -> tuple[ShownMessage, ShownButton] | None:
        """The newest button whose label contains ``label``, given in the words of the product's code.

        Only messages after ``after`` that contain ``under`` count.
        """
        words = self.speak(label)
        for message in takewhile(lambda one: one.message_id > after, self._newest_first(chat_id)):
            for button in chain.from_iterable(message.buttons):
                if words in button.label and under in message.text:
                    return message, button
        return None

    async def button(
        self, chat_id: int, label: str, *, after: int = 0, under: str = ""
    ) -> tuple[ShownMessage, ShownButton]:
        """The same, waited for."""
        look = partial(self.shown_button, chat_id, label, after=after, under=under)
        return await self.until(chat_id, look, f"the button “{self.speak(label)}”")

    async def press(
        self, user: User, chat: Chat | int, label: str, *, after: int = 0, under: str = ""
    ) -> None:
        """Wait for a button and press it."""
        chat_id = chat if isinstance(chat, int) else chat.id
        message, button = await self.button(chat_id, label, after=after, under=under)
        place = self.world.private_chat(user, self.bot) if chat_id == user.id else self.world.chat(chat)
        self.world.press(user, place, message.message_id, button.data or button.label)

    async def link(self, user: User, label: str) -> str:
        """Where a link button in somebody's private chat with the bot leads."""
        _, button = await self.button(user.id, label)
        if button.url is None:
            raise NothingCame(f"the button “{button.label}” is no link")
        return button.url

    def write(self, user: User, text: str) -> int:
        """Write to the bot in private; the id of the message."""
        return self.world.say(user, self.bot, text).id
