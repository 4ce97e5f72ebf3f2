"""What an open page is told: everything once, then only what changed, however much happened."""

from __future__ import annotations

import pytest

from bulletins.labels import BANNERS
from bulletins.values import Status
from simulator.phones import ChannelMark
from simulator.phones.scene import Scene
from simulator.phones.watch import Watch
from simulator.world import ChatKind, EventKind
from tests.phones.canned import BULLETIN, CORRECTED, CannedDirector, Stage

COPY = BULLETIN.format(number="0210 555 0100")


def state_of(scene: Scene, number: int) -> str:
    return str(scene.tile(scene.channels()[number])["state"])


def test_two_moderators_an_admin_and_a_citizen_hold_the_phones(scene: Scene) -> None:
    assert [(phone["name"], phone["role"]) for phone in scene.phones()] == [
        ("Lan", "moderator"),
        ("Minh", "moderator"),
        ("Hoa", "admin"),
        ("Bác Sáu", "citizen"),
    ]


def test_hoas_phone_lists_the_bot_and_her_groups(scene: Scene, stage: Stage) -> None:
    hoa = next(phone for phone in scene.phones() if phone["user"] == stage.hoa)

    titles = [scene.chat(chat["id"])["title"] for chat in hoa["chats"]]

    assert titles == ["Loa", "Tổ dân phố 12 – Gia Cẩm", "Cư dân chung cư Sông Lô"]


def test_the_bots_menu_is_the_one_set_for_that_person(scene: Scene, stage: Stage) -> None:
    stage.bot.commands["default", ""] = [{"command": "verify", "description": "Kiểm tra một mã"}]
    own = [{"command": "broadcast", "description": "Soạn bản tin"}]
    stage.bot.commands[f"chat:{stage.lan}", ""] = own

    menus = {phone["user"]: phone["commands"] for phone in scene.phones()}

    assert menus[stage.lan] == own
    assert menus[stage.sau] == stage.bot.commands["default", ""]


def test_nothing_is_told_while_nothing_happens(scene: Scene) -> None:
    with Watch(scene) as watch:
        watch.whole()

        assert watch.patch() == {}


def test_many_messages_in_one_chat_are_told_as_one_chat(scene: Scene, stage: Stage) -> None:
    with Watch(scene) as watch:
        watch.whole()
        for number in range(50):
            stage.world.say(stage.sau, stage.bot, f"Tin {number}")
        patch = watch.patch()

    assert [chat["id"] for chat in patch["chats"]] == [stage.sau]
    assert patch["chats"][0]["messages"][-1]["text"] == "Tin 49"


def test_a_copy_changes_only_its_own_tile(scene: Scene, stage: Stage, director: CannedDirector) -> None:
    with Watch(scene) as watch:
        watch.whole()
        director.bot_says(stage.channels[3].id, COPY)
        patch = watch.patch()

    assert [(tile["id"], tile["state"], tile["copies"]) for tile in patch["tiles"]] == [
        (stage.channels[3].id, "delivered", 1)
    ]
    assert patch["tiles"][0]["last"]["code"] == "LOA-7J7H-1"
    assert "chats" not in patch


def test_a_mark_that_comes_or_goes_is_told(scene: Scene, stage: Stage, director: CannedDirector) -> None:
    with Watch(scene) as watch:
        watch.whole()
        director.marks = {stage.channels[1].id: ChannelMark.QUEUED}
        queued = watch.patch()
        director.marks = {}
        idle = watch.patch()

    assert [tile["state"] for tile in queued["tiles"]] == ["queued"]
    assert [tile["state"] for tile in idle["tiles"]] == ["idle"]


def test_a_channel_that_joins_gets_a_tile(scene: Scene, stage: Stage, director: CannedDirector) -> None:
    with Watch(scene) as watch:
        watch.whole()
        newcomer = stage.world.add_chat(ChatKind.SUPERGROUP, "Nhóm mới", stage.hoa)
        director.channels.append(newcomer.id)
        patch = watch.patch()

    assert patch["channels"][-1] == newcomer.id
    assert [tile["title"] for tile in patch["tiles"]] == ["Nhóm mới"]
    assert newcomer.id in [chat["id"] for chat in patch["chats"]]


