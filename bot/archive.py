"""The books that only conversations need, over the storehouse's engine and committer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.storehouse import Storehouse
from bot.surroundings import Surroundings
from storage.aftermath import SqlAftermath
from storage.backlog import SqlBacklog
from storage.buttons import ButtonBook
from storage.cards import CardRecord
from storage.cases import CaseBook
from storage.casework import CaseworkBook
from storage.conversations import ConversationStorage
from storage.drafts import DraftBook
from storage.earlier import EarlierRows
from storage.forgetting import EvidenceBook, OwnReports
from storage.owed_forgetting import OwedForgetting
from storage.own_data import OwnData
from storage.progress_messages import ProgressMessages
from storage.proposals import ProposalBook
from storage.published import PublishedBulletins
from storage.sealing import Sealer
from storage.shuffling import Shuffling
from storage.tellings import TellingRecord
from storage.traces import Traces
from storage.updates import Updates

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Archive:
    """It holds nothing open itself."""

    buttons: ButtonBook
    conversations: ConversationStorage
    updates: Updates
    backlog: SqlBacklog
    published: PublishedBulletins
    progress_messages: ProgressMessages
    aftermath: SqlAftermath
    drafts: DraftBook
    cases: CaseBook
    casework: CaseworkBook
    proposals: ProposalBook
    cards: CardRecord
    tellings: TellingRecord
    evidence: EvidenceBook
    own_reports: OwnReports
    own_data: OwnData
    traces: Traces
    earlier: EarlierRows
    owed_forgetting: OwedForgetting
    shuffling: Shuffling

    async def tidy_up(self, now: datetime) -> None:
        """Before anybody is heard: seal what an older version kept in the clear, give up what was lost with its key."""
        await self.earlier.seal(now)
        lost = await self.evidence.give_up_unreadable(now)
        if lost:
            log.warning(
                "the keys of some cases are gone, as after a backup was restored: they are closed, what they were "
                "about is lost unless the keys are put back, and whoever reported them is not told",
                cases=len(lost),
            )


def archive_of(house: Storehouse, key: bytes, given: Surroundings) -> Archive:
    """The books over ``house``; ``key`` seals addresses."""
    engine, committer, sealer = house.engine, house.committer, Sealer(key)
    return Archive(
        buttons=ButtonBook(engine, committer, sealer),
        conversations=ConversationStorage(engine, committer, sealer, now=given.now),
        updates=Updates(engine, committer, now=given.now),
        backlog=SqlBacklog(committer, sealer, now=given.now),
        published=PublishedBulletins(engine),
        progress_messages=ProgressMessages(engine, committer),
        aftermath=SqlAftermath(engine, committer),
        drafts=DraftBook(engine, committer, sealer),
        cases=CaseBook(engine, committer, sealer),
        cards=CardRecord(engine, committer, sealer),
        casework=CaseworkBook(engine, committer, sealer),
        proposals=ProposalBook(engine, committer, sealer),
        tellings=TellingRecord(engine, committer, sealer),
        evidence=EvidenceBook(committer),
        own_reports=OwnReports(engine, committer, sealer, now=given.now),
        own_data=OwnData(engine, committer, sealer, tokens=given.tokens, now=given.now),
        traces=Traces(engine),
        owed_forgetting=OwedForgetting(engine, committer, sealer),
        shuffling=Shuffling(engine, committer, given.random),
        earlier=EarlierRows(committer, sealer),
    )
