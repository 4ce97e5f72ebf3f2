"""The demonstration: the product against the simulator, told as a story or watched on the phones page.

The product's side is the one that ``loa run`` opens. Only its settings are made here, to lead to the simulator.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from typing import IO

from aiohttp import web

from bot.app import Duty, open_app
from bot.configuration import BotSecrets, Secrets
from bot.latch import take_latch
from bot.mistakes import OperatorMistake
from bot.person_language import load_texts
from bot.settings import (
    Choice,
    Issuer,
    Network,
    Pace,
    Person,
    Role,
    Settings,
    TelegramBot,
)
from bot.storehouse import make_folder
from bot.surroundings import Surroundings
from bot.texts import gettext as _
from simulator.cast import BOT_TOKEN, Players, assemble, recall
from simulator.journal import PlantedRecordError, open_kept_simulator
from simulator.phones.page import mount
from simulator.scenes.plot import CapFile, Plot, Tally
from simulator.stage import Stage
from simulator.story import Say, Story
from simulator.telegram_api import TelegramSimulator
from simulator.telling import StoryDirector
from simulator.world_state import utc_now

_BOT = "loa"
_TOKEN_BYTES = 24
_DEMO_DUTIES = frozenset({Duty.UPDATES, Duty.DELIVERIES})
# As fast as the simulator can: a story is told in seconds. On the phones page one wants to watch.
_STORY_PACE = Pace(paid_broadcast=True, paid_rate_per_second=1_000, chat_per_second=30, group_per_minute=60)
_WATCHED_PACE = Pace(rate_per_second=4, chat_per_second=5, group_per_minute=60)


def demonstration_settings(
    players: Players, base_url: str, folder: Path, *, language: str, pace: Pace
) -> Settings:
    """What ``config.yaml`` would say, if Telegram were the simulator and the staff were the story's."""
    moderator, approver = frozenset({Role.MODERATOR, Role.APPROVER}), frozenset({Role.APPROVER})
    staff = tuple(
        Person(person=f"telegram:{user.id}", name=user.first_name, roles=roles)
        for user, roles in ((players.lan, moderator), (players.minh, moderator), (players.hanh, approver))
    )
    bot = TelegramBot(
        name=_BOT,
        base_url=base_url,
        moderators_chat=str(players.moderators),
        canary_chat=str(players.canary),
        pace=pace,
    )
    network = Network(
        name="Mạng lưới Loa – trình diễn" if language == "vi" else "Loa network – demonstration",
        language="vi" if language == "vi" else "en",
        issuers=(Issuer(key="cong-an", vi="Công an tỉnh (ví dụ)", en="Provincial Police (example)"),),
        topics=(
            Choice(key="scams", vi="Cảnh báo lừa đảo", en="Scam warnings"),
            Choice(key="weather", vi="Thời tiết, thiên tai", en="Weather and disasters"),
        ),
    )
    return Settings(network=network, data_folder=folder, telegram=(bot,), staff=staff)


def _new_token() -> str:
    """Nobody else on this machine, and no web site, can guess it: with it one speaks for the bot."""
    number, _, _ = BOT_TOKEN.partition(":")
    return f"{number}:{token_urlsafe(_TOKEN_BYTES)}"


def _secrets(token: str) -> Secrets:
    """Worth little: they open a simulator on this machine."""
    return Secrets(key=bytes(range(32)), bots={_BOT: BotSecrets(token=token)})


async def tell_story(channels: int, *, language: str, cap_file: CapFile | None, say: Say) -> Tally:
    """The whole main job, headless, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="loa-story-") as folder:
        async with TelegramSimulator() as simulator:
            players = assemble(simulator.world, channels, language, _new_token())
            settings = demonstration_settings(
                players, simulator.base_url, Path(folder), language=language, pace=_STORY_PACE
            )
            async with open_app(settings, _secrets(players.bot.token), duties=_DEMO_DUTIES):
                return await Story(_plot(simulator, players, language, cap_file), say).tell()


def _plot(
    simulator: TelegramSimulator, players: Players, language: str, cap_file: CapFile | None = None
) -> Plot:
    stage = Stage(simulator.world, players.bot, load_texts().locales[language].gettext)
    return Plot(stage, players, language, cap_file)


@dataclass(frozen=True, slots=True)
class Demo:
    """A demonstration that is running."""

    page_url: str
    director: StoryDirector
    wait: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a demonstration is wanted."""

    folder: Path
    port: int
    language: str
    channels: int = 12
    now: Callable[[], datetime] = utc_now


