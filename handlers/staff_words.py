"""Sentences about the staff: roles and what they mean, limits, refusals, what was changed and by whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aiogram import html
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.settings_cards import Choice, name_of
from members.roles import Limits, Role
from members.staff import Colleague, StaffAct, StaffChange, StaffRefusal


def role_words(role: Role) -> str:
    """What a role is called."""
    return {
        Role.OWNER: _("owner"),
        Role.MODERATOR: _("moderator"),
        Role.APPROVER: _("approver"),
    }[role]


def roles_words(roles: Collection[Role]) -> str:
    """Several of them, always in the same order."""
    return ", ".join(role_words(role) for role in Role if role in roles)


def meaning_of(roles: Collection[Role]) -> str:
    """What whoever has these roles does, a line for each."""
    lines = {
        Role.OWNER: _("👑 Owner: decides who belongs to the staff, and answers for it."),
        Role.MODERATOR: _("📝 Moderator: writes bulletins and answers reports."),
        Role.APPROVER: _(
            "✅ Approver: reads what others wrote, and says whether it may go out. Never their own bulletins."
        ),
    }
    return "\n".join(lines[role] for role in Role if role in roles)


def limits_words(limits: Limits, areas: Sequence[Choice]) -> str:
    """For which offices and areas, as HTML; nothing where there is no limit."""
    lines = []
    if limits.issuers:
        names = html.quote(", ".join(sorted(limits.issuers)))
        lines.append(_("Only for bulletins of: {names}").format(names=names))
    if limits.areas:
        known = {area.key: name_of(area) for area in areas}
        named = html.quote(", ".join(known.get(key, key) for key in sorted(limits.areas)))
        lines.append(_("Only for bulletins for: {names}").format(names=named))
    return "\n".join(lines)


def why_no_change(refusal: StaffRefusal) -> str:
    """What happened, and what to do next."""
    return {
        StaffRefusal.BAD_CODE: _(
            "This invitation does not count any more, or never did. Please ask whoever gave it to you for a new one."
        ),
        StaffRefusal.TOO_MANY_TRIES: _(
            "Those were too many wrong codes. Please wait an hour, and ask for a new invitation meanwhile."
        ),
        StaffRefusal.HAS_OWNER: _(
            "This network has an owner already. Please ask them to invite you: they write /moi to me."
        ),
        StaffRefusal.NOT_OWNER: _("Only an owner of the network can do that. Please ask one of them."),
        StaffRefusal.LAST_OWNER: _(
            "You are the only owner, and without one nobody could invite anybody. Please invite another owner "
            "first with /moi; after that you can go at any time."
        ),
        StaffRefusal.NO_COLLEAGUE: _("That account is not on the staff any more. /nhansu shows who is."),
        StaffRefusal.TOO_MANY_OPEN: _(
            "Too many invitations of yours are still open. Please take some back, or wait until tomorrow."
        ),
    }[refusal]


def change_words(change: StaffChange, areas: Sequence[Choice]) -> str:
    """One line of the record, told to an owner."""
    said = _said(change.act, is_gone=not change.roles).format(
        name=html.quote(change.name),
        by=html.quote(change.by_name),
        other=html.quote(change.other_name),
        roles=roles_words(change.roles),
    )
    lines = [f"👥 {said}", limits_words(change.limits, areas) if change.roles else ""]
    if change.voided:
        lines.append(
            ngettext(
                "{count} approval of theirs that was not used yet is void.",
                "{count} approvals of theirs that were not used yet are void.",
                change.voided,
            ).format(count=change.voided)
        )
    return "\n".join(line for line in lines if line)


def _said(act: StaffAct, *, is_gone: bool) -> str:
    if is_gone:
        return (
            _("{name} left the staff.") if act is StaffAct.RESIGNED else _("{by} took {name} off the staff.")
        )
    return {
        StaffAct.INVITED: _("{by} invites somebody to be: {roles}."),
        StaffAct.GRANTED: _("{by} gave {name} a role. They are now: {roles}."),
        StaffAct.RECOVERED: _(
            "{name} became an owner by a code that was made on the server itself. If you did not expect that, look at "
            "/nhansu now and ask whoever runs the server."
        ),
        StaffAct.MOVED_OVER: _(
            "{name} owns this network now. Everybody who stood in its settings is on the staff as before; from now on "
            "roles are given and taken here: /nhansu shows everybody, /moi invites."
        ),
        StaffAct.REDUCED: _("{by} took a role away from {name}, who is now: {roles}."),
        StaffAct.RESIGNED: _("{name} gave a role back, and is now: {roles}."),
        StaffAct.LINKED: _(
            "{by} says that {name} and {other} are one person. Together they count as one approval."
        ),
        StaffAct.UNLINKED: _("{by} says that the account {name} is a person of its own."),
    }[act]


def colleague_words(colleague: Colleague, areas: Sequence[Choice], since: str) -> str:
    """Who somebody is on the staff, as HTML; ``since`` is a date, or nothing when it is not known."""
    lines = [
        f"<b>{html.quote(colleague.name)}</b> · {roles_words(colleague.roles)}",
        limits_words(colleague.limits, areas),
        _("Since {date}").format(date=since) if since else "",
        _("Account number: {number}").format(number=colleague.person.partition(":")[2]),
    ]
    return "\n".join(line for line in lines if line)
