"""The books that only conversations need, over the storehouse's engine and committer."""

from __future__ import annotations

from dataclasses import dataclass

from bot.storehouse import Storehouse
from bot.surroundings import Surroundings
from storage.aftermath import SqlAftermath
from storage.buttons import ButtonBook
from storage.cases import CaseBook
from storage.casework import CaseworkBook
from storage.conversations import ConversationStorage
from storage.drafts import DraftBook
from storage.forgetting import EvidenceBook, OwnReports
from storage.own_data import OwnData
from storage.progress_messages import ProgressMessages
from storage.proposals import ProposalBook
from storage.published import PublishedBulletins
from storage.sealing import Sealer
from storage.tellings import TellingRecord
from storage.traces import Traces
from storage.updates import Updates


@dataclass(frozen=True, slots=True)
class Archive:
    """It holds nothing open itself."""

    buttons: ButtonBook
    conversations: ConversationStorage
    updates: Updates
    published: PublishedBulletins
    progress_messages: ProgressMessages
    aftermath: SqlAftermath
    drafts: DraftBook
    cases: CaseBook
    casework: CaseworkBook
    proposals: ProposalBook
    tellings: TellingRecord
    evidence: EvidenceBook
    own_reports: OwnReports
    own_data: OwnData
    traces: Traces


def archive_of(house: Storehouse, key: bytes, given: Surroundings) -> Archive:
    """The books over ``house``; ``key`` seals addresses."""
    engine, committer, sealer = house.engine, house.committer, Sealer(key)
    return Archive(
        buttons=ButtonBook(engine, committer),
        conversations=ConversationStorage(engine, committer, now=given.now),
        updates=Updates(engine, committer, now=given.now),
        published=PublishedBulletins(engine),
        progress_messages=ProgressMessages(engine, committer),
        aftermath=SqlAftermath(engine, committer),
        drafts=DraftBook(engine, committer, sealer),
        cases=CaseBook(engine, committer, sealer),
        casework=CaseworkBook(engine, committer),
        proposals=ProposalBook(engine, committer),
        tellings=TellingRecord(engine, committer, sealer),
        evidence=EvidenceBook(committer),
        own_reports=OwnReports(engine, committer, sealer),
        own_data=OwnData(engine, committer, tokens=given.tokens),
        traces=Traces(engine),
    )
