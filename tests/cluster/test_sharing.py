"""Processes that share the work: each token is one process's, and what one decides the others know at once."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import text

from tests.cluster.network import LAN, Network

STOPPED_WITHIN_SECONDS = 2.0


async def test_what_is_approved_here_is_sent_there_at_once_and_by_one_process_a_token(
    patient_network: Network,
) -> None:
    network = patient_network
    async with network.app("a"), network.app("b"):
        bulletin = await network.send()
        await network.until(lambda: network.settled(bulletin), "everything is sent")
    await network.reconcile(bulletin)
    assert all(len(network.terms(bot)) == 1 for bot in network.bots)


async def test_a_stop_here_takes_effect_there_within_two_seconds(patient_network: Network) -> None:
    network = patient_network
    async with network.app("a"):
        bulletin = await network.send()
        await network.until_sent(6)
        await network.desk.stop(bulletin, LAN)
        stopped_at = time.monotonic()
        await network.until(lambda: network.settled(bulletin), "the rest is dropped")
    states = [row.state for row in await network.deliveries(bulletin)]
    assert "dropped" in states  # how many is a matter of how fast this machine is
    assert max(call.at for call in network.sent()) < stopped_at + STOPPED_WITHIN_SECONDS


async def test_a_pause_here_and_going_on_again_lose_nothing_there(patient_network: Network) -> None:
    network = patient_network
    async with network.app("a"):
        bulletin = await network.send()
        await network.until_sent(4)
        await network.desk.pause(bulletin, LAN)
        paused = len(network.sent())
        await network.desk.resume(bulletin, LAN)
        await network.until(lambda: network.settled(bulletin), "everything is sent")
        assert paused < len(network.groups)
    await network.reconcile(bulletin)


async def test_a_process_that_is_stopped_hands_over_at_once_and_leaves_nothing_unknown(
    patient_network: Network,
) -> None:
    network = patient_network
    async with network.app("b"):
        async with network.app("a"):
            bulletin = await network.send()
            await network.until_sent(8)
        await network.until(lambda: network.settled(bulletin), "the other process sends the rest")
    assert {row.state for row in await network.deliveries(bulletin)} == {"sent"}
    await network.reconcile(bulletin)
    for bot in network.bots:
        assert network.terms(bot) in (["a"], ["b"], ["a", "b"])


async def test_what_was_approved_while_no_process_sent_is_sent_when_one_starts(
    patient_network: Network,
) -> None:
    network = patient_network
    bulletin = await network.send()
    async with network.app("a"):
        await network.until(lambda: network.settled(bulletin), "everything is sent")
    await network.reconcile(bulletin)


async def test_the_queue_holds_a_few_jobs_a_token_and_none_a_message(patient_network: Network) -> None:
    network = patient_network
    jobs = text("SELECT count(*) AS count FROM control.procrastinate_jobs")
    async with network.app("a"):
        bulletins = [await network.send() for _ in range(4)]
        for _ in range(20):
            network.cluster.wake()
            await asyncio.sleep(0.01)
            assert (await network.rows(jobs))[0].count <= 2 * len(network.bots) + 2
        for bulletin in bulletins:
            await network.until(lambda wanted=bulletin: network.is_done(wanted), "everything is sent")
