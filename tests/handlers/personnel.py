"""The staff's own affairs over a newsroom: Lan owns the network, and can invite."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bot.staff_news import StaffNews
from handlers import inviting, otherwise, staffing
from handlers.staff_desk import StaffDesk
from members.channel import PersonId
from members.roles import Role
from members.staff import Grant, StaffInvitation
from simulator.world import User
from storage.tables import staff_changes
from tests.broadcasts.office import ZONE
from tests.handlers.house import BOT_NAME, OFFER, TEXTS, House
from tests.handlers.newsroom import Newsroom
from tests.staff_rows import set_staff

OFFICES = ("Trung tâm Y tế thành phố", "Công an tỉnh")


class Personnel:
    """What a test drives. ``newsroom`` has Lan, Minh and Phúc on its staff; Lan is the owner as well."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.newsroom = Newsroom(house)
        self.rung = 0
        settings = SimpleNamespace(
            telegram=[SimpleNamespace(name=BOT_NAME, moderators_chat=None)],
            network=SimpleNamespace(language="vi", areas=OFFER.areas),
        )
        premises: Any = SimpleNamespace(settings=settings, house=house)
        self.settings = settings
        self.news = StaffNews(premises, {BOT_NAME: house.bot}, TEXTS)
        desk = StaffDesk(house.staffing, house.buttons, OFFICES, OFFER.areas, ZONE, self._ring)
        house.include(inviting.router(desk), staffing.router(desk), otherwise.router(house.roster))

    async def open(self) -> None:
        """Everybody is there; Hạnh is not on the staff yet."""
        newsroom = self.newsroom
        await newsroom.open()
        both = {Role.MODERATOR, Role.APPROVER}
        await set_staff(
            self.house.committer,
            [
                (newsroom.person(newsroom.lan), "Lan", set(Role)),
                (newsroom.person(newsroom.minh), "Minh", both),
                (newsroom.person(newsroom.phuc), "Phúc", {Role.APPROVER}),
            ],
        )
        self.hanh = self.house.world.add_user("Hạnh")

    def _ring(self) -> None:
        self.rung += 1

    async def link_for(self, owner: User, *roles: str) -> str:
        """An invitation to these roles, by the labels of their buttons; the code of its link."""
        await self.house.say(owner, "/moi")
        for role in roles:
            await self.house.press(owner, f"▫️ {role}")
        await self.house.press(owner, "✉️ Tạo lời mời")
        return self.house.last(owner).text.rpartition("?start=")[2].strip()

    async def come(self, guest: User, code: str) -> None:
        """Open the link, and accept."""
        await self.house.start(guest, code)
        await self.house.press(guest, "✅ Tôi nhận lời")

    def person(self, name: str) -> PersonId:
        """One of the newsroom's people, by their name there."""
        return self.house.person(getattr(self.newsroom, name))

    async def make_owner(self, person: PersonId, by: PersonId | None = None) -> None:
        """Invited by Lan, or by somebody else, and known to be the right one."""
        inviter = by or self.person("lan")
        made = await self.house.staffing.invite(inviter, Grant(frozenset({Role.OWNER})))
        assert isinstance(made, tuple)
        await self.house.staffing.accept(made[1], person, "Tên")
        assert isinstance(await self.house.staffing.decide(made[1], inviter, is_yes=True), StaffInvitation)

    async def roles(self, user: User) -> frozenset[Role]:
        """What somebody is now."""
        return await self.house.roster.roles_of(self.house.person(user))

    async def acts(self) -> list[str]:
        """What the record says was done, oldest first."""
        return [row.act for row in await self.house.rows(staff_changes)]