@asynccontextmanager
async def open_demo(wishes: Wishes, *, plays: bool) -> AsyncIterator[Demo]:
    """The phones page, and behind it the product against a simulator that remembers.

    With ``plays`` the story begins when somebody looks. Killed and opened again on the same folder, everything goes
    on. Raises OperatorMistake for a port or a folder in use.
    """
    make_folder(wishes.folder)
    with _alone_in(wishes.folder):
        async with _open_demo(wishes, plays=plays) as demo:
            yield demo


@asynccontextmanager
async def _open_demo(wishes: Wishes, *, plays: bool) -> AsyncIterator[Demo]:
    simulator, was_there = _remembering_simulator(wishes)
    world, memory = simulator.world, _Memory(wishes.folder / "story.json")
    players = recall(world) if was_there else assemble(world, wishes.channels, wishes.language, _new_token())
    language = memory.language if was_there else wishes.language
    story = Story(_plot(simulator, players, language), lambda _key, _said: None)
    director = StoryDirector(world, story, at=memory.position, keep=lambda at: memory.keep(at, language))
    memory.keep(memory.position, language)
    mount(simulator.app, simulator, director)
    audience = _Audience(simulator)
    await _listen(simulator, wishes.port)
    try:
        settings = demonstration_settings(
            players, simulator.base_url, wishes.folder, language=language, pace=_WATCHED_PACE
        )
        around = Surroundings(now=wishes.now)
        async with open_app(
            settings, _secrets(players.bot.token), surroundings=around, duties=_DEMO_DUTIES
        ) as app:
            if plays:
                app.supervisor.own("story", partial(_play_to, audience, director))
            yield Demo(f"{simulator.base_url}/phones/?lang={language}", director, app.wait)
    finally:
        await simulator.stop()


def _remembering_simulator(wishes: Wishes) -> tuple[TelegramSimulator, bool]:
    try:
        return open_kept_simulator(wishes.folder / "simulator.journal", wishes.now)
    except PlantedRecordError as error:
        raise OperatorMistake(
            _(
                "The story in {folder} holds something that Loa never wrote: delete that folder, or name another with"
                " --data."
            ).format(folder=wishes.folder)
        ) from error


class _Audience:
    """Knows when somebody has opened the page: a story is not told to an empty room."""

    def __init__(self, simulator: TelegramSimulator) -> None:
        self._came = asyncio.Event()
        self.came = self._came.wait
        simulator.app.on_response_prepare.append(self._answered)

    async def _answered(self, request: web.Request, _response: web.StreamResponse) -> None:
        if request.path == "/phones/api/events":
            self._came.set()


async def _play_to(audience: _Audience, director: StoryDirector) -> None:
    await audience.came()
    await director.play()


def _alone_in(folder: Path) -> IO[bytes]:
    """Two processes in one folder would tear its world apart."""
    try:
        return take_latch(folder / "demo.lock")
    except BlockingIOError as error:
        raise OperatorMistake(
            _("Another demonstration is using {folder}: stop it, or name another folder with --data.").format(
                folder=folder
            )
        ) from error


async def _listen(simulator: TelegramSimulator, port: int) -> None:
    try:
        await simulator.start(port)
    except PermissionError as error:
        raise OperatorMistake(
            _("This user may not use port {port}: choose one above 1023 with --port.").format(port=port)
        ) from error
    except OSError as error:
        raise OperatorMistake(
            _("Port {port} is in use: stop what listens there, or choose another with --port.").format(
                port=port
            )
        ) from error


class _Memory:
    """Which scene was told last, and in which language, kept over a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.position, self.language = -1, "vi"
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            self.position, self.language = int(kept["position"]), str(kept["language"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # nothing was told yet, or the file was cut off: the story begins, the world stays

    def keep(self, position: int, language: str) -> None:
        """Written beside and moved in place, so that a crash leaves one or the other."""
        self.position, self.language = position, language
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps({"position": position, "language": language}), encoding="utf-8")
        beside.replace(self._path)
