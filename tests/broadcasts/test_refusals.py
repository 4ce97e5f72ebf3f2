"""Which refusals halt a bulletin: those of its bytes, not those of a chat, and nothing is guessed."""

from __future__ import annotations

import json

import pytest

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import Outcome
from platforms.telegram_outcomes import outcome_of
from tests.broadcasts.looks import CHATS, FAILED, one_at_a_time
from tests.broadcasts.station import Station

OF_THE_CHAT = "Forbidden: CHAT_GUEST_SEND_FORBIDDEN"


def refusal(code: int, description: str) -> Outcome:
    return outcome_of(
        code, json.dumps({"ok": False, "error_code": code, "description": description}).encode()
    )


@pytest.mark.parametrize(
    ("refusals", "halts"),
    [
        ([(403, OF_THE_CHAT)] * 6, False),
        (
            [(400, "Bad Request: TOPIC_1_ODD"), (400, "Bad Request: TOPIC_2_ODD"), (400, "Bad Request: ODD")],
            False,
        ),
        ([(400, "Bad Request: ENTITY_OF_TOMORROW_INVALID")] * 3, True),
        ([(400, "Bad Request: message is too long")] * 3, True),
        (
            [(400, "Bad Request: message is too long")] * 2
            + [(400, "Bad Request: ENTITY_OF_TOMORROW_INVALID")] * 2
            + [(403, OF_THE_CHAT)],
            False,
        ),
    ],
)
async def test_only_refusals_that_are_alike_and_about_the_content_halt_a_bulletin(
    station: Station, refusals: list[tuple[int, str]], halts: bool
) -> None:
    station.rules = one_at_a_time(station)
    await station.channels(CHATS)
    for chat, (code, description) in zip(CHATS, refusals, strict=False):
        station.sender.answers[chat].append(refusal(code, description))
    bulletin = await station.start(station.emergency())
    await station.pump_until_idle(bulletin)
    assert (await station.state_of(bulletin) is BroadcastState.PAUSED) is halts
    assert list((await station.states(bulletin)).values()).count(FAILED) == len(refusals)


async def test_a_canary_that_does_not_let_the_bot_post_halts_nothing(station: Station) -> None:
    await station.channels(CHATS[:2])
    await station.channel("-999", canary=True)
    station.sender.answers["-999"].append(refusal(403, OF_THE_CHAT))
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
