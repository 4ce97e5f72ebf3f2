"""The contract's other half: updates, chats, the bot itself, limits and lost answers, for both clients."""

from __future__ import annotations

import asyncio

import pytest

from simulator.telegram_api import Limits
from tests.simulator.scene import Scene
from tests.simulator.telegram_clients import Client, inline, refusal

# --- updates -----------------------------------------------------------------------------------------


async def test_updates_come_in_order_until_they_are_confirmed(scene: Scene, client: Client) -> None:
    for text in ("một", "hai", "ba"):
        scene.world.say(scene.lan, scene.bot, text)
    first = await client.updates(limit=2)
    assert [update["message"]["text"] for update in first] == ["một", "hai"]
    assert await client.updates(limit=2) == first
    [rest] = await client.updates(offset=first[-1]["update_id"] + 1)
    assert rest["message"]["text"] == "ba"
    assert await client.updates(offset=rest["update_id"] + 1) == []


async def test_a_waiting_poller_hears_at_once(scene: Scene, client: Client) -> None:
    waiting = asyncio.ensure_future(client.updates(timeout=30))
    await asyncio.sleep(0.1)
    scene.world.say(scene.lan, scene.bot, "Alô")
    [update] = await waiting
    assert update["message"]["text"] == "Alô"


async def test_updates_are_kept_for_24_hours(scene: Scene, client: Client) -> None:
    scene.world.say(scene.lan, scene.bot, "hôm qua")
    scene.clock.pass_by(hours=23)
    scene.world.say(scene.lan, scene.bot, "hôm nay")
    scene.clock.pass_by(hours=2)
    assert [update["message"]["text"] for update in await client.updates()] == ["hôm nay"]


async def test_only_one_client_may_poll(scene: Scene, client: Client) -> None:
    first = asyncio.ensure_future(refusal(client.updates(timeout=30)))
    await asyncio.sleep(0.1)
    second = asyncio.ensure_future(client.updates(timeout=1))
    assert (await first).description.startswith("conflict: terminated by other getupdates request")
    assert await second == []


async def test_polling_beside_a_webhook_is_refused(scene: Scene, client: Client) -> None:
    await client.call("set_webhook", url="http://127.0.0.1:9/tin", secret_token="bi-mat_1")
    failure = await refusal(client.updates())
    assert failure.description.startswith("conflict: can't use getupdates method while webhook is active")
    await client.call("delete_webhook", drop_pending_updates=True)
    assert await client.updates() == []


async def test_membership_of_others_must_be_asked_for(scene: Scene, client: Client) -> None:
    scene.world.add_member(scene.group, scene.bac_sau)
    assert [sorted(update)[0] for update in await client.updates()] == ["message"]
    await client.updates(allowed_updates=["chat_member", "message_reaction"], offset=-1)
    scene.world.remove_member(scene.group, scene.bac_sau)
    scene.world.react(scene.lan, scene.group, scene.world.say(scene.hoa, scene.group, "Chào").id, ["❤"])
    kinds = [kind for update in await client.updates() for kind in update if kind != "update_id"]
    assert kinds == ["message", "chat_member", "message_reaction"]


async def test_a_pressed_button_is_answered(scene: Scene, client: Client) -> None:
    sent = await client.send(scene.group.id, "Tham gia?", buttons=inline("Có", "Không"))
    query_id = scene.world.press(scene.lan, scene.group, sent.message_id, "Có")
    [update] = await client.updates()
    query = update["callback_query"]
    assert (query["data"], query["from"]["id"], query["id"]) == ("Có", scene.lan.id, query_id)
    await client.call("answer_callback_query", callback_query_id=query_id, text="Cảm ơn!", show_alert=True)
    answered = scene.world.callbacks[query_id]
    assert (answered.answer, answered.is_alert) == ("Cảm ơn!", True)


async def test_an_inline_query_gets_results(scene: Scene, client: Client) -> None:
    query_id = scene.world.inline(scene.lan, scene.bot, "bão")
    [update] = await client.updates()
    assert update["inline_query"]["query"] == "bão"
    await client.call("answer_inline_query", inline_query_id=query_id, results=[])
    assert scene.world.inline_queries[query_id].results == []


# --- chats and the bot itself ------------------------------------------------------------------------


async def test_a_bot_reads_who_administers_a_chat(scene: Scene, client: Client) -> None:
    administrators = await client.call("get_chat_administrators", chat_id=scene.group.id)
    assert {(one["user"]["id"], str(one["status"])) for one in administrators} == {
        (scene.hoa.id, "creator"),
        (scene.bot.id, "administrator"),
    }
    own = await client.call("get_chat_member", chat_id=scene.channel.id, user_id=scene.bot.id)
    assert own["can_post_messages"]
    assert not own["can_promote_members"]
    outsider = await client.call("get_chat_member", chat_id=scene.group.id, user_id=scene.bac_sau.id)
    assert outsider["status"] == "left"


