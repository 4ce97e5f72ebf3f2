"""One contract, two clients by different authors: each sees the same Telegram in the simulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from simulator.world import FileKind
from tests.simulator.scene import RIVAL_TOKEN, Scene, picture
from tests.simulator.telegram_clients import Client, client_of, inline, refusal

# --- sending -----------------------------------------------------------------------------------------


async def test_a_message_arrives_with_its_formatting_and_buttons(scene: Scene, client: Client) -> None:
    sent = await client.send(
        scene.group.id,
        "<b>Bản tin</b> 😀 <i>số 1</i>: xem https://phuong.example.vn/1",
        parse_mode="HTML",
        buttons=inline("Đã rõ"),
    )
    shown = scene.world.shows(scene.group)[-1]
    assert sent.text == shown.text == "Bản tin 😀 số 1: xem https://phuong.example.vn/1"
    assert sent.entities == (("bold", 0, 7), ("italic", 11, 4), ("url", 21, 27))
    assert sent.buttons == ("Đã rõ",)
    assert (shown.sender_name, shown.button("Đã rõ").data) == ("Loa phường", "Đã rõ")


async def test_a_channel_post_stands_in_the_name_of_the_channel(scene: Scene, client: Client) -> None:
    await client.send(scene.channel.id, "Mưa lớn tối nay.")
    assert scene.world.shows(scene.channel)[-1].sender_name == "Tin phường"


async def test_text_is_trimmed_and_measured_in_utf16_units_after_parsing(
    scene: Scene, client: Client
) -> None:
    fits = "😀" * 2047 + "ab"
    sent = await client.send(scene.lan.id, f"  <b>{fits}</b>\n\n", parse_mode="HTML")
    assert sent.text == fits
    assert sent.entities == (("bold", 0, 4096),)
    too_long = await refusal(client.send(scene.lan.id, f"{fits}c"))
    assert too_long.description == "message is too long"


async def test_a_caption_has_1024_units(scene: Scene, client: Client) -> None:
    sent = await client.send_photo(scene.lan.id, picture(), caption="😀" * 512)
    assert len(sent.text) == 512
    failure = await refusal(client.send_photo(scene.lan.id, picture(), caption="😀" * 512 + "."))
    assert failure.description == "message caption is too long"


async def test_replies_follow_into_the_topic_of_what_they_answer(scene: Scene, client: Client) -> None:
    forum = scene.world.add_chat("supergroup", "Ban điều phối", scene.hoa, forum=True)
    scene.world.promote(forum, scene.bot, {"can_manage_topics"})
    topic = scene.world.add_topic(forum, "Vụ 12", scene.hoa)
    asked = scene.world.say(scene.hoa, forum, "Có đúng không?", topic=topic)
    sent = await client.send(forum.id, "Đang kiểm tra.", reply_to=asked.id)
    assert (sent.topic, sent.reply_to) == (topic.id, asked.id)


async def test_given_entities_are_kept(scene: Scene, client: Client) -> None:
    sent = await client.send(scene.lan.id, "😀 đậm", entities=[("bold", 3, 3)])
    assert sent.entities == (("bold", 3, 3),)


async def test_a_photo_is_uploaded_once_and_sent_again_by_its_id(scene: Scene, client: Client) -> None:
    first = await client.send_photo(scene.group.id, picture(), caption="Sơ đồ sơ tán")
    assert len(first.photo_ids) == 2
    second = await client.send_photo(scene.channel.id, first.photo_ids[-1])
    assert await client.download(second.photo_ids[-1]) == picture()
    shown = scene.world.shows(scene.channel)[-1]
    assert shown.photo is not None
    assert scene.world.files[shown.photo].data == picture()


async def test_a_document_keeps_its_bytes_and_its_name(scene: Scene, client: Client) -> None:
    file_id = await client.send_document(scene.lan.id, b"\r\n--\r\nid;ten\r\n", "danh sach.csv")
    assert await client.download(file_id) == b"\r\n--\r\nid;ten\r\n"
    stored = scene.world.files[scene.world.shows(scene.lan.id)[-1].document or ""]
    assert (stored.name, stored.kind) == ("danh sach.csv", FileKind.DOCUMENT)


async def test_a_photo_from_a_person_can_be_fetched(scene: Scene, client: Client) -> None:
    scene.world.send_photo(scene.lan, scene.bot, picture(32, 32), "Tin này thật không?")
    [update] = await client.updates()
    message = update["message"]
    assert message["caption"] == "Tin này thật không?"
    assert await client.download(message["photo"][-1]["file_id"]) == picture(32, 32)


# --- what is refused ---------------------------------------------------------------------------------


def silence(scene: Scene, *but: str) -> None:
    """The bot is an ordinary member, and members may do nothing but this."""
    scene.world.demote(scene.group, scene.bot)
    scene.world.set_permissions(scene.group, but)


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that must fail, and the words it must fail with."""

    words: str
    call: Callable[[Scene, Client], Awaitable[object]]
    before: Callable[[Scene], object] = lambda scene: None


