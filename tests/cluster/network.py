"""A network that several processes share: one PostgreSQL, one simulated Telegram, real ``loa run`` processes.

Each process reaches the simulator under a path of its own, so the simulator's log says who called.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import yaml
from aiohttp import web
from sqlalchemy import Row, insert, select

from bot.app import App, Duty, open_app
from bot.cluster import Cluster
from bot.configuration import BotSecrets, Secrets
from bot.posts import open_cluster
from bot.settings import Cluster as ClusterSettings
from bot.settings import Database, Pace, Person, Role, Settings, TelegramBot
from bot.storehouse import Storehouse, open_storehouse
from bot.supervisor import OnCrash, Supervisor
from bot.surroundings import Surroundings
from broadcasts.book import Consented
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.drafting import Origin, Weight, blank, weighted, worded
from broadcasts.lifecycle import Desk
from bulletins.bulletin import VIETNAMESE, BulletinId, Status, Text
from members.channel import PersonId
from members.roles import Role as StaffRole
from simulator.telegram_api import TelegramSimulator
from simulator.world import Bot
from storage.tables import bulletins, channels, deliveries
from tests.keys import SECRET

ROOT = Path(__file__).resolve().parents[2]
KEY = bytes(range(32))
LAN, MINH, PHUC = (PersonId(f"telegram:{1001 + number}") for number in range(3))
STAFF = {LAN: "Lan", MINH: "Minh", PHUC: "Phúc"}
RESENT = "Gửi lại"
STALLED_SECONDS = 5.0
_PATIENCE_SECONDS = 120.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a process, and when it arrived, by the test's own monotonic clock."""

    node: str
    bot: str
    method: str
    chat: str
    at: float


@dataclass(slots=True)
class Node:
    """One ``loa run`` process."""

    name: str
    process: asyncio.subprocess.Process

    def kill(self) -> None:
        """As a machine dies."""
        self.process.send_signal(signal.SIGKILL)

    def freeze(self) -> None:
        """It neither works nor dies."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """And goes on, as if nothing had been."""
        self.process.send_signal(signal.SIGCONT)

    async def stop(self) -> int:
        """As systemd stops it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_STOP_SECONDS):
            return await self.process.wait()


