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


async def under_way(network: Network) -> tuple[BulletinId, BulletinId]:
    """An ordinary bulletin and one that lives depend on, some of them sent for every bot."""
    ordinary = await network.send()
    urgent = await network.send(Weight.LIFE_THREATENING)
    for bot in network.bots:
        await network.until_sent(5, bot=bot)
    return ordinary, urgent


def one_and_the_other(network: Network) -> tuple[Node, Node]:
    """Who sends for the first bot, and who does not."""
    sender = network.terms(next(iter(network.bots)))[-1]
    one, other = sorted(network.nodes, key=lambda node: node.name != sender)
    return one, other


def held_by(network: Network, node: Node) -> list[str]:
    return [bot for bot in network.bots if network.terms(bot)[-1] == node.name]


async def all_settled(network: Network, *wanted: BulletinId) -> None:
    for bulletin in wanted:
        await network.until(lambda one=bulletin: network.settled(one), "every delivery is settled")
        await network.reconcile(bulletin)


async def test_when_a_process_is_killed_its_tokens_resume_in_the_other(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    async with open_network(tmp_path, fresh_postgres_url, bots=BOTS, groups_a_bot=GROUPS) as network:
        await asyncio.gather(network.start("a"), network.start("b"))
        ordinary, urgent = await under_way(network)
        dying, survivor = one_and_the_other(network)
        held = held_by(network, dying)
        dying.kill()
        killed_at = max(call.at for call in network.sent(node=dying.name))

        await all_settled(network, ordinary, urgent)

        for bot in network.bots:
            both = [dying.name, survivor.name]
            assert network.terms(bot) == (both if bot in held else [survivor.name])
        for bot in held:
            resumed_at = min(call.at for call in network.sent(node=survivor.name, bot=bot))
            assert resumed_at > killed_at + STALLED_SECONDS / 2, "not before it was known to be dead"
        states = Counter(row.state for row in await network.deliveries(ordinary))
        assert states["sent"] + states["unsure"] == BOTS * GROUPS
        assert states["unsure"] < len(held) * 10, "only what was on its way is unknown"
        assert {row.state for row in await network.deliveries(urgent)} == {"sent"}


async def test_a_process_that_froze_and_wakes_up_again_does_not_send_for_tokens_that_are_no_longer_its(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    async with open_network(tmp_path, fresh_postgres_url, bots=BOTS, groups_a_bot=GROUPS) as network:
        await asyncio.gather(network.start("a"), network.start("b"))
        ordinary, urgent = await under_way(network)
        frozen, other = one_and_the_other(network)
        held = held_by(network, frozen)
        frozen.freeze()

        async def other_took_over() -> bool:
            return held_by(network, other) == list(network.bots)

        await network.until(other_took_over, "the other process sends for all tokens")
        frozen.thaw()

        await all_settled(network, ordinary, urgent)
        for bot in network.bots:
            both = [frozen.name, other.name]
            assert network.terms(bot) == (both if bot in held else [other.name])
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
