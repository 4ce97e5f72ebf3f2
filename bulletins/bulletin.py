"""A bulletin's values and rules: what is wrong with it, how urgent it is, how many must approve it."""

from collections.abc import Mapping
from enum import IntEnum

from bulletins.code import Code
from bulletins.problems import LONGEST_VALIDITY, Problem, ProblemKind, is_too_grave_to_repeat, problems
from bulletins.values import (
    ENGLISH,
    GRAVE,
    VIETNAMESE,
    Audience,
    Bulletin,
    BulletinId,
    Category,
    Certainty,
    Language,
    Media,
    MsgType,
    Provenance,
    Recurrence,
    Severity,
    Status,
    Text,
    Urgency,
)

__all__ = [
    "DEFAULT_APPROVALS",
    "ENGLISH",
    "GRAVE",
    "LONGEST_VALIDITY",
    "VIETNAMESE",
    "Audience",
    "Bulletin",
    "BulletinId",
    "Category",
    "Certainty",
    "Code",
    "Lane",
    "Language",
    "Media",
    "MsgType",
    "Problem",
    "ProblemKind",
    "Provenance",
    "Recurrence",
    "Severity",
    "Status",
    "Text",
    "Urgency",
    "approvals_needed",
    "is_correction",
    "is_drill",
    "is_life_safety",
    "is_too_grave_to_repeat",
    "lane",
    "problems",
]

DEFAULT_APPROVALS: Mapping[Severity, int] = {severity: 2 if severity in GRAVE else 1 for severity in Severity}


class Lane(IntEnum):
    """Priority class of a delivery: the lower number goes first, always."""

    ANSWERS = 0
    CORRECTIONS = 1
    URGENT = 2
    ROUTINE = 3


def is_correction(bulletin: Bulletin) -> bool:
    """Whether it corrects or withdraws an earlier one."""
    return bulletin.msg_type in (MsgType.UPDATE, MsgType.CANCEL)


def is_drill(bulletin: Bulletin) -> bool:
    return bulletin.status is Status.EXERCISE


def is_life_safety(bulletin: Bulletin) -> bool:
    """Grave, now, and real: worth sending once more when nobody knows whether it arrived."""
    return bulletin.status is Status.ACTUAL and bulletin.is_grave_and_now


def lane(bulletin: Bulletin) -> Lane:
    """Corrections and emergencies, then urgent, then routine; an alert that is a drill is no emergency.

    A drill's correction hurries like any other: people may have taken the drill for the real thing.
    """
    if is_correction(bulletin) or is_life_safety(bulletin):
        return Lane.CORRECTIONS
    if bulletin.severity in GRAVE or bulletin.urgency is Urgency.IMMEDIATE:
        return Lane.URGENT
    return Lane.ROUTINE


def approvals_needed(bulletin: Bulletin, by_severity: Mapping[Severity, int] = DEFAULT_APPROVALS) -> int:
    """How many people must consent: by severity when it is live, one for drills, never none.

    A correction is a bulletin like any other; only fixed words go out on one person's word.
    """
    if bulletin.status is not Status.ACTUAL:
        return 1
    return max(1, by_severity.get(bulletin.severity, DEFAULT_APPROVALS[bulletin.severity]))
