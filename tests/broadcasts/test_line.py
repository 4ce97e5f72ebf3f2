"""A line that is down: what is given to it is lost, so it is given little, and people are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from random import Random

from broadcasts.delivery import PICTURE_UNAVAILABLE, DeliveryState, NotSent, Outcome, Unsure
from broadcasts.line import Line
from broadcasts.line_memory import LineMemory
from broadcasts.pacing import Pacer, PaceRules
from broadcasts.persistence import Persistence
from broadcasts.ports import Content, LedgerUnavailable
from broadcasts.retry import Circumstances, RetryRules, decide
from storage.paces import SqlPaces
from tests.broadcasts.looks import FAILED, SENT, UNSURE
from tests.broadcasts.station import BOT, NOON, ScriptedSender, Station, Told, running
from tests.broadcasts.test_pacing import in_virtual_time, now

TOWN = [f"-{number}" for number in range(1, 201)]
BAD_GATEWAY = Unsure("http_502")


class Storm(ScriptedSender):
    """A gateway that swallows everything for a while."""

    lasts_seconds = 2.5

    async def post(self, chat: str, content: Content, reply_to: str | None = None) -> Outcome:
        answer = await super().post(chat, content, reply_to)
        begun = self.__dict__.setdefault("begun", now())
        await asyncio.sleep(0.01)
        return BAD_GATEWAY if now() < begun + self.lasts_seconds else answer


async def test_a_storm_of_bad_gateways_leaves_few_deliveries_unsure(station: Station) -> None:
    station.sender, station.pacer = Storm(), Pacer(PaceRules(100.0))
    await station.channels(TOWN)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    states = list((await station.states(bulletin)).values())
    assert states.count(UNSURE) <= 20, "at this pace it would have been every one of them"
    assert states.count(SENT) == len(TOWN) - states.count(UNSURE)
    assert station.told.line == [], "what mends itself at once is nobody's trouble"


def test_after_five_lost_in_a_row_the_token_rests_longer_each_time_up_to_half_a_minute() -> None:
    async def story() -> list[float]:
        pacer = Pacer(PaceRules(25.0))
        line = Line(BOT, pacer)
        rests: list[float] = []
        for _ in range(13):
            line.lost("http_502")
            rests.append(pacer.held_for())
            await asyncio.sleep(pacer.held_for())
        return rests

    assert in_virtual_time(story()) == [0, 0, 0, 0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_one_answer_among_the_lost_shows_that_the_line_is_up() -> None:
    async def story() -> bool:
        pacer = Pacer(PaceRules(25.0))
        line = Line(BOT, pacer)
        for number in range(100):
            if number % 5 == 4:
                line.answered()
            else:
                line.lost("http_502")
        return line.is_down

    assert in_virtual_time(story()) is False


def test_people_are_told_once_when_it_stays_down_and_once_when_it_is_up() -> None:
    async def story() -> list[tuple[str, str | None]]:
        pacer, told = Pacer(PaceRules(25.0)), Told()
        line = Line(BOT, pacer)
        memory = LineMemory(BOT, line, KeptLines(), told, Persistence(BOT, told))
        async with running(memory.keep):
            for _ in range(2):
                line.failed("ClientConnectorError")
                await asyncio.sleep(pacer.held_for())
            line.answered()
            await asyncio.sleep(0.1)
            assert told.line == [], "a short one is told to nobody"
            for _ in range(10):
                line.failed("ClientConnectorError")
                await asyncio.sleep(pacer.held_for())
            line.answered()
            line.answered()
            await asyncio.sleep(0.1)
        return told.line

    assert in_virtual_time(story()) == [(BOT, "ClientConnectorError"), (BOT, None)]


def test_nothing_is_told_before_it_is_written_down() -> None:
    async def story() -> list[tuple[str, str | None]]:
        told, lines = Told(), KeptLines()
        line = Line(BOT, Pacer(PaceRules(25.0)))
        lines.is_broken = True
        async with running(LineMemory(BOT, line, lines, told, Persistence(BOT, told)).keep):
            line.failed("http_401")
            await asyncio.sleep(5.0)
            assert told.line == []
            lines.is_broken = False
            await asyncio.sleep(20.0)
        return told.line

    assert in_virtual_time(story()) == [(BOT, "http_401")]


def test_a_token_that_is_refused_once_the_line_is_up_is_told_as_such() -> None:
    async def story() -> list[tuple[str, str | None]]:
        told, line = Told(), Line(BOT, Pacer(PaceRules(25.0)))
        async with running(LineMemory(BOT, line, KeptLines(), told, Persistence(BOT, told)).keep):
            line.resume("ClientConnectorError")
            for _ in range(2):
                line.failed("http_401")
                await asyncio.sleep(1.0)
        return told.line

    assert in_virtual_time(story()) == [(BOT, "http_401")]


async def test_a_token_that_was_revoked_is_told_at_once_and_fails_nothing(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].extend([NotSent("http_401")] * 2)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert FAILED not in (await station.states(bulletin)).values()
    assert station.told.line == [(BOT, "http_401"), (BOT, None)]


async def test_a_pump_that_ends_in_trouble_takes_nothing_back_the_next_one_does_once_it_has_an_answer(
    station: Station,
) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].extend([NotSent("http_401")] * 100)
    bulletin = await station.start(station.bulletin())
    lines = SqlPaces(station.engine, station.committer)
    async with station.pumping():
        await station.until(partial(has_told_of_the_line, station))
    assert await lines.lines_down() == {BOT: "http_401"}
    station.pacer = Pacer(PaceRules(100.0))
    async with station.pumping():
        await station.until(partial(has_asked_again, station, station.sender.answers["-1"].copy()))
        assert station.told.line == [(BOT, "http_401")], "nobody is told twice"
        station.sender.answers["-1"].clear()
        await station.until(lambda: station.is_done(bulletin))
        await station.until(partial(is_up, lines))
    assert station.told.line == [(BOT, "http_401"), (BOT, None)]


async def test_an_outage_that_ended_while_nothing_was_to_be_sent_is_over_all_the_same(
    station: Station,
) -> None:
    station.rules = replace(station.rules, greeted_seconds=0.05)
    lines = SqlPaces(station.engine, station.committer)
    await lines.save_line(BOT, "http_502")
    station.sender.answers_greetings = False
    async with station.pumping():
        await station.until(partial(has_greeted, station, 2))
        assert await lines.lines_down() == {BOT: "http_502"}
        assert station.pacer.held_for() == 0.0, "what becomes due now is tried at once"
        station.sender.answers_greetings = True
        await station.until(partial(is_up, lines))
    assert station.told.line == [(BOT, None)]


def test_nobody_is_greeted_while_deliveries_try_the_line_themselves() -> None:
    async def story() -> list[float]:
        line, started, greeted = Line(BOT, Pacer(PaceRules(25.0))), now(), list[float]()
        line.resume("http_502")

        async def ask() -> Outcome:
            greeted.append(round(now() - started))
            return NotSent("http_502")

        async with running(lambda: line.greet(ask, 90.0)):
            await asyncio.sleep(80.0)
            line.failed("http_502")
            await asyncio.sleep(101.0)
        return greeted

    assert in_virtual_time(story()) == [180]


def test_a_greeting_that_finds_the_token_refused_says_so() -> None:
    async def story() -> tuple[str | None, float]:
        pacer = Pacer(PaceRules(25.0))
        line = Line(BOT, pacer)
        line.resume("http_502")

        async def ask() -> Outcome:
            return NotSent("http_401")

        async with running(lambda: line.greet(ask, 90.0)):
            await asyncio.wait_for(line.turned(), 100.0)
        return line.trouble, pacer.held_for()

    assert in_virtual_time(story()) == ("http_401", 0.0)


async def test_a_line_that_is_up_is_left_in_peace(station: Station) -> None:
    station.rules = replace(station.rules, greeted_seconds=0.01)
    async with station.pumping():
        await asyncio.sleep(0.1)
    assert station.sender.greeted == 0


class KeptLines:
    """One bot's line, in memory."""

    is_broken = False

    async def load_line(self, bot: str) -> str | None:
        return None

    async def save_line(self, bot: str, trouble: str | None) -> None:
        if self.is_broken:
            raise LedgerUnavailable("disk full")