async def test_a_plain_member_reads_who_administers_a_group_and_nothing_of_others(
    scene: Scene, client: Client
) -> None:
    scene.world.set_anonymous(scene.group, scene.hoa)
    scene.world.demote(scene.group, scene.bot)

    (hoa,) = await client.call("get_chat_administrators", chat_id=scene.group.id)
    assert (hoa["user"]["id"], str(hoa["status"]), hoa["is_anonymous"]) == (scene.hoa.id, "creator", True)
    own = await client.call("get_chat_member", chat_id=scene.group.id, user_id=scene.bot.id)
    assert own["status"] == "member"
    refused = await refusal(client.call("get_chat_member", chat_id=scene.group.id, user_id=scene.lan.id))
    assert refused.description == "user_id_invalid"


async def test_a_bot_reads_a_chat_and_its_size(scene: Scene, client: Client) -> None:
    chat = await client.call("get_chat", chat_id=scene.channel.id)
    assert (chat["title"], chat["type"]) == ("Tin phường", "channel")
    assert await client.call("get_chat_member_count", chat_id=scene.channel.id) == 1201


async def test_commands_are_kept_per_scope_and_language(scene: Scene, client: Client) -> None:
    await client.call("set_my_commands", commands=[("kiemtra", "Kiểm tra tin")], language_code="vi")
    await client.call("set_my_commands", commands=[("verify", "Check a message")])
    vietnamese = await client.call("get_my_commands", language_code="vi")
    assert [command["command"] for command in vietnamese] == ["kiemtra"]
    await client.call("delete_my_commands", language_code="vi")
    assert await client.call("get_my_commands", language_code="vi") == []


async def test_topics_are_opened_and_closed(scene: Scene, client: Client) -> None:
    forum = scene.world.add_chat("supergroup", "Ban điều phối", scene.hoa, forum=True)
    scene.world.promote(forum, scene.bot, {"can_manage_topics"})
    topic = await client.call("create_forum_topic", chat_id=forum.id, name="Vụ 12")
    where = {"chat_id": forum.id, "message_thread_id": topic["message_thread_id"]}
    await client.call("close_forum_topic", **where)
    scene.world.demote(forum, scene.bot)
    failure = await refusal(client.send(forum.id, "Muộn", message_thread_id=topic["message_thread_id"]))
    assert failure.description == "topic_closed"


async def test_a_bot_leaves_and_is_outside(scene: Scene, client: Client) -> None:
    await client.call("leave_chat", chat_id=scene.group.id)
    failure = await refusal(client.send(scene.group.id, "Tạm biệt"))
    assert failure.description == "forbidden: bot is not a member of the supergroup chat"


async def test_the_bot_knows_itself(scene: Scene, client: Client) -> None:
    me = await client.call("get_me")
    assert (me["id"], me["username"], me["is_bot"]) == (scene.bot.id, "loa_phuong_bot", True)


# --- limits and faults -------------------------------------------------------------------------------


async def test_who_sends_too_fast_is_told_how_long_to_wait(scene: Scene, client: Client) -> None:
    scene.simulator.api.limiter.limits = Limits()
    await client.send(scene.group.id, "Một")
    assert (await refusal(client.send(scene.group.id, "Hai"))).retry_after == 1
    for _ in range(19):
        scene.clock.pass_by(seconds=1)
        await client.send(scene.group.id, "Tiếp")
    scene.clock.pass_by(seconds=1)
    assert (await refusal(client.send(scene.group.id, "Hai mươi mốt"))).retry_after == 40


async def test_an_answer_can_be_lost_after_the_message_was_sent(scene: Scene, client: Client) -> None:
    scene.simulator.faults.script("drop_answer", "sendMessage")
    assert (await refusal(client.send(scene.group.id, "Đã đến chưa?"))).is_network
    assert scene.world.shows(scene.group)[-1].text == "Đã đến chưa?"


@pytest.mark.parametrize("kind", ["gateway", "truncated", "reset"])
async def test_a_broken_answer_is_a_network_failure(scene: Scene, client: Client, kind: str) -> None:
    scene.simulator.faults.script(kind, "sendMessage")
    assert (await refusal(client.send(scene.group.id, "Alô"))).is_network
    await client.send(scene.group.id, "Alô")


async def test_a_refusal_can_be_scripted_for_one_chat(scene: Scene, client: Client) -> None:
    words = "Bad Request: have no write access to the chat"
    scene.simulator.faults.script("refuse", chat_id=scene.group.id, description=words, times=2)
    await client.send(scene.channel.id, "Một")
    for _ in range(2):
        assert (await refusal(client.send(scene.group.id, "Hai"))).description.startswith(
            "have no write access"
        )
    await client.send(scene.group.id, "Ba")


async def test_every_call_is_remembered(scene: Scene, client: Client) -> None:
    await client.send(scene.group.id, "Một")
    await refusal(client.send(scene.bac_sau.id, "Hai"))
    group_call, refused_call = scene.world.calls_of("sendMessage")
    assert (group_call.chat_id, group_call.is_ok, group_call.at) == (scene.group.id, True, scene.clock.at)
    assert (refused_call.acted, refused_call.outcome.startswith("Forbidden")) == (False, True)