@dataclass
class Network:
    """What a test drives and looks into."""

    settings: Settings
    simulator: TelegramSimulator
    house: Storehouse
    desk: Desk
    cluster: Cluster
    folder: Path
    bots: dict[str, Bot]
    calls: list[Call]
    groups: list[str] = field(default_factory=list)
    composed: int = 0
    nodes: list[Node] = field(default_factory=list)

    # --- bulletins -------------------------------------------------------------------------------------

    async def send(self, weight: Weight = Weight.ORDINARY, at: datetime | None = None) -> BulletinId:
        """Lan writes a notice, Minh approves it, and from that moment, or the one named, it is sent."""
        self.composed += 1
        headline = f"Phun thuốc muỗi đợt {self.composed}"
        words = Text(headline, "Từ 7 giờ, các hộ đóng kín cửa.", "Gọi 0912 345 678.")
        bulletin = worded(VIETNAMESE, words)(blank(Status.ACTUAL, "Trung tâm Y tế", datetime.now(UTC)))
        bulletin = replace(bulletin, source_url="https://yte.example/tin/1", not_before=at)
        origin = Origin(LAN, "1001", f"update:{self.composed}")
        draft = await self.desk.compose(weighted(weight)(bulletin), origin)
        waiting = await self.desk.submit(draft.id, LAN, draft.approval_hash)
        assert isinstance(waiting, Broadcast), waiting
        for approver in (MINH, PHUC)[: 2 if weight is Weight.LIFE_THREATENING else 1]:
            approved = await self.desk.approve(waiting.id, approver, waiting.approval_hash)
            assert isinstance(approved, Consented), approved
        assert approved.broadcast.state is BroadcastState.SENDING if at is None else BroadcastState.SCHEDULED
        return draft.id

    async def is_done(self, bulletin_id: BulletinId) -> bool:
        rows = await self.rows(select(bulletins.c.state).where(bulletins.c.id == bulletin_id))
        return rows[0].state == BroadcastState.DONE

    async def deliveries(self, bulletin_id: BulletinId) -> list[Row[Any]]:
        query = (
            select(deliveries, channels.c.external_id)
            .join(channels, channels.c.id == deliveries.c.channel_id)
            .where(deliveries.c.bulletin_id == bulletin_id)
        )
        return await self.rows(query)

    async def settled(self, bulletin_id: BulletinId) -> bool:
        return not any(row.state in ("queued", "sending") for row in await self.deliveries(bulletin_id))

    async def rows(self, query: Any) -> list[Row[Any]]:
        async with self.house.engine.connect() as connection:
            return list(await connection.execute(query))

    async def write(self, statement: Any) -> None:
        async with self.house.engine.begin() as connection:
            await connection.execute(statement)

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for something to come true; a test that waits in vain fails with ``what``."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not await holds():  # noqa: ASYNC110 (it happens in other processes)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"in vain: {what}") from None

    async def until_sent(self, count: int, *, node: str | None = None, bot: str | None = None) -> None:
        """Until so many messages have been seen, from that process or for that bot where one is named."""

        async def holds() -> bool:
            return len(self.sent(node=node, bot=bot)) >= count

        await self.until(holds, f"{count} messages from {node or 'anybody'} for {bot or 'any bot'}")

    def sent(self, *, node: str | None = None, bot: str | None = None) -> list[Call]:
        """The messages to groups, in the order in which they arrived."""
        groups = set(self.groups)
        return [
            call
            for call in self.calls
            if call.method == "sendMessage"
            and call.chat in groups
            and (node is None or call.node == node)
            and (bot is None or call.bot == bot)
        ]

    async def reconcile(self, bulletin_id: BulletinId) -> None:
        """What the ledger says against what stands in the chats: nothing lost, nothing twice without a mark."""
        found = await self.deliveries(bulletin_id)
        assert len(found) == len(self.groups)
        headline = (await self.desk.find(bulletin_id)).bulletin.texts[VIETNAMESE].headline
        for row in found:
            shown = self.simulator.world.shows(int(row.external_id))
            copies = [message.text for message in shown if headline in message.text]
            assert row.state in ("sent", "unsure"), f"{row.state}: {row.reason}"
            assert copies or row.state == "unsure", "called sent, but nothing is there"
            assert sum(RESENT not in text for text in copies) <= 1, "twice, and the second is not marked"

    def terms(self, bot: str) -> list[str]:
        """Which processes sent for a bot, in the order in which they took it over from each other."""
        senders = [call.node for call in self.sent(bot=bot)]
        return [node for place, node in enumerate(senders) if place == 0 or senders[place - 1] != node]

    # --- processes -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def app(
        self, name: str, duty: Duty = Duty.DELIVERIES, database_url: str | None = None
    ) -> AsyncIterator[App]:
        """What a process of this name would run, inside the test's own."""
        settings = self.settings_of(name)
        if database_url is not None:
            settings = settings.model_copy(update={"database": Database(url=database_url)})
        async with open_app(settings, self.secrets, duties=frozenset({duty})) as app:
            yield app

    async def start(self, name: str, *, only: str = "deliveries") -> Node:
        """A process of this network, under this name."""
        config = self.folder / f"{name}.yaml"
        config.write_text(yaml.safe_dump(self._document(name), allow_unicode=True))
        environ = {
            **os.environ,
            "LOA_DATABASE__URL": self.settings.database_url,
            "LOA_SECRET_KEY": KEY.hex(),
            **{f"TOKEN_{bot.upper()}": token_of(number) for number, bot in enumerate(self.bots)},
        }
        log = (self.folder / f"{name}.log").open("ab")
        command = [sys.executable, "-m", "bot.cli", "run", "--config", str(config), "--only", only]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environ, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL
        )
        log.close()
        node = Node(name, process)
        self.nodes.append(node)
        await self.until(lambda: self._is_up(node), f"the process {name} is up:\n{self.log(name)}")
        return node

    async def _is_up(self, node: Node) -> bool:
        assert node.process.returncode is None, self.log(node.name)
        return "serving" in self.log(node.name)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _document(self, node: str) -> dict[str, Any]:
        """What ``config.yaml`` of this process says."""
        return self.settings_of(node).model_dump(mode="json", exclude_unset=True, exclude={"database"})

    def settings_of(self, node: str) -> Settings:
        """As the process of this name has them."""
        base = f"{self.simulator.base_url}/{node}"
        telegram = tuple(bot.model_copy(update={"base_url": base}) for bot in self.settings.telegram)
        return self.settings.model_copy(update={"telegram": telegram, "data_folder": self.folder / node})

    @property
    def secrets(self) -> Secrets:
        tokens = {bot: BotSecrets(token_of(number)) for number, bot in enumerate(self.bots)}
        return Secrets(KEY, tokens)

    async def end(self) -> None:
        for node in self.nodes:
            if node.process.returncode is None:
                node.kill()
                await node.process.wait()


