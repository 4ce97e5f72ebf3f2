"""The world and its director together, as the page sees them: who holds a phone, what it shows, the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.phones.chats import chat_view, may_write, milliseconds
from simulator.phones.director import Director, Step, Words
from simulator.phones.tiles import tile_view
from simulator.world import Chat, User, World

MOST_TILES = 5_000
MOST_CHATS_A_PHONE = 40


@dataclass(frozen=True, slots=True)
class Scene:
    """Reading only; acts stand in `acts`."""

    world: World
    director: Director

    def place(self, chat_id: int) -> Chat:
        """A chat by its id; a person's id means their chat with the story's bot. KeyError for no chat."""
        return self.world.chat(chat_id, bot=self.director.cast.bot)

    def holder(self, user_id: int) -> User:
        """The person who holds one of the phones; KeyError for anybody else."""
        if user_id not in dict(self.director.cast.phones):
            raise KeyError(user_id)
        return self.world.users[user_id]

    def phones(self) -> list[dict[str, Any]]:
        return [self._phone(self.world.users[user], role) for user, role in self.director.cast.phones]

    def _phone(self, person: User, role: str) -> dict[str, Any]:
        private = self.world.private_chat(person, self.director.cast.bot)
        groups = [place for place in self.world.chats.values() if _is_listed(place, person)]
        places = [private, *groups[-MOST_CHATS_A_PHONE:]]
        return {
            "user": person.id,
            "name": person.name,
            "role": role,
            "commands": self._commands(person),
            "chats": [{"id": place.id, "writes": may_write(place, person)} for place in places],
        }

    def _commands(self, person: User) -> list[dict[str, str]]:
        """The bot's menu as this person's app shows it: the narrowest scope that has one, in their language.

        Source of the order: https://core.telegram.org/bots/api#determining-list-of-commands
        """
        commands = self.world.bots[self.director.cast.bot].commands
        scopes = (f"chat:{person.id}", "all_private_chats", "default")
        keys = ((scope, language) for scope in scopes for language in (person.language_code, ""))
        return next((commands[key] for key in keys if commands.get(key)), [])

    def chat(self, chat_id: int) -> dict[str, Any]:
        return chat_view(self.world, self.place(chat_id))

    def channels(self) -> tuple[int, ...]:
        return tuple(self.director.channels[:MOST_TILES])

    def tile(self, chat_id: int) -> dict[str, Any]:
        return tile_view(self.place(chat_id), self.director.cast.bot, self.director.marks.get(chat_id))

    def story(self) -> dict[str, Any]:
        return {"position": self.director.position, "playing": self.director.playing}

    def now(self) -> int:
        return milliseconds(self.world.now())

    def state(self) -> dict[str, Any]:
        """Everything, for a page that has just been opened."""
        bot = self.world.bots[self.director.cast.bot]
        phones = self.phones()
        chat_ids = dict.fromkeys(chat["id"] for phone in phones for chat in phone["chats"])
        channels = self.channels()
        return {
            "bot": {"id": bot.id, "name": bot.name, "username": bot.username},
            "phones": phones,
            "chats": [self.chat(chat_id) for chat_id in chat_ids],
            "channels": channels,
            "tiles": [self.tile(chat_id) for chat_id in channels],
            "steps": [_step(step) for step in self.director.steps],
            "story": self.story(),
            "now": self.now(),
        }


def _is_listed(place: Chat, person: User) -> bool:
    return place.member(person.id).is_present and not place.is_deleted and place.upgraded_to is None


def _step(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        "title": _words(step.title),
        "caption": _words(step.caption),
        "actors": list(step.actors),
    }


def _words(words: Words) -> dict[str, str]:
    return {"vi": words.vi, "en": words.en}
