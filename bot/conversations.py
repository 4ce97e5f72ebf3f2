"""Every conversation, put together once: use cases over the storehouse, desks over the use cases, routers over them.

The order of the routers matters: /cancel first, whatever nobody else wanted last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from aiogram import Bot, Dispatcher
from aiogram.utils.i18n import I18n

from bot.archive import Archive
from bot.configuration import read_pledge
from bot.person_language import PersonLanguage
from bot.settings import Settings
from bot.storehouse import Storehouse, start_rules
from bot.surroundings import Surroundings
from bot.worker.examiner import Examiner
from broadcasts.hindrance import Hindrances
from broadcasts.lifecycle import Desk
from bulletins.bulletin import Code, Language
from bulletins.rendering import Imprint
from handlers import (
    aftermath,
    approving,
    composing,
    correcting,
    enrolment,
    errors,
    inviting,
    moderation,
    otherwise,
    pledging,
    preferences,
    progressing,
    reporting,
    rights,
    scheduling,
    seconding,
    staffing,
    verifying,
)
from handlers.access import guard_access, person_of
from handlers.approving import Reviews
from handlers.bulletin_desk import BulletinDesk
from handlers.buttons import Buttons, guard_buttons
from handlers.case_cards import CardWords, CaseCards
from handlers.citizen_voice import CitizenVoice
from handlers.crowding import guard_crowding
from handlers.desk import MemberDesk
from handlers.moderation import ModerationDesk
from handlers.progress_board import ProgressBoard, ProgressFigures, Sources
from handlers.reporting import ReportingDesk
from handlers.rights import RightsDesk, forget_due
from handlers.settings_cards import Offer, SettingsCards
from handlers.staff_desk import StaffDesk
from members.control import Control
from members.enrolment import Enrolment
from members.rights import Keeper, OwnRights
from members.staffing import Staffing
from members.upkeep import Upkeep
from platforms.telegram_admins import TelegramChats
from reports.answers import Answers, Errands
from reports.cards import Cards
from reports.checks.genuine import GenuineCheck
from reports.filing import Desk as FilingDesk
from reports.filing import FilingRules
from reports.intake import Checks, Intake
from reports.ports import Retention
from reports.proposals import SecondRules
from reports.quotas import Quota
from reports.seconding import SecondOpinions
from reports.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Conversations:
    """What has to run, or be asked, beside the dispatcher."""

    dispatcher: Dispatcher
    desk: Desk
    genuine: GenuineCheck
    intake: Intake
    errands: Errands
    progress: ProgressBoard
    texts: I18n
    forget_due: Callable[[datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Furniture:
    """What the conversations are put together from."""

    settings: Settings
    house: Storehouse
    archive: Archive
    bots: Mapping[str, Bot]
    texts: I18n
    imprint: Imprint
    examiner: Examiner
    desk: Desk
    surroundings: Surroundings
    figures: ProgressFigures
    hindrances: Hindrances
    ring_owners: Callable[[], None]
    """The staff has changed: whoever tells the owners is to look."""

    @property
    def zone(self) -> ZoneInfo:
        """The network's time zone."""
        return ZoneInfo(self.settings.network.time_zone)

    @property
    def offer(self) -> Offer:
        """The topics and areas to choose from."""
        return Offer(self.settings.network.topics, self.settings.network.areas)

    @property
    def moderators_chats(self) -> dict[str, str]:
        """By the bot's name, where its moderators work."""
        return {bot.name: bot.moderators_chat for bot in self.settings.telegram if bot.moderators_chat}

    @property
    def own_chats(self) -> frozenset[str]:
        """The operator's own chats of all bots: the moderators' and the canaries."""
        bots = self.settings.telegram
        return frozenset(chat for bot in bots for chat in (bot.moderators_chat, bot.canary_chat) if chat)


def furnish(given: Furniture) -> Conversations:
    """The dispatcher with every router, and what must run beside it."""
    buttons = Buttons(given.archive.buttons, now=given.surroundings.now, tokens=given.surroundings.tokens)
    genuine = GenuineCheck(given.archive.published, given.examiner, given.surroundings.now)
    bulletins = _bulletin_desk(given, buttons, genuine)
    reviews = Reviews(bulletins)
    sources = Sources(given.figures, given.hindrances, given.archive.progress_messages)
    progress = ProgressBoard(bulletins, given.bots, sources, given.texts)
    members = _member_desk(given, buttons)
    voice = CitizenVoice(given.bots, buttons, given.texts, given.zone)
    cards = _cards(given, buttons)
    errands = Errands(Answers(given.archive.tellings, voice, now=given.surroundings.now), cards)
    checks = Checks(genuine, given.examiner, given.archive.cases)
    reporting_desk = _reporting_desk(given, buttons, checks, voice, errands)
    moderating = _moderation_desk(given, buttons, cards, errands)
    dispatcher, staff = _dispatcher(given, buttons), _staff_desk(given, buttons)
    rights_desk = _rights_desk(given, staff.staffing)
    dispatcher.include_routers(
        errors.router(),
        enrolment.router(members),
        progressing.router(bulletins, reviews, progress),
        aftermath.router(bulletins, progress),
        scheduling.router(bulletins),
        pledging.router(members),
        preferences.router(members),
        rights.router(rights_desk),
        inviting.router(staff),
        staffing.router(staff),
        composing.router(bulletins, reviews),
        approving.router(bulletins, reviews, progress),
        correcting.router(bulletins, progress),
        seconding.router(moderating, _home(given)[1]),
        moderation.router(moderating, _home(given)[1]),
        verifying.router(bulletins),
        reporting.router(reporting_desk),
        otherwise.router(given.house.roster),
    )
    return Conversations(
        dispatcher,
        given.desk,
        genuine,
        reporting_desk.intake,
        errands,
        progress,
        given.texts,
        partial(forget_due, rights_desk, given.bots),
    )


