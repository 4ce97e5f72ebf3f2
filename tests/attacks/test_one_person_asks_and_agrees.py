"""One human being asks with one account and agrees with another; or somebody asks whose role is for another office."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from broadcasts.book import Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import at_once
from broadcasts.drafting import Edit, Origin, Weight, once, reworded, weighted
from bulletins.bulletin import VIETNAMESE
from bulletins.fixed_words import Notice
from handlers.approving import Reviews
from storage.tables import staff
from tests.handlers.house import BOT_NAME, TEXTS, House
from tests.handlers.personnel import OFFICES, Personnel

RIGHT = "Phun thuốc muỗi phường 5\nTừ 8 giờ ngày 3/12, không phải 7 giờ."


@pytest.fixture
async def personnel(house: House) -> Personnel:
    personnel = Personnel(house)
    await personnel.open()
    return personnel


async def approved_for_noon(personnel: Personnel, weight: Weight = Weight.ORDINARY) -> Broadcast:
    """Lan's bulletin for four hours from now, with every approval that it takes."""
    newsroom, now = personnel.newsroom, personnel.house.clock.now()
    await newsroom.compose(newsroom.lan)
    draft, lan = await newsroom.newest(), personnel.person("lan")
    for edit in (weighted(weight), once(now + timedelta(hours=4), now)):
        await newsroom.desk.edit(draft.id, lan, edit)
    draft = await newsroom.newest()
    await newsroom.desk.submit(draft.id, lan, draft.approval_hash)
    for name in ("minh", "phuc"):
        await newsroom.desk.approve(draft.id, personnel.person(name), draft.approval_hash)
    waiting = await newsroom.newest()
    assert waiting.state is BroadcastState.SCHEDULED
    return waiting


async def corrected(personnel: Personnel, original: Broadcast, *edits: Edit) -> Broadcast:
    """Minh's new words about it, as they wait for somebody's yes."""
    newsroom = personnel.newsroom
    await personnel.house.say(newsroom.minh, f"/dinhchinh {original.bulletin.code}")
    await personnel.house.say(newsroom.minh, RIGHT)
    draft = await newsroom.newest()
    for edit in edits:
        await newsroom.desk.edit(draft.id, draft.author, edit)
    draft = await newsroom.newest()
    waiting = await newsroom.desk.submit(draft.id, draft.author, draft.approval_hash)
    assert isinstance(waiting, Broadcast), waiting
    return waiting


async def limit(personnel: Personnel, name: str, **limits: list[str]) -> None:
    """Somebody's role is for these offices or areas alone."""
    await personnel.newsroom.write(
        update(staff).where(staff.c.person == personnel.person(name)).values(**limits)
    )


async def test_who_asks_to_send_it_now_does_not_agree_from_their_other_account(personnel: Personnel) -> None:
    """Once it turns out that they are two people, the yes counts."""
    house, newsroom = personnel.house, personnel.newsroom
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    waiting = await approved_for_noon(personnel)
    hurried = at_once(waiting).approval_hash
    await house.staffing.link(minh, phuc, lan)
    assert await newsroom.desk.send_now(waiting.id, phuc) is Refusal.NOT_ITS_TIME

    own = await newsroom.desk.approve(waiting.id, minh, hurried, asked_by=phuc)

    assert own is Refusal.OWN_REQUEST
    assert await newsroom.planned(waiting) == 0
    await house.staffing.unlink(minh, lan)
    agreed = await newsroom.desk.approve(waiting.id, minh, hurried, asked_by=phuc)
    assert isinstance(agreed, Consented), agreed
    assert agreed.broadcast.state is BroadcastState.SENDING


