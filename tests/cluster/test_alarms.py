"""What a process without the household meets, the moderators hear all the same; once, whoever sends or tells."""

from __future__ import annotations

from functools import partial

from bot.app import Duty
from simulator.bot_api.request import Request
from simulator.world import Chat
from tests.cluster.network import Network


async def test_a_token_refused_elsewhere_is_told_once_and_taken_back_only_by_an_answer(
    patient_network: Network,
) -> None:
    network = patient_network
    chat = moderators_meet(network)
    network.simulator.faults.script(
        "refuse",
        "sendMessage",
        times=None,
        code=401,
        description="Unauthorized",
        when=partial(is_post, network),
    )
    bulletin = await network.send()
    async with network.app("household", Duty.UPDATES):
        async with network.app("a"):
            await network.until(lambda: has_heard(network, chat, 2), "the chat hears of both bots")
        async with network.app("b"):
            network.simulator.faults.clear()
            await network.until(lambda: network.is_done(bulletin), "it was sent after all")
            await network.until(lambda: has_heard(network, chat, 4), "and that both go on")
    assert sorted(heard(network, chat)) == [("loa0", False), ("loa0", True), ("loa1", False), ("loa1", True)]


def moderators_meet(network: Network) -> Chat:
    """Every bot is in their group, which is the same for all."""
    world = network.simulator.world
    chat = world.chats[int(network.settings.telegram[0].moderators_chat or 0)]
    for account in network.bots.values():
        world.promote(chat, account)
    return chat


def is_post(network: Network, request: Request) -> bool:
    return str(request.parameters.get("chat_id")) in network.groups


def heard(network: Network, chat: Chat) -> list[tuple[str, bool]]:
    """Of which bots, and whether it was that their tokens are refused; one message may be about several."""
    said = [message.text for message in network.simulator.world.shows(chat.id)]
    told = [text for text in said if "Bot loa" in text or "bot loa" in text]
    return [(bot, "token" in text) for text in told for bot in network.bots if bot in text]


async def has_heard(network: Network, chat: Chat, count: int) -> bool:
    return len(heard(network, chat)) >= count
