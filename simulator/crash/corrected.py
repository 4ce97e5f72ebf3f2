"""What must hold of corrections after a run: they reach what they correct, nothing else, and the newest stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from broadcasts.broadcast import BroadcastState
from broadcasts.corrections import NOT_EDITED
from broadcasts.delivery import DeliveryState
from simulator.crash.case import Case, Invariant, Violation
from simulator.crash.evidence import EDITS, BulletinFact, DeliveryFact, Request


def corrected(case: Case) -> Iterator[Violation]:
    """Each copy that arrived was changed, or its row says why it could not be."""
    shown = {(copy.chat, copy.message_id): copy.text for copy in case.evidence.copies}
    corrections = [
        one
        for one in case.evidence.bulletins.values()
        if one.corrects is not None and one.state is BroadcastState.DONE
    ]
    for correction in corrections:
        for original, channel, posts in case.copies():
            if original.id != correction.corrects:
                continue
            row = case.rows.get((correction.id, channel.id))
            where = f"{correction.code} does not correct {original.code} in channel {channel.id}"
            if row is None:
                yield Violation(Invariant.CORRECTED, f"{where}: it was not planned")
            elif row.state is DeliveryState.DROPPED and row.reason == "nothing_to_correct":
                yield Violation(Invariant.CORRECTED, f"{where}: it was dropped, though a copy is there")
            elif row.state is DeliveryState.SENT and not _is_put_right(case, row, posts, shown):
                yield Violation(Invariant.CORRECTED, f"{where}: the old copy still stands unchanged")


def newest(case: Case) -> Iterator[Violation]:
    """A change that nobody heard of may arrive late, whatever left after it: nothing can be done about that."""
    changed: dict[tuple[str, int], list[Request]] = defaultdict(list)
    for request in case.evidence.requests:
        bulletin = case.by_code.get(request.code)
        if request.method in EDITS and request.message_id and bulletin is not None and bulletin.corrects:
            changed[request.chat, request.message_id].append(request)
    for (chat, message_id), changes in changed.items():
        last = max(changes, key=lambda change: change.arrived or 0.0)
        newest = max(changes, key=lambda change: (_turn(case.by_code[change.code]), change.departed))
        is_late = last.confirmed is None and last.departed < newest.departed
        if last.code != newest.code and not is_late:
            said = f"message {message_id} in {chat} says {last.code}, though {newest.code} came after it"
            yield Violation(Invariant.NEWEST, said)


def _turn(bulletin: BulletinFact) -> tuple[float, int]:
    return bulletin.started or 0.0, bulletin.id


def own_copy(case: Case) -> Iterator[Violation]:
    """Nothing else was changed."""
    for change in case.evidence.requests:
        if change.replaced is None:
            continue
        wanted, found = case.by_code.get(change.code), case.by_code.get(change.replaced)
        if wanted is None or found is None or (wanted.corrects or wanted.id) != (found.corrects or found.id):
            said = f"request {change.number} put {change.code} over {change.replaced} in {change.chat}"
            yield Violation(Invariant.OWN_COPY, said)


def _is_put_right(
    case: Case, row: DeliveryFact, posts: list[Request], shown: dict[tuple[str, int], str]
) -> bool:
    """The known copy was changed, or the row says that it could not be."""
    correction = case.evidence.bulletins[row.bulletin_id]
    original = case.rows[correction.corrects or 0, row.channel_id]
    if original.state is not DeliveryState.SENT or row.reason.startswith(NOT_EDITED):
        return True
    # Before and after a move two places have messages of that number; only one was confirmed.
    known = [post for post in posts if post.confirmed and str(post.message_id) == original.message_id]
    right = {
        one.code
        for one in case.evidence.bulletins.values()
        if one.corrects == correction.corrects and _turn(one) >= _turn(correction)
    }
    return all(
        any(code in shown[post.chat, post.message_id or 0] for code in right)
        or _came_late(case, post.chat, right)
        for post in known
    )


def _came_late(case: Case, chat: str, right: set[str]) -> bool:
    """An earlier correction's change had left before this one's, and arrived after it: nobody can call it back."""
    changes = [one for one in case.evidence.requests if one.method in EDITS and one.chat == chat]
    ours = [one for one in changes if one.code in right and one.arrived is not None]
    return any(
        other.departed < own.departed and (other.arrived or 0.0) > (own.arrived or 0.0)
        for own in ours
        for other in changes
        if other.code not in right
    )
