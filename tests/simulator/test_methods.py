"""The less common methods, called in process: what they change, and what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.telegram_api import ApiResult, TelegramSimulator, Upload
from simulator.wire.entities import Entity
from simulator.world import ActError, Chat, EventKind, RichText, WorldEvent
from tests.simulator.scene import Clock, Scene, picture, set_scene


@pytest.fixture
def still() -> Scene:
    """The neighbourhood with no server running."""
    clock = Clock()
    return set_scene(TelegramSimulator(now=clock), clock)


def call(scene: Scene, method: str, **parameters: Any) -> ApiResult:
    return scene.simulator.api.call(scene.bot.token, method, parameters)


def done(scene: Scene, method: str, **parameters: Any) -> Any:
    """The result of a call that must succeed."""
    result = call(scene, method, **parameters)
    assert result.ok, result.description
    return result.result


@pytest.fixture
def forum(still: Scene) -> Chat:
    place = still.world.add_chat("supergroup", "Ban điều phối", still.hoa, forum=True, members=[still.lan])
    still.world.promote(place, still.bot, {"can_manage_topics"})
    still.forget()
    return place


def test_a_topic_is_renamed_reopened_and_deleted(still: Scene, forum: Chat) -> None:
    topic = done(still, "createForumTopic", chat_id=forum.id, name="Vụ 12", icon_color=9367192)
    where = {"chat_id": forum.id, "message_thread_id": topic["message_thread_id"]}
    done(still, "editForumTopic", name="Vụ 12: xong", **where)
    assert call(still, "editForumTopic", name="Vụ 12: xong", **where).description.endswith(
        "TOPIC_NOT_MODIFIED"
    )
    done(still, "closeForumTopic", **where)
    with pytest.raises(ActError, match="closed"):
        still.world.say(still.lan, forum, "Còn nữa", topic=where["message_thread_id"])
    done(still, "reopenForumTopic", **where)
    still.world.say(still.lan, forum, "Còn nữa", topic=where["message_thread_id"])
    done(still, "deleteForumTopic", **where)
    assert [shown.text for shown in still.world.shows(forum)] == ["Hoa added Loa phường"]


def test_in_a_topic_every_message_answers_the_one_that_opened_it(still: Scene, forum: Chat) -> None:
    topic = still.world.add_topic(forum, "Vụ 12", still.hoa)
    sent = done(still, "sendMessage", chat_id=forum.id, text="Chào", message_thread_id=topic.id)
    assert sent["reply_to_message"]["message_id"] == topic.id
    assert "forum_topic_created" in sent["reply_to_message"]


def test_topics_need_a_forum_and_the_right(still: Scene, forum: Chat) -> None:
    refused = call(still, "createForumTopic", chat_id=still.group.id, name="Vụ 12")
    assert refused.description == "Bad Request: the chat is not a forum"
    still.world.demote(forum, still.bot)
    refused = call(still, "createForumTopic", chat_id=forum.id, name="Vụ 12")
    assert refused.description == "Bad Request: not enough rights to create a topic"


def test_media_are_replaced_in_place(still: Scene) -> None:
    photo = Upload(picture(), "anh.png")
    sent = done(still, "sendPhoto", chat_id=still.group.id, photo=photo, caption="Cũ")
    media = json.dumps(
        {"type": "photo", "media": "attach://moi", "caption": "<b>Mới</b>", "parse_mode": "HTML"}
    )
    where = {"chat_id": still.group.id, "message_id": sent["message_id"]}
    done(still, "editMessageMedia", media=media, moi=Upload(picture(shade=9), "moi.png"), **where)
    shown = still.world.shows(still.group)[-1]
    assert (shown.text, shown.html, shown.edited) == ("Mới", "<b>Mới</b>", True)
    assert still.world.files[shown.photo or ""].data == picture(shade=9)


def test_a_message_with_a_reply_keyboard_cannot_be_edited(still: Scene) -> None:
    keyboard = {"keyboard": [["Có", "Không"]]}
    sent = done(still, "sendMessage", chat_id=still.lan.id, text="Chọn", reply_markup=keyboard)
    edited = call(
        still, "editMessageText", chat_id=still.lan.id, message_id=sent["message_id"], text="Chọn đi"
    )
    assert edited.description == "Bad Request: message can't be edited"
    labels = [[key.label for key in row] for row in still.world.open_keyboard(still.lan.id)]
    assert labels == [["Có", "Không"]]
    done(still, "sendMessage", chat_id=still.lan.id, text="Xong", reply_markup={"remove_keyboard": True})
    assert still.world.open_keyboard(still.lan.id) == ()


def test_several_messages_are_copied_and_forwarded_together(still: Scene) -> None:
    ids = [still.world.say(still.hoa, still.group, text).id for text in ("Một", "Hai")]
    source = {"chat_id": still.channel.id, "from_chat_id": still.group.id}
    assert len(done(still, "copyMessages", message_ids=[*ids, 999], **source)) == 2
    assert len(done(still, "forwardMessages", message_ids=ids, **source)) == 2
    assert [shown.text for shown in still.world.shows(still.channel)] == ["Một", "Hai"] * 2
    refused = call(still, "copyMessages", message_ids=ids[::-1], **source)
    assert refused.description.endswith("strictly increasing order")


def test_a_copy_may_have_its_own_caption(still: Scene) -> None:
    photo = still.world.send_photo(still.hoa, still.group, picture(), "Cũ")
    where = {"chat_id": still.channel.id, "from_chat_id": still.group.id, "message_id": photo.id}
    done(still, "copyMessage", caption="Mới", **where)
    done(still, "copyMessage", **where)
    assert [shown.text for shown in still.world.shows(still.channel)] == ["Mới", "Cũ"]


def test_all_pins_are_taken_away(still: Scene) -> None:
    for text in ("Một", "Hai"):
        sent = done(still, "sendMessage", chat_id=still.group.id, text=text)
        done(still, "pinChatMessage", chat_id=still.group.id, message_id=sent["message_id"])
    assert done(still, "getChat", chat_id=still.group.id)["pinned_message"]["text"] == "Hai"
    done(still, "unpinAllChatMessages", chat_id=still.group.id)
    assert not any(shown.pinned for shown in still.world.shows(still.group))


def test_a_bot_reacts_with_one_known_emoji(still: Scene) -> None:
    said = still.world.say(still.lan, still.group, "Tin này đúng không?")
    where = {"chat_id": still.group.id, "message_id": said.id}
    done(still, "setMessageReaction", reaction=[{"type": "emoji", "emoji": "👍"}], **where)
    assert still.world.shows(still.group)[-1].reactions == ("👍",)
    refused = call(still, "setMessageReaction", reaction=[{"type": "emoji", "emoji": "x"}], **where)
    assert refused.description == "Bad Request: REACTION_INVALID"


def test_the_bot_says_of_itself_what_it_was_told_to(still: Scene) -> None:
    done(still, "setMyDescription", description="Loa của phường")
    done(still, "setMyDescription", description="The ward's loudspeaker", language_code="en")
    assert done(still, "getMyDescription", language_code="en") == {"description": "The ward's loudspeaker"}
    assert done(still, "getMyDescription", language_code="fr") == {"description": "Loa của phường"}
    assert not call(still, "setMyShortDescription", short_description="x" * 121).ok
    done(still, "setMyName", name="Loa phường 5")
    assert done(still, "getMe")["first_name"] == done(still, "getMyName")["name"] == "Loa phường 5"
    done(
        still,
        "setChatMenuButton",
        menu_button={"type": "web_app", "text": "Mở", "web_app": {"url": "https://a.vn"}},
    )
    assert done(still, "getChatMenuButton", chat_id=still.lan.id)["type"] == "web_app"
    done(still, "setMyDefaultAdministratorRights", rights={"can_pin_messages": True})
    assert done(still, "getMyDefaultAdministratorRights")["can_pin_messages"]


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "kiểm", "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "kiem", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "kiem", "description": "x"}] * 101, "BOT_COMMANDS_TOO_MUCH"),
    ],
)
def test_wrong_commands_are_refused(still: Scene, commands: list[dict[str, str]], words: str) -> None:
    assert call(still, "setMyCommands", commands=commands).description == f"Bad Request: {words}"


def test_commands_for_one_chat_need_access_to_it(still: Scene) -> None:
    commands = [{"command": "duyet", "description": "Phê duyệt"}]
    scope = {"type": "chat_administrators", "chat_id": still.group.id}
    done(still, "setMyCommands", commands=commands, scope=scope)
    assert done(still, "getMyCommands", scope=scope) == commands
    assert done(still, "getMyCommands") == []
    assert not call(still, "setMyCommands", commands=commands, scope=scope | {"chat_id": -1001}).ok


def test_members_are_banned_restricted_and_let_in_again(still: Scene) -> None:
    who = {"chat_id": still.group.id, "user_id": still.lan.id}
    assert call(still, "banChatMember", **who).description.endswith("restrict/unrestrict chat member")
    still.world.promote(still.group, still.bot, {"can_restrict_members", "can_promote_members"})
    done(still, "restrictChatMember", permissions={"can_send_messages": False}, **who)
    with pytest.raises(ActError, match="may not write"):
        still.world.say(still.lan, still.group, "Alô")
    done(still, "banChatMember", **who)
    assert done(still, "getChatMember", **who)["status"] == "kicked"
    done(still, "unbanChatMember", **who)
    assert done(still, "getChatMember", **who)["status"] == "left"
    done(still, "promoteChatMember", can_pin_messages=True, **who | {"user_id": still.tung.id})
    assert still.group.member(still.tung.id).may("can_pin_messages")


def test_invite_links_and_titles_need_their_rights(still: Scene) -> None:
    where = {"chat_id": still.group.id}
    assert not call(still, "exportChatInviteLink", **where).ok
    assert not call(still, "setChatTitle", title="Tổ 5", **where).ok
    still.world.promote(still.group, still.bot, {"can_invite_users", "can_change_info"})
    link = done(still, "exportChatInviteLink", **where)
    assert link.startswith("https://t.me/+")
    assert done(still, "createChatInviteLink", **where)["invite_link"] != link
    done(still, "setChatTitle", title="Tổ 5", **where)
    done(still, "setChatDescription", description="Nhóm của tổ", **where)
    chat = done(still, "getChat", **where)
    assert (chat["title"], chat["description"]) == ("Tổ 5", "Nhóm của tổ")


def test_typing_is_seen_by_those_who_watch(still: Scene) -> None:
    heard: list[WorldEvent] = []
    still.world.subscribe(heard.append)
    done(still, "sendChatAction", chat_id=still.lan.id, action="typing")
    assert [event.kind for event in heard] == [EventKind.ACTION]
    assert not call(still, "sendChatAction", chat_id=still.lan.id, action="dancing").ok


def test_an_inline_result_is_chosen_and_sent(still: Scene) -> None:
    query = still.world.inline(still.lan, still.bot, "bão")
    result = {
        "type": "article",
        "id": "1",
        "title": "Bão số 3",
        "input_message_content": {"message_text": "Tin bão"},
    }
    double = call(still, "answerInlineQuery", inline_query_id=query, results=[result, result])
    assert double.description == "Bad Request: RESULT_ID_DUPLICATE"
    done(still, "answerInlineQuery", inline_query_id=query, results=[result])
    still.world.choose_inline(still.lan, still.group, query)
    assert still.world.shows(still.group)[-1].text == "Tin bão"


def test_a_button_is_answered_once_and_in_time(still: Scene) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Có", "callback_data": "1"}]]}
    sent = done(still, "sendMessage", chat_id=still.group.id, text="?", reply_markup=keyboard)
    first, second = (still.world.press(still.lan, still.group, sent["message_id"], "1") for _ in range(2))
    done(still, "answerCallbackQuery", callback_query_id=first)
    assert not call(still, "answerCallbackQuery", callback_query_id=first).ok
    assert not call(still, "answerCallbackQuery", callback_query_id=second, text="x" * 201).ok
    still.clock.pass_by(minutes=16)
    assert not call(still, "answerCallbackQuery", callback_query_id=second).ok


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ({"inline_keyboard": [[{"text": "Trống"}]]}, "Text buttons are unallowed in the inline keyboard"),
        ({"inline_keyboard": [[{"text": "Web", "url": "không phải"}]]}, "is invalid: Wrong HTTP URL"),
        ({"inline_keyboard": [[{"text": "x", "callback_data": "x"}] * 8] * 13}, "reply markup is too long"),
        ({"inline_keyboard": {"text": "x"}}, "must be an Array of Arrays"),
        ({"keyboard": [[{"text": "Chọn", "request_contact": True}]]}, "BUTTON_TYPE_INVALID"),
    ],
)
def test_wrong_keyboards_are_refused(still: Scene, markup: dict[str, Any], words: str) -> None:
    refused = call(still, "sendMessage", chat_id=still.group.id, text="?", reply_markup=markup)
    assert refused.description.endswith(words)


def test_styles_are_cut_around_code(still: Scene) -> None:
    html = "<b>đậm <code>mã</code> đậm</b>"
    sent = done(still, "sendMessage", chat_id=still.lan.id, text=html, parse_mode="HTML")
    found = [(one["type"], one["offset"], one["length"]) for one in sent["entities"]]
    assert found == [("bold", 0, 4), ("code", 4, 2), ("bold", 6, 4)]


def test_a_mention_of_somebody_unknown_comes_to_nothing(still: Scene) -> None:
    html = f'<a href="tg://user?id={still.hoa.id}">Hoa</a> <a href="tg://user?id=5">Ai</a>'
    sent = done(still, "sendMessage", chat_id=still.lan.id, text=html, parse_mode="HTML")
    assert [one["user"]["first_name"] for one in sent["entities"]] == ["Hoa"]


def test_given_entities_must_lie_inside_the_text(still: Scene) -> None:
    beyond = [{"type": "bold", "offset": 2, "length": 9}]
    refused = call(still, "sendMessage", chat_id=still.lan.id, text="Chào", entities=beyond)
    assert refused.description.startswith("Bad Request: entity beginning at UTF-16 offset 2 ends after")


def test_a_photo_of_one_bot_is_nothing_to_another(still: Scene) -> None:
    rival = still.world.add_bot("4300043:AAHanotherTokenThatIsNotReal", "bot_khac_bot", "Khác")
    still.world.start(still.lan, rival)
    sent = done(still, "sendPhoto", chat_id=still.lan.id, photo=Upload(picture(), "a.png"))
    theirs = {"chat_id": still.lan.id, "photo": sent["photo"][-1]["file_id"]}
    refused = still.simulator.api.call(rival.token, "sendPhoto", theirs)
    assert refused.description == "Bad Request: wrong file identifier/HTTP URL specified"


def test_texts_of_people_carry_hidden_links(still: Scene) -> None:
    hidden = RichText("nhận quà", (Entity("text_link", 0, 8, url="https://qua-tang.example.top/"),))
    still.world.say(still.lan, still.bot, hidden)
    update = still.told()[0]["message"]
    assert isinstance(update, dict)
    assert update["entities"][0]["url"] == "https://qua-tang.example.top/"
