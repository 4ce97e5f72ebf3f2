"""What people do in the simulated world, what it shows, and which updates a bot gets for it."""

from __future__ import annotations

import pytest

from simulator.world import (
    ActError,
    EventKind,
    Message,
    Origin,
    OriginKind,
    RichText,
    SenderKind,
    WorldEvent,
)
from simulator.world_model import ANONYMOUS_ADMIN_ID
from tests.simulator.scene import Scene, picture


def told(scene: Scene) -> list[tuple[str, str]]:
    """Each waiting update's kind with its text, or with what it is about."""
    found = []
    for update in scene.told():
        kind, body = next((key, value) for key, value in update.items() if key != "update_id")
        assert isinstance(body, dict)
        what = body.get("text") or body.get("caption") or body.get("data") or _service(body)
        found.append((kind, str(what)))
    return found


def _service(body: dict[str, object]) -> str:
    known = ("new_chat_members", "left_chat_member", "pinned_message", "chat_shared", "migrate_to_chat_id")
    return next((field for field in known if field in body), "")


# --- links and buttons that bring a bot somewhere ----------------------------------------------------


def test_a_link_to_the_bot_starts_it_with_its_payload(scene: Scene) -> None:
    scene.world.open_link(scene.bac_sau, "https://t.me/loa_phuong_bot?start=kiemtra_A1")
    assert told(scene) == [("message", "/start kiemtra_A1")]


def test_a_group_link_adds_the_bot_with_its_rights_and_says_start(scene: Scene) -> None:
    group = scene.world.add_chat("supergroup", "Phụ huynh 3A", scene.tung)
    link = "https://t.me/loa_phuong_bot?startgroup=cam-ket&admin=pin_messages+delete_messages"
    scene.world.open_link(scene.tung, link, group)
    assert told(scene) == [
        ("my_chat_member", ""),
        ("message", "new_chat_members"),
        ("message", "/start@loa_phuong_bot cam-ket"),
    ]
    rights = group.member(scene.bot.id).rights
    assert rights == {"can_pin_messages", "can_delete_messages", "can_manage_chat"}


def test_who_may_not_appoint_adds_the_bot_as_a_member(scene: Scene) -> None:
    group = scene.world.add_chat("supergroup", "Phụ huynh 3A", scene.tung, members=[scene.lan])
    scene.world.open_link(scene.lan, "t.me/loa_phuong_bot?startgroup=x&admin=pin_messages", group)
    assert group.member(scene.bot.id).status == "member"


def test_a_channel_link_brings_only_the_membership(scene: Scene) -> None:
    channel = scene.world.add_chat("channel", "Tin xã", scene.hoa)
    link = "tg://resolve?domain=loa_phuong_bot&startchannel&admin=post_messages+edit_messages"
    assert scene.world.open_link(scene.hoa, link, channel) is None
    [update] = scene.told()
    changed = update["my_chat_member"]
    assert isinstance(changed, dict)
    assert changed["from"]["id"] == scene.hoa.id
    assert changed["new_chat_member"]["can_edit_messages"]


def test_a_stranger_cannot_bring_the_bot_into_a_channel(scene: Scene) -> None:
    link = "https://t.me/loa_phuong_bot?startchannel&admin=post_messages"
    with pytest.raises(ActError, match="may not appoint"):
        scene.world.open_link(scene.lan, link, scene.world.add_chat("channel", "Tin xã", scene.hoa))


def test_a_keyboard_button_shares_a_chat_and_grants_the_rights_it_asks_for(scene: Scene) -> None:
    rights = {"can_manage_chat": True, "can_post_messages": True}
    button = {
        "text": "Chọn kênh",
        "request_chat": {
            "request_id": 7,
            "chat_is_channel": True,
            "request_title": True,
            "user_administrator_rights": rights,
            "bot_administrator_rights": rights,
        },
    }
    keyboard = {"keyboard": [[button]], "resize_keyboard": True}
    call = {"chat_id": scene.lan.id, "text": "Chọn kênh của bạn", "reply_markup": keyboard}
    assert scene.simulator.api.call(scene.bot.token, "sendMessage", call).ok
    channel = scene.world.add_chat("channel", "Tin của Lan", scene.lan)
    talk = scene.world.private_chat(scene.lan, scene.bot)
    with pytest.raises(ActError, match="your rights"):
        scene.world.share_chat(scene.lan, talk, "Chọn kênh", scene.channel)
    scene.world.share_chat(scene.lan, talk, "Chọn kênh", channel)
    assert channel.member(scene.bot.id).may("can_post_messages")
    shared = scene.told()[-1]["message"]
    assert isinstance(shared, dict)
    assert shared["chat_shared"] == {"request_id": 7, "chat_id": channel.id, "title": "Tin của Lan"}