async def test_nobody_is_asked_whose_other_account_asks(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    waiting = await approved_for_noon(personnel)
    await house.staffing.link(personnel.person("minh"), personnel.person("phuc"), personnel.person("lan"))
    before = len(house.shown(newsroom.phuc))

    reviews, asking = Reviews(newsroom.bulletin_desk), personnel.person("minh")
    with TEXTS.context(), TEXTS.use_locale("vi"):
        said = await reviews.ask(house.bot, BOT_NAME, at_once(waiting), asking)

    assert "Minh" not in said

    assert len(house.shown(newsroom.phuc)) == before


async def test_the_author_does_not_hurry_it_with_two_further_accounts(personnel: Personnel) -> None:
    newsroom = personnel.newsroom
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    waiting = await approved_for_noon(personnel)
    await personnel.house.staffing.link(lan, minh, lan)

    own = await newsroom.desk.approve(waiting.id, minh, at_once(waiting).approval_hash, asked_by=phuc)

    assert own is Refusal.OWN_BULLETIN
    assert await newsroom.planned(waiting) == 0


async def test_of_two_who_must_agree_to_hurry_one_human_being_is_one(personnel: Personnel) -> None:
    """Whether it is known before the second yes, or only when it is counted: of two who agree, of who asks."""
    house, newsroom = personnel.house, personnel.newsroom
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    hanh = house.person(personnel.hanh)
    await newsroom.write(insert(staff).values(person=hanh, name="Hạnh", roles=["moderator"]))
    waiting = await approved_for_noon(personnel, Weight.LIFE_THREATENING)
    hurried = at_once(waiting).approval_hash
    first = await newsroom.desk.approve(waiting.id, minh, hurried, asked_by=hanh)
    assert isinstance(first, Consented)
    assert first.still_needed == 1

    await house.staffing.link(minh, phuc, lan)
    second = await newsroom.desk.approve(waiting.id, phuc, hurried, asked_by=hanh)
    assert second is Refusal.SAME_PERSON
    await house.staffing.unlink(minh, lan)
    await house.staffing.link(hanh, minh, lan)
    third = await newsroom.desk.approve(waiting.id, phuc, hurried, asked_by=hanh)

    assert isinstance(third, Consented)
    assert third.still_needed == 1
    assert await newsroom.planned(waiting) == 0


async def test_who_is_limited_does_not_agree_to_hurry_it(personnel: Personnel) -> None:
    newsroom, waiting = personnel.newsroom, await approved_for_noon(personnel)
    await limit(personnel, "phuc", issuers=[OFFICES[1]])
    hurried, asking = at_once(waiting).approval_hash, personnel.person("minh")

    agreed = await newsroom.desk.approve(waiting.id, personnel.person("phuc"), hurried, asked_by=asking)

    assert agreed is Refusal.OUTSIDE_LIMITS
    assert await newsroom.planned(waiting) == 0


async def test_new_words_are_not_approved_from_the_authors_other_account(personnel: Personnel) -> None:
    house, newsroom = personnel.house, personnel.newsroom
    lan, minh, phuc = (personnel.person(name) for name in ("lan", "minh", "phuc"))
    original = await newsroom.published()
    await house.staffing.link(minh, phuc, lan)
    waiting = await corrected(personnel, original)

    assert await newsroom.desk.approve(waiting.id, minh, waiting.approval_hash) is Refusal.OWN_BULLETIN
    assert await newsroom.desk.approve(waiting.id, phuc, waiting.approval_hash) is Refusal.OWN_BULLETIN
    assert await newsroom.planned(waiting) == 0
    agreed = await newsroom.desk.approve(waiting.id, lan, waiting.approval_hash)
    assert isinstance(agreed, Consented)
    assert agreed.broadcast.state is BroadcastState.SENDING


async def test_new_words_in_another_offices_name_still_go_to_this_offices_copies(
    personnel: Personnel,
) -> None:
    """The approver's limits are those of what is put right, too, whatever the correction says of itself."""
    newsroom = personnel.newsroom
    original = await newsroom.published()
    await limit(personnel, "phuc", issuers=[OFFICES[1]])
    waiting = await corrected(personnel, original, lambda bulletin: replace(bulletin, issuer=OFFICES[1]))

    agreed = await newsroom.desk.approve(waiting.id, personnel.person("phuc"), waiting.approval_hash)

    assert agreed is Refusal.OUTSIDE_LIMITS
    assert await newsroom.planned(waiting) == 0


@pytest.mark.parametrize("limits", [{"issuers": [OFFICES[1]]}, {"areas": ["elsewhere"]}])
async def test_who_is_limited_says_fixed_words_alone_and_nothing_else(
    personnel: Personnel, limits: dict[str, list[str]]
) -> None:
    newsroom, minh = personnel.newsroom, personnel.person("minh")
    original = await newsroom.published()
    await limit(personnel, "minh", **limits)
    code = original.bulletin.code
    new_words = await newsroom.desk.compose_correction(code, Origin(minh, "1", "new words"))
    notice = await newsroom.desk.compose_notice(Notice.WRONG_TIME, code, Origin(minh, "1", "notice"))
    assert isinstance(notice, Broadcast)
    assert isinstance(new_words, Broadcast)
    new_words = await newsroom.desk.edit(new_words.id, minh, reworded(VIETNAMESE, RIGHT))
    assert isinstance(new_words, Broadcast)

    submitted = await newsroom.desk.submit(new_words.id, minh, new_words.approval_hash)
    said = await newsroom.desk.approve(notice.id, minh, notice.approval_hash)

    assert submitted is Refusal.OUTSIDE_LIMITS
    assert isinstance(said, Consented)
    assert await newsroom.planned(notice) == 2
