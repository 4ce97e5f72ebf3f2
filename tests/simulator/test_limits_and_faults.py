"""Rate limits as published, and misbehaviour as scripted; in process, without sockets."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from simulator.telegram_api import ApiResult, Fate, Fault, FaultKind, Limits, TelegramSimulator
from simulator.world import Chat
from tests.simulator.scene import Clock, Scene, set_scene


@pytest.fixture
def quiet_scene() -> Scene:
    """The neighbourhood with no server running."""
    clock = Clock()
    return set_scene(TelegramSimulator(now=clock), clock)


def send(scene: Scene, chat: Chat | int, text: str = "Alô", **more: object) -> ApiResult:
    chat_id = chat if isinstance(chat, int) else chat.id
    return scene.simulator.api.call(
        scene.bot.token, "sendMessage", {"chat_id": chat_id, "text": text, **more}
    )


def limit(scene: Scene, limits: Limits) -> None:
    scene.simulator.api.limiter.limits = limits


def test_thirty_a_second_overall(quiet_scene: Scene) -> None:
    scene = quiet_scene
    limit(scene, Limits())
    people = [scene.world.add_user(f"Dân {number}") for number in range(31)]
    for person in people:
        scene.world.start(person, scene.bot)
    results = [send(scene, person.id) for person in people]
    assert [result.ok for result in results] == [True] * 30 + [False]
    assert results[-1].body["parameters"] == {"retry_after": 1}
    assert results[-1].description == "Too Many Requests: retry after 1"
    scene.clock.pass_by(seconds=1)
    assert send(scene, people[-1].id).ok


def test_a_paid_broadcast_may_be_a_thousand_a_second(quiet_scene: Scene) -> None:
    scene = quiet_scene
    limit(scene, Limits())
    people = [scene.world.add_user(f"Dân {number}") for number in range(40)]
    for person in people:
        scene.world.start(person, scene.bot)
    assert all(send(scene, person.id, allow_paid_broadcast=True).ok for person in people)


def test_the_window_slides(quiet_scene: Scene) -> None:
    scene = quiet_scene
    limit(scene, Limits(per_group_per_minute=2))
    assert send(scene, scene.group).ok
    scene.clock.pass_by(seconds=30)
    assert send(scene, scene.group).ok
    scene.clock.pass_by(seconds=29.5)
    assert send(scene, scene.group).body["parameters"] == {"retry_after": 1}
    scene.clock.pass_by(seconds=0.5)
    assert send(scene, scene.group).ok
    scene.clock.pass_by(seconds=1)
    assert send(scene, scene.group).body["parameters"] == {"retry_after": 29}


def test_a_bucket_allows_a_short_burst(quiet_scene: Scene) -> None:
    scene = quiet_scene
    limit(scene, Limits(is_strict=False, burst=3))
    assert [send(scene, scene.lan.id).ok for _ in range(4)] == [True, True, True, False]
    scene.clock.pass_by(seconds=1)
    assert [send(scene, scene.lan.id).ok for _ in range(2)] == [True, False]


def test_what_is_refused_takes_no_room(quiet_scene: Scene) -> None:
    scene = quiet_scene
    limit(scene, Limits())
    assert not send(scene, scene.group, "x" * 5000).ok
    assert send(scene, scene.group).ok


def test_edits_are_counted_when_asked(quiet_scene: Scene) -> None:
    scene = quiet_scene
    sent = send(scene, scene.group).result["message_id"]
    limit(scene, Limits(counts_edits=True))
    edit = {"chat_id": scene.group.id, "message_id": sent}
    call = scene.simulator.api.call
    assert call(scene.bot.token, "editMessageText", edit | {"text": "một"}).ok
    assert call(scene.bot.token, "editMessageText", edit | {"text": "hai"}).status == 429


def test_a_little_jitter_can_be_tolerated(quiet_scene: Scene) -> None:
    scene = quiet_scene
    limit(scene, Limits(tolerance_seconds=0.05))
    assert send(scene, scene.lan.id).ok
    scene.clock.pass_by(seconds=0.96)
    assert send(scene, scene.lan.id).ok


# --- faults ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_hits_once_and_acts_as_it_says(quiet_scene: Scene, kind: FaultKind) -> None:
    scene = quiet_scene
    scene.simulator.faults.script(kind, "sendMessage", seconds=3)
    result = send(scene, scene.group, "Có đến không?")
    arrived = any(shown.text == "Có đến không?" for shown in scene.world.shows(scene.group))
    after_acting = {
        FaultKind.DELAY,
        FaultKind.DROP_ANSWER,
        FaultKind.TRUNCATED,
        FaultKind.WRONG_TYPES,
        FaultKind.HUGE,
    }
    assert arrived == (kind in after_acting)
    assert [call.acted for call in scene.world.calls] == [arrived]
    is_whole = kind is FaultKind.DELAY
    assert result.ok == is_whole
    assert send(scene, scene.channel).ok


def test_what_each_fault_sends(quiet_scene: Scene) -> None:
    scene = quiet_scene

    def with_fault(kind: str, **details: Any) -> ApiResult:
        scene.simulator.faults.script(kind, **details)
        return send(scene, scene.group)

    assert with_fault("flood", seconds=9).body["parameters"] == {"retry_after": 9}
    assert with_fault("delay", seconds=9).delay_seconds == 9
    assert with_fault("drop_answer").fate is Fate.LOST
    assert with_fault("reset").fate is Fate.LOST
    gateway = with_fault("gateway", code=504)
    assert (gateway.status, gateway.content_type) == (504, "text/html")
    assert b"504 Gateway Time-out" in gateway.payload()
    not_ok = with_fault("not_ok", description="Internal Server Error")
    assert (not_ok.status, not_ok.body["ok"]) == (200, False)
    assert len(with_fault("huge").payload()) > 10_000_000
    assert with_fault("truncated").payload().startswith(b'{"ok":true')


def test_a_fault_can_wait_choose_and_repeat(quiet_scene: Scene) -> None:
    scene = quiet_scene
    scene.simulator.faults.add(Fault(FaultKind.REFUSE, text="bão", skip=1, times=2))
    texts = ["tin bão 1", "tin nắng", "tin bão 2", "tin bão 3", "tin bão 4"]
    assert [send(scene, scene.group, text).ok for text in texts] == [True, True, False, False, True]
    assert scene.simulator.faults.waiting == ()


def test_chance_is_seeded() -> None:
    def outcomes() -> list[bool]:
        clock = Clock()
        scene = set_scene(TelegramSimulator(now=clock, random=Random(7)), clock)
        scene.simulator.faults.script("refuse", times=None, probability=0.3)
        return [send(scene, scene.group).ok for _ in range(50)]

    assert outcomes() == outcomes()
    assert {True, False} == set(outcomes())