# --- privacy mode ------------------------------------------------------------------------------------


@pytest.fixture
def private(scene: Scene) -> Scene:
    """The bot is an ordinary member of the group, with privacy mode on."""
    scene.world.demote(scene.group, scene.bot)
    scene.forget()
    return scene


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        ("Chào cả nhà", False),
        ("/verify A1", True),
        ("/verify@loa_phuong_bot A1", True),
        ("/verify@bot_khac A1", False),
        ("@loa_phuong_bot tin này thật không?", True),
        ("@loa_phuong_botnet tin này thật không?", False),
        ("xem /verify", True),
    ],
)
def test_with_privacy_a_bot_hears_only_what_is_meant_for_it(private: Scene, text: str, is_seen: bool) -> None:
    private.world.say(private.lan, private.group, text)
    assert bool(private.told()) == is_seen


def test_a_bare_command_goes_to_the_bot_that_wrote_last(private: Scene) -> None:
    rival = private.world.add_bot("4300043:AAHanotherTokenThatIsNotReal", "bot_khac_bot", "Khác")
    private.world.add_member(private.group, rival, by=private.hoa)
    private.simulator.api.call(rival.token, "sendMessage", {"chat_id": private.group.id, "text": "Tôi đây"})
    private.forget()
    private.world.say(private.lan, private.group, "/help")
    assert (private.told(), bool(private.told(rival))) == ([], True)


def test_replies_to_the_bot_and_service_messages_are_always_heard(private: Scene) -> None:
    call = {"chat_id": private.group.id, "text": "Bản tin"}
    sent = private.simulator.api.call(private.bot.token, "sendMessage", call)
    private.world.say(private.lan, private.group, "Thật không?", reply_to=sent.result["message_id"])
    private.world.add_member(private.group, private.bac_sau)
    assert told(private) == [("message", "Thật không?"), ("message", "new_chat_members")]


def test_an_administrator_bot_hears_everything_but_other_bots(scene: Scene) -> None:
    rival = scene.world.add_bot("4300043:AAHanotherTokenThatIsNotReal", "bot_khac_bot", "Khác")
    scene.world.add_member(scene.group, rival, by=scene.hoa)
    scene.forget()
    scene.world.say(scene.lan, scene.group, "Chào cả nhà")
    scene.simulator.api.call(rival.token, "sendMessage", {"chat_id": scene.group.id, "text": "Quảng cáo"})
    assert told(scene) == [("message", "Chào cả nhà")]


# --- who speaks --------------------------------------------------------------------------------------


def test_an_anonymous_admin_hides_behind_the_group(scene: Scene) -> None:
    scene.world.say(scene.hoa, scene.group, "Mời họp", anonymous=True)
    [update] = scene.told()
    message = update["message"]
    assert isinstance(message, dict)
    assert message["from"]["id"] == ANONYMOUS_ADMIN_ID
    assert message["sender_chat"]["id"] == scene.group.id
    assert scene.world.shows(scene.group)[-1].sender_kind is SenderKind.CHAT


def test_an_anonymous_owner_brings_the_bot_in_as_the_group(scene: Scene) -> None:
    group = scene.world.add_chat("supergroup", "Phụ huynh 3A", scene.tung)
    scene.world.set_anonymous(group, scene.tung)
    started = scene.world.open_link(scene.tung, "t.me/loa_phuong_bot?startgroup=x&admin=pin_messages", group)
    assert started is not None
    assert (started.from_id, started.sender_chat_id) == (ANONYMOUS_ADMIN_ID, group.id)
    scene.world.set_anonymous(group, scene.tung, is_anonymous=False)
    assert scene.world.say(scene.tung, group, "Tôi đây").from_id == scene.tung.id