def test_an_answer_to_a_press_is_told_to_the_one_who_pressed(
    scene: Scene, stage: Stage, director: CannedDirector
) -> None:
    message = director.bot_says(stage.minh, "Phê duyệt?", [[{"text": "Có", "callback_data": "yes"}]])
    query = stage.world.press(stage.minh, stage.bot, message.id, "yes")
    with Watch(scene) as watch:
        watch.whole()
        director.answer(query, "Đã phê duyệt")
        patch = watch.patch()

    assert [(answer["user"], answer["text"]) for answer in patch["answers"]] == [(stage.minh, "Đã phê duyệt")]


def test_that_the_bot_is_typing_is_told(scene: Scene, stage: Stage) -> None:
    with Watch(scene) as watch:
        watch.whole()
        stage.world.tell(EventKind.ACTION, stage.world.private_chat(stage.sau, stage.bot))

        assert watch.patch()["typing"] == [stage.sau]


def test_after_the_watch_nobody_listens(scene: Scene, stage: Stage) -> None:
    with Watch(scene) as watch:
        watch.whole()
    stage.world.say(stage.sau, stage.bot, "Có ai không?")

    assert watch.patch() == {}


# --- what the colour of a tile says -----------------------------------------------------------------------


def test_a_group_without_the_bot_is_not_yet_part_of_the_network(scene: Scene) -> None:
    assert state_of(scene, 0) == "absent"
    assert state_of(scene, 1) == "idle"


def test_a_copy_that_is_edited_shows_as_corrected(
    scene: Scene, stage: Stage, director: CannedDirector
) -> None:
    copy = director.bot_says(stage.channels[1].id, COPY)
    director.edit(copy, CORRECTED)

    assert state_of(scene, 1) == "corrected"


def test_a_notice_under_a_copy_corrects_it_and_is_no_second_bulletin(
    scene: Scene, stage: Stage, director: CannedDirector
) -> None:
    copy = director.bot_says(stage.channels[1].id, COPY)
    director.bot_says(stage.channels[1].id, "Bản tin LOA-7J7H-1 có đính chính", reply_to=copy.id)

    assert state_of(scene, 1) == "corrected"
    assert scene.tile(stage.channels[1].id)["copies"] == 1


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("⛔ ĐÃ THU HỒI\nBản tin LOA-7J7H-1 không còn giá trị.", "withdrawn"),
        ("✏️ ĐÍNH CHÍNH bản tin LOA-7J7H-1\n🟠 CẢNH BÁO", "corrected"),
        (f"{BANNERS[Status.EXERCISE]}\n\n{COPY}", "drill"),
        (f"{BANNERS[Status.TEST]}\n\n{COPY}", "drill"),
    ],
)
def test_a_withdrawal_and_a_drill_have_colours_of_their_own(
    scene: Scene, stage: Stage, director: CannedDirector, text: str, state: str
) -> None:
    director.bot_says(stage.channels[1].id, text)

    assert state_of(scene, 1) == state


def test_a_code_in_an_answer_to_somebodys_question_is_no_delivery(
    scene: Scene, stage: Stage, director: CannedDirector
) -> None:
    group = stage.hoas_group
    asked = stage.world.say(stage.sau, group, "LOA-7J7H-1 có thật không?")
    director.bot_says(group.id, "LOA-7J7H-1 là bản tin thật.", reply_to=asked.id)

    assert scene.tile(group.id)["copies"] == 0


def test_a_channel_that_refused_says_so_until_the_mark_goes(
    scene: Scene, stage: Stage, director: CannedDirector
) -> None:
    director.marks = {stage.channels[2].id: ChannelMark.REFUSED}

    assert state_of(scene, 2) == "refused"