def _dispatcher(given: Furniture, buttons: Buttons) -> Dispatcher:
    dispatcher = Dispatcher(storage=given.archive.conversations)
    roster = given.house.roster
    dispatcher.update.outer_middleware(
        PersonLanguage(given.texts, lambda user: roster.language_of(person_of(user)))
    )
    guard_crowding(dispatcher)
    guard_access(dispatcher, roster)
    guard_buttons(dispatcher, buttons)
    return dispatcher


def _bulletin_desk(given: Furniture, buttons: Buttons, genuine: GenuineCheck) -> BulletinDesk:
    return BulletinDesk(
        desk=given.desk,
        genuine=genuine,
        alerts=given.examiner,
        buttons=buttons,
        pictures=given.house.pictures,
        offer=given.offer,
        issuers=given.settings.network.issuers,
        imprint=given.imprint,
        zone=given.zone,
        now=given.surroundings.now,
        rules=start_rules(given.settings),
        aftermath=given.archive.aftermath,
        moderators_chats=given.moderators_chats,
        language=Language(given.settings.network.language),
    )


def _staff_desk(given: Furniture, buttons: Buttons) -> StaffDesk:
    around, network = given.surroundings, given.settings.network
    return StaffDesk(
        staffing=Staffing(given.house.staff, now=around.now, tokens=around.tokens),
        buttons=buttons,
        issuers=[issuer.en if network.language == "en" else issuer.vi for issuer in network.issuers],
        areas=network.areas,
        zone=given.zone,
        ring=given.ring_owners,
    )


def _member_desk(given: Furniture, buttons: Buttons) -> MemberDesk:
    roster, control = given.house.roster, _control(given)
    enrolling = Enrolment(
        roster,
        roster,
        control,
        texts=read_pledge(given.settings),
        now=given.surroundings.now,
        tokens=given.surroundings.tokens,
    )
    return MemberDesk(
        enrolment=enrolling,
        upkeep=Upkeep(roster, control),
        tellings=roster,
        languages=roster,
        buttons=buttons,
        settings=SettingsCards(buttons, given.offer),
        now=given.surroundings.now,
        own_chats=given.own_chats,
    )


def _rights_desk(given: Furniture, staffing: Staffing) -> RightsDesk:
    an_hour = timedelta(hours=1)
    return RightsDesk(
        _own_rights(given),
        staffing,
        given.archive.owed_forgetting,
        given.surroundings.now,
        exports=Quota(1, an_hour),
        forgettings=Quota(1, an_hour),
    )


def _own_rights(given: Furniture) -> OwnRights:
    keepers: dict[str, Keeper] = {
        "member": given.archive.own_data,
        "reports": given.archive.own_reports,
        "traces": given.archive.traces,  # last: it wipes what the others have erased
    }
    return OwnRights(given.house.roster, _control(given), keepers)


def _control(given: Furniture) -> Control:
    return Control(given.house.roster, TelegramChats(given.bots))


def _home(given: Furniture) -> tuple[Bot, str]:
    """The bot, and the chat, in which moderators see cases: those of the first bot that has one."""
    name, chat = next(iter(given.moderators_chats.items()))
    return given.bots[name], chat


def _cards(given: Furniture, buttons: Buttons) -> Cards:
    bot, chat = _home(given)
    words = CardWords(given.examiner, given.settings.network.language, given.zone)
    group = CaseCards(bot, chat, buttons=buttons, texts=given.texts, words=words)
    return Cards(given.archive.cards, group, now=given.surroundings.now)


def _moderation_desk(given: Furniture, buttons: Buttons, cards: Cards, errands: Errands) -> ModerationDesk:
    archive, now = given.archive, given.surroundings.now

    async def is_published(code: Code) -> bool:
        return await archive.published.published(code) is not None

    return ModerationDesk(
        verdicts=Verdicts(archive.casework, second_rules_of(given.settings), is_published, now=now),
        seconds=SecondOpinions(archive.proposals, now=now),
        cards=cards,
        errands=errands,
        buttons=buttons,
        zone=given.zone,
        now=now,
    )


def _reporting_desk(
    given: Furniture, buttons: Buttons, checks: Checks, voice: CitizenVoice, errands: Errands
) -> ReportingDesk:
    archive, settings = given.archive, given.settings
    now, tokens = given.surroundings.now, given.surroundings.tokens
    rules = FilingRules(
        by_person=Quota(settings.quotas.reports_per_person_a_day, timedelta(days=1)),
        in_all=Quota(settings.quotas.reports_in_all_a_minute, timedelta(minutes=1)),
        second=second_rules_of(settings),
    )
    filing = FilingDesk(archive.drafts, archive.cases, checks, now=now, tokens=tokens, rules=rules)
    return ReportingDesk(
        intake=Intake(
            archive.drafts,
            checks,
            voice,
            now=now,
            tokens=tokens,
            messages_an_hour=settings.quotas.messages_per_person_an_hour,
        ),
        filing=filing,
        errands=errands,
        buttons=buttons,
        network=settings.network.name,
        retention=retention_of(settings),
        reasons=settings.reports.reasons,
        zone=given.zone,
    )


def retention_of(settings: Settings) -> Retention:
    """How long reports are kept."""
    return Retention(
        evidence_days_after_closing=settings.reports.evidence_days_after_closing,
        evidence_days_at_most=settings.reports.evidence_days_at_most,
    )


def second_rules_of(settings: Settings) -> SecondRules:
    """Which verdicts take a second person."""
    return SecondRules(settings.reports.severe_reasons, settings.reports.protected_domains)