def test_an_edit_by_a_person_is_told(scene: Scene) -> None:
    said = scene.world.say(scene.lan, scene.group, "Nghe nói vỡ đê?")
    scene.world.edit_text(scene.lan, scene.group, said.id, "Không phải vỡ đê")
    assert told(scene)[-1] == ("edited_message", "Không phải vỡ đê")
    with pytest.raises(ActError):
        scene.world.edit_text(scene.hoa, scene.group, said.id, "Sửa hộ")


def test_only_admins_are_anonymous_and_only_owners_speak_for_a_channel(scene: Scene) -> None:
    with pytest.raises(ActError):
        scene.world.say(scene.lan, scene.group, "Mời họp", anonymous=True)
    with pytest.raises(ActError):
        scene.world.say(scene.lan, scene.group, "Tin đây", as_chat=scene.channel)
    assert scene.world.say(scene.tung, scene.group, "Tin đây", as_chat=scene.channel).sender_chat_id


def test_who_is_not_inside_does_not_speak(scene: Scene) -> None:
    with pytest.raises(ActError, match="is not in"):
        scene.world.say(scene.bac_sau, scene.group, "Cho tôi hỏi")
    scene.world.add_member(scene.channel, scene.lan)
    with pytest.raises(ActError, match="may not post"):
        scene.world.say(scene.lan, scene.channel, "Cho tôi hỏi")


# --- forwards ----------------------------------------------------------------------------------------


def origin_of(message: Message) -> Origin:
    assert message.origin is not None
    return message.origin


def test_a_forward_tells_the_person_unless_the_person_hides(scene: Scene) -> None:
    open_words = scene.world.say(scene.hoa, scene.group, "Tôi nói")
    shy = scene.world.add_user("Ẩn", hides_forwards=True)
    scene.world.add_member(scene.group, shy)
    shy_words = scene.world.say(shy, scene.group, "Đừng nói tôi nói")
    forwarded = [
        scene.world.forward(scene.lan, scene.group, words.id, scene.bot) for words in (open_words, shy_words)
    ]
    assert [origin_of(one).kind for one in forwarded] == [OriginKind.USER, OriginKind.HIDDEN_USER]
    update = scene.told()[-1]["message"]
    assert isinstance(update, dict)
    assert update["forward_origin"]["sender_user_name"] == "Ẩn"


def test_a_forward_of_a_post_tells_channel_and_number(scene: Scene) -> None:
    post = scene.world.say(scene.tung, scene.channel, "Lịch cúp điện")
    scene.world.add_member(scene.channel, scene.lan)
    once = scene.world.forward(scene.lan, scene.channel, post.id, scene.group)
    twice = scene.world.forward(scene.hoa, scene.group, once.id, scene.group)
    for forwarded in (once, twice):
        origin = origin_of(forwarded)
        assert (origin.kind, origin.chat_id, origin.message_id) == (
            OriginKind.CHANNEL,
            scene.channel.id,
            post.id,
        )


def test_a_forward_of_an_anonymous_admin_tells_the_group(scene: Scene) -> None:
    words = scene.world.say(scene.hoa, scene.group, "Mời họp", anonymous=True)
    assert origin_of(scene.world.forward(scene.lan, scene.group, words.id, scene.bot)).kind is OriginKind.CHAT


@pytest.mark.parametrize("kind", OriginKind)
def test_something_from_outside_can_be_forwarded_with_any_origin(scene: Scene, kind: OriginKind) -> None:
    origin = Origin(kind, scene.clock.at, name="Ai đó", chat_title="Nhóm lạ", message_id=5)
    scene.world.forward_foreign(scene.lan, scene.bot, "Trúng thưởng xe máy!", origin)
    update = scene.told()[-1]["message"]
    assert isinstance(update, dict)
    assert update["forward_origin"]["type"] == kind
    assert scene.world.shows(scene.lan.id)[-1].forwarded_from in ("Ai đó", "Nhóm lạ")


