"""Processes that die, freeze, or lose the database in the middle of a bulletin: the others take over, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from broadcasts.drafting import Weight
from bulletins.bulletin import BulletinId
from tests.cluster.line import open_line
from tests.cluster.network import STALLED_SECONDS, Network, Node, open_network

BOTS, GROUPS = 5, 40


async def both_sending(network: Network) -> tuple[BulletinId, BulletinId]:
    """An ordinary bulletin and one that lives depend on, some of each on their way from two processes."""
    ordinary = await network.send()
    urgent = await network.send(Weight.LIFE_THREATENING)

    async def both_have_work() -> bool:
        return all(len(network.sent(node=node)) >= 12 for node in ("a", "b"))

    await network.until(both_have_work, "both processes send")
    return ordinary, urgent


async def two_processes(network: Network) -> tuple[Node, Node]:
    first, second = await asyncio.gather(network.start("a"), network.start("b"))
    return first, second


async def all_settled(network: Network, *wanted: BulletinId) -> None:
    for bulletin in wanted:
        await network.until(lambda one=bulletin: network.settled(one), "every delivery is settled")
        await network.reconcile(bulletin)


async def test_when_a_process_is_killed_its_tokens_resume_in_the_other(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    async with open_network(tmp_path, fresh_postgres_url, bots=BOTS, groups_a_bot=GROUPS) as network:
        dying, _ = await two_processes(network)
        ordinary, urgent = await both_sending(network)
        held = [bot for bot in network.bots if network.terms(bot)[-1:] == ["a"]]
        dying.kill()
        killed_at = max(call.at for call in network.sent(node="a"))

        await all_settled(network, ordinary, urgent)

        assert held, "the process that was killed had been sending"
        for bot in network.bots:
            assert network.terms(bot) == (["a", "b"] if bot in held else ["b"])
        for bot in held:
            resumed_at = min(call.at for call in network.sent(node="b", bot=bot))
            assert resumed_at > killed_at + STALLED_SECONDS / 2, "not before it was known to be dead"
        states = Counter(row.state for row in await network.deliveries(ordinary))
        assert states["sent"] + states["unsure"] == BOTS * GROUPS
        assert states["unsure"] < len(held) * 10, "only what was on its way is unknown"
        assert {row.state for row in await network.deliveries(urgent)} == {"sent"}


async def test_a_process_that_froze_and_wakes_up_again_does_not_send_for_tokens_that_are_no_longer_its(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    async with open_network(tmp_path, fresh_postgres_url, bots=BOTS, groups_a_bot=GROUPS) as network:
        frozen, _ = await two_processes(network)
        ordinary, urgent = await both_sending(network)
        held = [bot for bot in network.bots if network.terms(bot)[-1:] == ["a"]]
        frozen.freeze()

        async def others_took_over() -> bool:
            return all(network.terms(bot)[-1:] == ["b"] for bot in held)

        await network.until(others_took_over, "the other process sends for all tokens")
        frozen.thaw()

        await all_settled(network, ordinary, urgent)
        assert held
        assert all(network.terms(bot) == (["a", "b"] if bot in held else ["b"]) for bot in network.bots)
        assert await frozen.stop() == 0


async def test_a_process_cut_off_from_the_database_stops_before_another_takes_over(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    async with (
        open_network(tmp_path, fresh_postgres_url, bots=2, groups_a_bot=GROUPS) as network,
        open_line(fresh_postgres_url) as line,
    ):
        async with network.app("a", database_url=line.url):
            bulletin = await network.send()
            await network.until_sent(10, node="a")
            line.cut()
            async with network.app("b"):
                await network.until(lambda: network.settled(bulletin), "the other process sends the rest")
                line.mend()
                again = await network.send()
                await all_settled(network, bulletin, again)
        assert all(network.terms(bot)[:2] == ["a", "b"] for bot in network.bots)