async def has_told_of_the_line(station: Station) -> bool:
    return bool(station.told.line)


async def has_greeted(station: Station, times: int) -> bool:
    return station.sender.greeted >= times


async def has_asked_again(station: Station, left: Sequence[Outcome]) -> bool:
    return len(station.sender.answers["-1"]) < len(left)


async def is_up(lines: SqlPaces) -> bool:
    return not await lines.lines_down()


def test_the_second_try_of_what_lives_depend_on_waits_while_the_line_is_down() -> None:
    jitter = Random(1).random()
    for line_is_up in (True, False):
        at = Circumstances(NOON, 1, life_safety=True, resent=False, jitter=jitter, line_is_up=line_is_up)
        decision = decide(BAD_GATEWAY, at, RetryRules())
        assert (decision.state, decision.resent) == (DeliveryState.QUEUED, True)
        assert decision.due_at is not None
        assert (decision.due_at > NOON) is not line_is_up


async def test_a_picture_that_cannot_be_read_says_nothing_of_the_line(station: Station) -> None:
    await station.channel("-1")
    station.sender.answers["-1"].extend([NotSent(PICTURE_UNAVAILABLE)] * 2)
    bulletin = await station.start(station.bulletin())
    async with station.pumping():
        await station.until(lambda: station.is_done(bulletin))
    assert (await station.states(bulletin))["-1"] == SENT
    assert station.told.line == []
    assert station.pacer.held_for() == 0.0