def token_of(number: int) -> str:
    return f"{5_000_000 + number}:simulated-token-that-opens-nothing"


@asynccontextmanager
async def open_network(
    folder: Path,
    database_url: str,
    *,
    bots: int,
    groups_a_bot: int,
    rate_per_second: float = 20.0,
    stalled_seconds: float = STALLED_SECONDS,
) -> AsyncIterator[Network]:
    """A network with its bots and groups. The test itself is one more process: the one with the desk."""
    calls: list[Call] = []
    simulator = TelegramSimulator()
    _listen_to_nodes(simulator, calls)
    async with simulator:
        names = [f"loa{number}" for number in range(bots)]
        accounts = {
            name: simulator.world.add_bot(token_of(number), f"{name}_bot", name)
            for number, name in enumerate(names)
        }
        settings = _settings(simulator, names, database_url, folder, rate_per_second, stalled_seconds)
        given = Surroundings()
        house = await open_storehouse(settings, SECRET)
        supervisor = Supervisor()
        supervisor.own("committer", house.committer.run, OnCrash.END)
        supervisor.start()
        network: Network | None = None
        try:
            await house.roster.replace_staff([(one, "", list(StaffRole)) for one in STAFF])
            async with open_cluster(house, settings, given.now) as cluster:
                cluster.own(supervisor, None)
                desk = Desk(
                    house.bulletins, now=given.now, draw=Random(3), wake=cluster.wake, set_timer=_no_timer
                )
                network = Network(settings, simulator, house, desk, cluster, folder, accounts, calls)
                await _enrol(network, groups_a_bot)
                try:
                    yield network
                finally:
                    await network.end()
                    await supervisor.stop()
        finally:
            await supervisor.stop()
            await house.close()


def _no_timer(_bulletin_id: BulletinId, _moment: datetime) -> None:
    """Who keeps the household finds it in the database."""


def _listen_to_nodes(simulator: TelegramSimulator, calls: list[Call]) -> None:
    """Every process has its own way in, and what it asks is written down."""
    node: ContextVar[str] = ContextVar("node", default="")

    async def call(request: web.Request) -> web.StreamResponse:
        node.set(request.match_info["node"])
        return await simulator._call(request)

    def write_down(token: str, method: str, given: Mapping[str, Any]) -> None:
        bot = simulator.world.bot_of_token(token)
        name = "" if bot is None else bot.name
        calls.append(Call(node.get(), name, method, str(given.get("chat_id")), time.monotonic()))

    simulator.before_call = write_down
    simulator.app.router.add_post("/{node}/bot{token}/{method}", call)


def _settings(
    simulator: TelegramSimulator,
    bots: Collection[str],
    database_url: str,
    folder: Path,
    rate_per_second: float,
    stalled_seconds: float,
) -> Settings:
    world = simulator.world
    hoa = world.add_user("Hoa")
    moderators = world.add_chat("supergroup", "Điều phối viên", hoa)
    both = frozenset({Role.MODERATOR, Role.APPROVER})
    return Settings(
        data_folder=folder,
        database=Database(url=database_url),
        telegram=tuple(
            TelegramBot(
                name=bot,
                token_env=f"TOKEN_{bot.upper()}",
                base_url=f"{simulator.base_url}/desk",
                moderators_chat=str(moderators.id),
                pace=Pace(rate_per_second=rate_per_second, chat_per_second=30, group_per_minute=60),
            )
            for bot in bots
        ),
        staff=tuple(Person(person=one, name=name, roles=both) for one, name in STAFF.items()),
        cluster=ClusterSettings(stalled_seconds=stalled_seconds),
    )


async def _enrol(network: Network, groups_a_bot: int) -> None:
    """So many active groups for each bot."""
    world = network.simulator.world
    hoa = world.add_user("Hoa")
    rows = []
    for name, account in network.bots.items():
        for number in range(groups_a_bot):
            group = world.add_chat("supergroup", f"Tổ {number} của {name}", hoa)
            world.promote(group, account)
            rows.append(_row(name, str(group.id), group.title))
        world.queues[account.id].drop_all()  # of how it came into them
    network.groups.extend(row["external_id"] for row in rows)
    await network.write(insert(channels).values(rows))


def _row(bot: str, chat: str, title: str) -> dict[str, Any]:
    return {
        "bot": bot,
        "platform": "telegram",
        "external_id": chat,
        "kind": "supergroup",
        "title": title,
        "language": "vi",
        "state": "active",
        "member": "telegram:2001",
        "topics": (),
        "areas": (),
        "pin": False,
        "silent": False,
        "drills": False,
        "member_count": 100,
    }
