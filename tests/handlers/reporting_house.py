"""The house with its reporting corner: citizens, the moderators' group, and the rooms behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from bulletins.bulletin import Code
from handlers import moderation, reporting, seconding
from handlers.case_cards import CardWords, CaseCards
from handlers.citizen_voice import CitizenVoice
from handlers.moderation import ModerationDesk
from handlers.reporting import ReportingDesk
from members.roles import Role
from reports.answers import Answers, Errands
from reports.cards import Cards
from reports.cases import CaseId, Reason
from reports.filing import Desk, FilingRules
from reports.findings import GenuineFinding
from reports.intake import Checks, Intake
from reports.ports import Card, Retention
from reports.proposals import SecondRules
from reports.quotas import Quota
from reports.seconding import SecondOpinions
from reports.verdicts import Verdicts
from simulator.world import Chat, Message, Origin, OriginKind, RichText, User
from storage.cards import CardRecord
from storage.cases import CaseBook
from storage.casework import CaseworkBook
from storage.drafts import DraftBook
from storage.forgetting import EvidenceBook, OwnReports
from storage.proposals import ProposalBook
from storage.sealing import Sealer
from storage.tables import cases, drafts, staff
from storage.tellings import TellingRecord
from tests.handlers.examiner import FailingExaminer
from tests.handlers.house import BOT_NAME, MORNING, TEXTS, House
from tests.keys import SECRET, one_after_another

SCAM = "Vietcombank thông báo: tài khoản của bạn bị khóa. Mở khóa tại https://vcb-login.top/a ngay!"
RULES = Retention()
SECOND = SecondRules(frozenset({Reason.HARMFUL_RUMOUR, Reason.FAKE_NOTICE}), ("gov.vn", "vietcombank.com.vn"))
PUBLISHED = "LOA-0000-0"
"""The code of the one bulletin that was published."""
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

YES, NO = "👍 Rồi, cảm ơn", "🙋 Chưa, nhờ điều phối viên"
TELL_ME, QUIETLY, NOT_AT_ALL = "Gửi, và báo kết quả cho tôi", "Gửi, không cần báo lại", "Thôi, không gửi"
IT_IS_SCAM = "Lừa đảo, đánh cắp thông tin"
IT_IS_DANGEROUS = "Tin đồn nguy hiểm: sức khoẻ, thiên tai"
CLAIM, FALSE, SCAM_KIND = "✋ Tôi nhận vụ này", "❌ sai sự thật", "🚫 lừa đảo"
SEND, SEND_TO_SECOND = "📨 Gửi câu trả lời", "📨 Gửi cho người thứ hai"
AGREE = "✅ Tôi đồng ý"


class KnownBulletins:
    """Stands in for the comparison with bulletins: a test says what it finds."""

    def __init__(self) -> None:
        self.finding: GenuineFinding | None = None

    async def check(self, text: str, links: Sequence[str] = ()) -> GenuineFinding | None:
        return self.finding


@dataclass(slots=True)
class Corner:
    """What the tests of this folder reach for."""

    house: House
    group: Chat
    lan: User
    minh: User
    bulletins: KnownBulletins
    examiner: FailingExaminer
    intake: Intake
    answers: Answers
    cards: Cards
    errands: Errands
    evidence: EvidenceBook
    own: OwnReports
    sealer: Sealer

    # --- citizens ----------------------------------------------------------------------------------------

    def forward(self, user: User, text: str | RichText, origin: Origin | None = None) -> Message:
        """Forward something from outside; nobody answers yet."""
        source = origin or Origin(OriginKind.HIDDEN_USER, MORNING, name="Ai đó")
        return self.house.world.forward_foreign(user, self.house.account, text, source)

    async def ask(self, user: User, text: str | RichText, origin: Origin | None = None) -> str:
        """Forward something and wait for the answer."""
        self.forward(user, text, origin)
        return await self.answer(user)

    async def answer(self, user: User) -> str:
        """What the bot says once the moment of gathering is over."""
        await self.house.settle()
        self.house.clock.pass_by(seconds=0.6)
        await self.intake.answer_due()
        return self.house.last(user).text

    async def report(
        self, user: User, text: str = SCAM, *, consent: str = TELL_ME, reason: str = IT_IS_SCAM
    ) -> str:
        """All the way to the receipt, which is returned."""
        await self.ask(user, text)
        for label in (NO, consent, reason):
            await self.house.press(user, label)
        await self.cards.show_stale()
        return receipt_in(self.house.last(user).text)

    async def last_update_again(self) -> None:
        """The platform delivers the last update once more, as after a crash before it was remembered."""
        await self.house.dispatcher.feed_update(self.house.bot, self.house.taken[-1], bot_name=BOT_NAME)

    # --- moderators --------------------------------------------------------------------------------------

    async def press(self, moderator: User, label: str) -> str:
        return await self.house.press(moderator, label, self.group)

    async def reply(self, moderator: User, text: str) -> str:
        """Answer the newest message of the bot in the group; what the bot says to it."""
        prompt = self.house.last(self.group)
        await self.house.say(moderator, text, self.group, reply_to=prompt.message_id, topic=prompt.topic)
        return self.house.last(self.group).text

    async def decide(self, moderator: User, text: str, kind: str = FALSE, take: str = CLAIM) -> None:
        """Claim, choose, explain, look at it, send it, and let everybody be told who may be."""
        await self.press(moderator, take)
        await self.press(moderator, kind)
        await self.reply(moderator, text)
        await self.send(moderator)
        await self.answers.tell_waiting()

    async def send(self, moderator: User) -> str:
        """Send what the newest preview shows; what the bot says then."""
        labels = self.house.labels(self.group)
        await self.press(moderator, SEND if SEND in labels else SEND_TO_SECOND)
        return self.house.last(self.group).text

    async def content(self) -> str:
        """What is kept of the content of the only case."""
        card = await self._kept_card()
        return card.case.content

    async def place(self) -> str | None:
        """The message that is the only case's card."""
        place = (await self._kept_card()).place
        return place and place.message_id

    async def _kept_card(self) -> Card:
        (case,) = await self.house.rows(cases)
        book = CardRecord(self.house.engine, self.house.committer, self.sealer)
        card = await book.take(CaseId(case.id), self.house.clock.now())
        assert card is not None
        return card

    async def undecided(self) -> int:
        """How many drafts are kept. Of one that is over only a number is left."""
        return len([draft for draft in await self.house.rows(drafts) if draft.sealed])

    @property
    def card(self) -> str:
        """The text of the first card."""
        return next(shown.text for shown in self.house.shown(self.group) if "Vụ việc" in shown.text)