def test_protected_content_is_not_forwarded(scene: Scene) -> None:
    call = {"chat_id": scene.group.id, "text": "Mật", "protect_content": True}
    sent = scene.simulator.api.call(scene.bot.token, "sendMessage", call)
    with pytest.raises(ActError, match="protected"):
        scene.world.forward(scene.lan, scene.group, sent.result["message_id"], scene.bot)


# --- chats that change -------------------------------------------------------------------------------


def test_blocking_and_coming_back_is_told(scene: Scene) -> None:
    scene.world.block(scene.lan, scene.bot)
    with pytest.raises(ActError, match="unblock"):
        scene.world.say(scene.lan, scene.bot, "Alô")
    scene.world.start(scene.lan, scene.bot)
    statuses = []
    for update in scene.told()[:2]:
        body = update["my_chat_member"]
        assert isinstance(body, dict)
        statuses.append(body["new_chat_member"]["status"])
    assert statuses == ["kicked", "member"]


def test_a_deleted_group_and_a_deleted_channel_answer_differently(scene: Scene) -> None:
    group = scene.world.add_chat("group", "Chợ", scene.hoa)
    scene.world.add_member(group, scene.bot, by=scene.hoa)
    answers = []
    for chat in (group, scene.channel):
        scene.world.delete_chat(chat)
        call = {"chat_id": chat.id, "text": "Alô"}
        answers.append(scene.simulator.api.call(scene.bot.token, "sendMessage", call).description)
    assert answers == [
        "Forbidden: the group chat was deleted",
        "Forbidden: bot was kicked from the channel chat",
    ]


def test_the_history_of_a_chat_is_bounded(scene: Scene) -> None:
    scene.world.history_bound = 10
    for number in range(25):
        scene.world.say(scene.lan, scene.group, f"tin {number}")
    assert scene.world.shows(scene.group)[0].text == "tin 15"
    assert len(scene.world.shows(scene.group, last=3)) == 3


def test_watchers_hear_of_each_visible_change(scene: Scene) -> None:
    heard: list[WorldEvent] = []
    stop = scene.world.subscribe(heard.append)
    message = scene.world.say(scene.hoa, scene.group, "Chào")
    scene.world.edit_text(scene.hoa, scene.group, message.id, "Chào cả nhà")
    scene.world.react(scene.lan, scene.group, message.id)
    scene.world.delete_message(scene.hoa, scene.group, message.id)
    stop()
    scene.world.say(scene.hoa, scene.group, "Hết")
    kinds = [EventKind.MESSAGE, EventKind.EDIT, EventKind.REACTION, EventKind.DELETE]
    assert [(event.kind, event.message_id) for event in heard] == [(kind, message.id) for kind in kinds]


def test_what_is_shown_carries_photo_caption_and_formatting(scene: Scene) -> None:
    scene.world.send_photo(scene.lan, scene.group, picture(50, 20), "Ảnh")
    shown = scene.world.shows(scene.group)[-1]
    assert shown.photo is not None
    stored = scene.world.files[shown.photo]
    assert (shown.text, stored.width, stored.height) == ("Ảnh", 50, 20)
    scene.world.say(scene.lan, scene.group, RichText("a < b"))
    assert scene.world.shows(scene.group)[-1].html == "a &lt; b"


def test_a_button_that_is_not_there_is_named_with_those_that_are(scene: Scene) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Có", "callback_data": "1"}, {"text": "Web", "url": "a.vn"}]]}
    call = {"chat_id": scene.group.id, "text": "?", "reply_markup": keyboard}
    sent = scene.simulator.api.call(scene.bot.token, "sendMessage", call).result["message_id"]
    with pytest.raises(ActError, match="“Có”, “Web”"):
        scene.world.press(scene.lan, scene.group, sent, "Không")
    with pytest.raises(ActError, match=r"http://a\.vn/"):
        scene.world.press(scene.lan, scene.group, sent, "Web")
    with pytest.raises(ActError, match="is not in"):
        scene.world.press(scene.bac_sau, scene.group, sent, "Có")


def test_a_deep_link_that_is_none_is_refused(scene: Scene) -> None:
    for url in (
        "https://example.vn/loa_phuong_bot?start=1",
        "t.me/ai_do?start=1",
        "t.me/loa_phuong_bot?start=ă",
    ):
        with pytest.raises(ActError):
            scene.world.open_link(scene.lan, url)
