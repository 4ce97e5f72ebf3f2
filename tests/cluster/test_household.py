"""The household, polling and timers and notices, is one process's at a time; the whole job works across several."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from bot.app import Duty, open_app
from bot.configuration import BotSecrets, Secrets
from bot.demonstration import demonstration_settings
from bot.person_language import load_texts
from bot.settings import Database, Pace
from simulator.cast import BOT_TOKEN, assemble
from simulator.scenes.plot import Plot
from simulator.stage import Stage
from simulator.story import Story
from simulator.telegram_api import TelegramSimulator
from tests.cluster.network import Network

AS_FAST_AS_IT_GOES = Pace(
    paid_broadcast=True, paid_rate_per_second=1_000, chat_per_second=30, group_per_minute=60
)


async def test_one_process_polls_and_when_it_stops_the_other_answers(patient_network: Network) -> None:
    network = patient_network
    async with network.app("b", Duty.UPDATES):
        async with network.app("a", Duty.UPDATES):
            await starts_and_is_answered(network, "Bác Sáu")
        await starts_and_is_answered(network, "Hoa")
    pollers = [call.node for call in network.calls if call.method == "getUpdates"]
    assert set(pollers) == {"a", "b"} or set(pollers) == {"b"}
    assert sum(before != after for before, after in pairwise(pollers)) == len(set(pollers)) - 1


async def starts_and_is_answered(network: Network, name: str) -> None:
    """Somebody meets the bot."""
    world, bot = network.simulator.world, next(iter(network.bots.values()))
    somebody = world.add_user(name)
    world.start(somebody, bot)

    async def has_answer() -> bool:
        return any(message.sender_id == bot.id for message in world.shows(somebody.id, bot=bot))

    await network.until(has_answer, "the bot answers")


async def test_a_bulletin_starts_at_its_time_though_nobody_is_left_who_scheduled_it(
    patient_network: Network,
) -> None:
    network = patient_network
    bulletin = await network.send(at=datetime.now(UTC) + timedelta(seconds=5))
    async with network.app("a"), network.app("b", Duty.UPDATES):
        await network.until(lambda: network.is_done(bulletin), "it was sent at its time")
    await network.reconcile(bulletin)


async def test_the_whole_main_job_is_done_by_separate_processes(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    async with TelegramSimulator() as simulator, AsyncExitStack() as processes:
        players = assemble(simulator.world, 5, "vi")
        settings = demonstration_settings(
            players, simulator.base_url, tmp_path, language="vi", pace=AS_FAST_AS_IT_GOES
        ).model_copy(update={"database": Database(url=fresh_postgres_url)})
        secrets = Secrets(key=bytes(range(32)), bots={"loa": BotSecrets(token=BOT_TOKEN)})
        for duty in (Duty.UPDATES, Duty.DELIVERIES):
            await processes.enter_async_context(open_app(settings, secrets, duties=frozenset({duty})))
        stage = Stage(simulator.world, players.bot, load_texts().locales["vi"].gettext)
        tally = await Story(Plot(stage, players, "vi", None), lambda *_said: None).tell()
    assert not tally.failed, tally.steps
    assert (tally.delivered, tally.corrected, tally.answers) == (5, 5, 1)