REFUSED = {
    "nothing to send": Refused("text must be non-empty", lambda s, c: c.send(s.lan.id, " \n ")),
    "unknown chat": Refused("chat not found", lambda s, c: c.send(-1009876543210, "?")),
    "unknown name": Refused("chat not found", lambda s, c: c.send("@khong_co_ai", "?")),
    "never started": Refused(
        "forbidden: bot can't initiate conversation with a user",
        lambda s, c: c.send(s.bac_sau.id, "Chào bác"),
    ),
    "blocked": Refused(
        "forbidden: bot was blocked by the user",
        lambda s, c: c.send(s.lan.id, "Chào"),
        lambda s: s.world.block(s.lan, s.bot),
    ),
    "deactivated": Refused(
        "forbidden: user is deactivated",
        lambda s, c: c.send(s.lan.id, "Chào"),
        lambda s: s.world.deactivate(s.lan),
    ),
    "kicked": Refused(
        "forbidden: bot was kicked from the supergroup chat",
        lambda s, c: c.send(s.group.id, "Chào"),
        lambda s: s.world.remove_member(s.group, s.bot, by=s.hoa),
    ),
    "out of the channel": Refused(
        "forbidden: bot is not a member of the channel chat",
        lambda s, c: c.send(s.channel.id, "Chào"),
        lambda s: s.world.demote(s.channel, s.bot),
    ),
    "may not post": Refused(
        "need administrator rights in the channel chat",
        lambda s, c: c.send(s.channel.id, "Chào"),
        lambda s: s.world.promote(s.channel, s.bot, {"can_edit_messages"}),
    ),
    "members may not write": Refused(
        "not enough rights to send text messages to the chat",
        lambda s, c: c.send(s.group.id, "Chào"),
        silence,
    ),
    "members may not send photos": Refused(
        "not enough rights to send photos to the chat",
        lambda s, c: c.send_photo(s.group.id, picture()),
        lambda s: silence(s, "can_send_messages"),
    ),
    "no such topic": Refused(
        "message thread not found", lambda s, c: c.send(s.group.id, "Chào", message_thread_id=77)
    ),
    "nothing to answer": Refused(
        "message to be replied not found", lambda s, c: c.send(s.group.id, "Chào", reply_to=9999)
    ),
    "unsupported tag": Refused(
        'can\'t parse entities: unsupported start tag "x" at byte offset 5',
        lambda s, c: c.send(s.lan.id, "Chao <x>", parse_mode="HTML"),
    ),
    "offset in bytes": Refused(
        'can\'t parse entities: unsupported start tag "x" at byte offset 6',
        lambda s, c: c.send(s.lan.id, "Chào <x>", parse_mode="HTML"),
    ),
    "missing end tag": Refused(
        "can't parse entities: can't find end tag corresponding to start tag \"b\"",
        lambda s, c: c.send(s.lan.id, "<b>Chào", parse_mode="HTML"),
    ),
    "long button data": Refused(
        "button_data_invalid", lambda s, c: c.send(s.lan.id, "Chọn", buttons=[[("Một", "đ" * 33)]])
    ),
    "another bot's file": Refused(
        "wrong file identifier/http url specified", lambda s, c: c.send_photo(s.lan.id, "AgACNotAFileId")
    ),
    "not a picture": Refused(
        "image_process_failed", lambda s, c: c.send_photo(s.lan.id, b"chu khong phai anh")
    ),
    "nothing to edit": Refused(
        "message to edit not found", lambda s, c: c.edit_text(s.group.id, 9999, "Sửa")
    ),
    "nothing to delete": Refused(
        "message to delete not found",
        lambda s, c: c.call("delete_message", chat_id=s.group.id, message_id=9999),
    ),
    "unknown query": Refused(
        "query is too old and response timeout expired or query id is invalid",
        lambda s, c: c.call("answer_callback_query", callback_query_id="1"),
    ),
    "stranger to the platform": Refused(
        "participant_id_invalid", lambda s, c: c.call("get_chat_member", chat_id=s.group.id, user_id=999)
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
async def test_what_telegram_refuses_is_refused_in_its_words(
    scene: Scene, client: Client, case: Refused
) -> None:
    case.before(scene)
    failure = await refusal(case.call(scene, client))
    assert failure.description == case.words


async def test_nobody_gets_in_with_a_wrong_token(scene: Scene, client: Client) -> None:
    with pytest.raises(Exception, match=r"(?i)unauthorized|rejected by the server"):
        async with client_of(client.name, scene.simulator.base_url, RIVAL_TOKEN) as stranger:
            await stranger.call("get_me")


async def test_a_group_that_became_a_supergroup_tells_its_new_id(scene: Scene, client: Client) -> None:
    group = scene.world.add_chat("group", "Chợ phường", scene.hoa)
    scene.world.add_member(group, scene.bot, by=scene.hoa)
    scene.forget()
    upgraded = scene.world.upgrade(group)
    failure = await refusal(client.send(group.id, "Chào bà con"))
    assert failure.migrate_to == upgraded.id
    await client.send(upgraded.id, "Chào bà con")
    old, new = (update["message"] for update in await client.updates())
    assert (old["migrate_to_chat_id"], new["migrate_from_chat_id"]) == (upgraded.id, group.id)


# --- editing, deleting, pinning ----------------------------------------------------------------------


async def test_a_correction_edits_in_place(scene: Scene, client: Client) -> None:
    sent = await client.send(scene.group.id, "Nước lên 2 m", buttons=inline("Đã rõ"))
    scene.clock.pass_by(days=30)
    edited = await client.edit_text(scene.group.id, sent.message_id, "<s>Nước lên 2 m</s>", parse_mode="HTML")
    assert (edited.text, edited.entities, edited.buttons) == ("Nước lên 2 m", (("strikethrough", 0, 12),), ())
    assert scene.world.shows(scene.group)[-1].edited


async def test_an_edit_that_changes_nothing_is_refused(scene: Scene, client: Client) -> None:
    sent = await client.send(scene.group.id, "Nước lên 2 m", buttons=inline("Đã rõ"))
    same = client.edit_text(scene.group.id, sent.message_id, "Nước lên 2 m", buttons=inline("Đã rõ"))
    failure = await refusal(same)
    assert failure.description.startswith("message is not modified: specified new message content")


async def test_a_bot_edits_only_its_own_words(scene: Scene, client: Client) -> None:
    theirs = scene.world.say(scene.lan, scene.group, "Nghe nói vỡ đê?")
    failure = await refusal(client.edit_text(scene.group.id, theirs.id, "Không có gì"))
    assert failure.description == "message can't be edited"


async def test_captions_and_buttons_are_edited_apart_from_texts(scene: Scene, client: Client) -> None:
    photo = await client.send_photo(scene.group.id, picture(), caption="Ảnh")
    where = {"chat_id": scene.group.id, "message_id": photo.message_id}
    await client.call("edit_message_caption", caption="Ảnh mới", **where)
    assert scene.world.shows(scene.group)[-1].text == "Ảnh mới"
    await client.call("edit_message_reply_markup", buttons=inline("Xem"), **where)
    assert scene.world.shows(scene.group)[-1].buttons[0][0].label == "Xem"
    failure = await refusal(client.edit_text(**where, text="Chữ"))
    assert failure.description == "there is no text in the message to edit"


async def test_messages_can_be_deleted_for_48_hours(scene: Scene, client: Client) -> None:
    first = await client.send(scene.group.id, "Một")
    second = await client.send(scene.group.id, "Hai")
    scene.clock.pass_by(hours=47, minutes=59)
    await client.call("delete_message", chat_id=scene.group.id, message_id=first.message_id)
    scene.clock.pass_by(minutes=1)
    late = client.call("delete_message", chat_id=scene.group.id, message_id=second.message_id)
    assert (await refusal(late)).description == "message can't be deleted"
    assert [shown.text for shown in scene.world.shows(scene.group)][-1] == "Hai"


async def test_several_messages_are_deleted_at_once(scene: Scene, client: Client) -> None:
    ids = [(await client.send(scene.group.id, text)).message_id for text in ("Một", "Hai")]
    await client.call("delete_messages", chat_id=scene.group.id, message_ids=[*ids, 9999])
    assert not {shown.message_id for shown in scene.world.shows(scene.group)}.intersection(ids)


async def test_pinning_shows_and_is_told_to_the_bot_itself(scene: Scene, client: Client) -> None:
    sent = await client.send(scene.group.id, "Ghim tin này")
    where = {"chat_id": scene.group.id, "message_id": sent.message_id}
    await client.call("pin_chat_message", **where)
    assert [shown.message_id for shown in scene.world.shows(scene.group) if shown.pinned] == [sent.message_id]
    [update] = await client.updates()
    assert update["message"]["pinned_message"]["message_id"] == sent.message_id
    await client.call("unpin_chat_message", **where)
    assert not any(shown.pinned for shown in scene.world.shows(scene.group))


async def test_pinning_needs_the_right(scene: Scene, client: Client) -> None:
    scene.world.promote(scene.group, scene.bot, {"can_delete_messages"})
    sent = await client.send(scene.group.id, "Ghim tin này")
    attempt = client.call("pin_chat_message", chat_id=scene.group.id, message_id=sent.message_id)
    assert (await refusal(attempt)).description == "not enough rights to manage pinned messages in the chat"


async def test_a_copy_has_no_origin_and_a_forward_has(scene: Scene, client: Client) -> None:
    post = scene.world.say(scene.tung, scene.channel, "Thông báo cúp điện")
    source = {"from_chat_id": scene.channel.id, "message_id": post.id}
    await client.call("copy_message", chat_id=scene.group.id, **source)
    await client.call("forward_message", chat_id=scene.group.id, **source)
    copied, forwarded = scene.world.shows(scene.group)[-2:]
    assert copied.text == forwarded.text == "Thông báo cúp điện"
    assert (copied.forwarded_from, forwarded.forwarded_from) == ("", "Tin phường")