async def furnish(
    house: House, *, forum: bool = False, reports_a_day: int = 20, draw: Callable[[int], int] | None = None
) -> Corner:
    """Put the reporting rooms into an open house. ``draw`` is for numbers that are not 1, 2, 3."""
    lan, minh = house.world.add_user("Lan"), house.world.add_user("Minh")
    group = house.world.add_chat("supergroup", "Điều phối viên", lan, members=[minh], forum=forum)
    house.world.add_member(group, house.account)
    house.world.promote(group, house.account)
    await employ(house, lan, minh)
    await house.settle()
    corner = _corner(house, group, (lan, minh), reports_a_day, draw or one_after_another())
    house.clock.pass_by(seconds=1)
    return corner


async def employ(house: House, *people: User) -> None:
    """Put people on the staff list, as moderators."""
    rows = [
        {"person": house.person(user), "name": user.first_name, "roles": [Role.MODERATOR]} for user in people
    ]
    await house.committer.write(lambda connection: connection.execute(insert(staff), rows))


def receipt_in(text: str) -> str:
    """The receipt that a message tells."""
    return next(word for word in text.split() if word.startswith("PA-"))


async def _is_published(code: Code) -> bool:
    return code == PUBLISHED


def _corner(
    house: House, group: Chat, people: tuple[User, User], reports_a_day: int, draw: Callable[[int], int]
) -> Corner:
    store = (house.engine, house.committer)
    sealer = Sealer(SECRET)
    drafts, cases = DraftBook(*store, sealer), CaseBook(*store, sealer, draw=draw)
    bulletins = KnownBulletins()
    voice = CitizenVoice({BOT_NAME: house.bot}, house.buttons, TEXTS, ZONE)
    examiner = FailingExaminer()
    checks = Checks(bulletins, examiner, cases)
    now, tokens = house.clock.now, house.tokens
    intake = Intake(drafts, checks, voice, now=now, tokens=tokens)
    rules = FilingRules(Quota(reports_a_day, timedelta(days=1)), Quota(600, timedelta(minutes=1)), SECOND)
    answers = Answers(TellingRecord(*store, sealer), voice, now=now, rate_per_second=1_000)
    words = CardWords(examiner, "vi", ZONE)
    place = CaseCards(house.bot, str(group.id), buttons=house.buttons, texts=TEXTS, words=words)
    casework = CaseworkBook(*store, sealer)
    cards = Cards(CardRecord(*store, sealer), place, now=now)
    errands = Errands(answers, cards)
    desk = ReportingDesk(
        intake=intake,
        filing=Desk(drafts, cases, checks, now=now, tokens=tokens, rules=rules),
        errands=errands,
        buttons=house.buttons,
        network="Mạng lưới Loa",
        retention=RULES,
        reasons=tuple(Reason),
        zone=ZONE,
    )
    moderating = ModerationDesk(
        verdicts=Verdicts(casework, SECOND, _is_published, now=now),
        seconds=SecondOpinions(ProposalBook(*store, sealer), now=now),
        cards=cards,
        errands=errands,
        buttons=house.buttons,
        zone=ZONE,
        now=now,
    )
    house.include(
        seconding.router(moderating, str(group.id)),
        moderation.router(moderating, str(group.id)),
        reporting.router(desk),
    )
    evidence, own = EvidenceBook(house.committer), OwnReports(*store, sealer, now=now)
    return Corner(
        house, group, *people, bulletins, examiner, intake, answers, cards, errands, evidence, own, sealer
    )
