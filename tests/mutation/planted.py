"""The mitigations, and how each is taken away: a test must notice. `make mutate` tries them one by one.

A new one is one entry: in which file, which text (found exactly once), what stands there without the mitigation, and
the tests that must fail. A test in the normal run holds that every text is still found, so that the table cannot rot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Removal:
    """One mitigation taken away."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]
    """Files or node ids, as pytest takes them."""


WEBHOOKS = "tests/attacks/test_forged_webhooks.py"
LOOK_ALIKES = "tests/attacks/test_look_alike_characters.py"
CHARACTERS = "tests/bulletins/test_characters.py"
LINKS = "tests/bulletins/test_links.py"
MARKUP = "tests/attacks/test_markup_in_texts.py"
SECRETS = "tests/attacks/test_secrets_shown.py"
BOMBS = "tests/attacks/test_bombs.py"
BUTTONS = "tests/handlers/test_buttons.py"
ACCESS = "tests/handlers/test_access.py"
CONTROL = "tests/attacks/test_enrolment_control.py"
LOST = "tests/attacks/test_lost_control.py"
ENROLMENT = "tests/handlers/test_enrolment.py"
LIFECYCLE = "tests/broadcasts/test_lifecycle.py"
APPROVING = "tests/handlers/test_approving.py"
GUARD = "tests/phones/test_phones_guard.py"
PORT = "tests/attacks/test_demonstration_port.py"
JOURNAL = "tests/attacks/test_planted_journal.py"
FORWARDS = "tests/attacks/test_forged_forwards.py"

BY_ROW: Mapping[str, tuple[Removal, ...]] = {
    "forged webhook": (
        Removal(
            "a webhook's secret is not compared", "web/webhooks.py",
            "if webhook is None or not expected or not genuine:", "if webhook is None or not expected:", (WEBHOOKS,),
        ),
        Removal(
            "a bot without a secret lets everybody in", "web/webhooks.py",
            "if webhook is None or not expected or not genuine:", "if webhook is None or not genuine:",
            ("tests/web/test_webhooks.py",),
        ),
    ),
    "tampered or foreign button press": (
        Removal(
            "a button serves everybody, in every chat", "members/buttons.py",
            "if button.chat != press.chat or button.person not in (None, press.person):", "if False:", (BUTTONS,),
        ),
        Removal(
            "a button may be pressed again and again", "members/buttons.py",
            "if button.used_by is not None:", "if False:", (BUTTONS,),
        ),
        Removal(
            "roles are not looked up at the press", "handlers/access.py",
            "if needs_role(who) and not allows(who, await self._roles.roles_of(person_of(account))):", "if False:",
            (ACCESS,),
        ),
    ),
    "stolen deep link": (
        Removal(
            "whoever enrols need not administer", "members/enrolment.py",
            "        if not look.is_admin:\n            return Progress(Step.NOT_ADMIN, person=person)\n", "",
            (ENROLMENT, CONTROL),
        ),
        Removal(
            "whoever enrols need not be allowed to add bots", "members/enrolment.py",
            "if not look.may_add_bots and not _is_under_way(existing, person):", "if False:", (CONTROL,),
        ),
        Removal(
            "whoever confirms need not administer any more", "members/enrolment.py",
            "        if held is not Held.HELD:\n            return Progress(_NOT_HELD[held], channel)\n", "",
            (ENROLMENT, CONTROL, LOST),
        ),
        Removal(
            "whoever administers no more keeps control", "members/control.py",
            "        if held is Held.LOST and channel.state in _ENROLLED:\n"
            "            await self.release(channel, person)\n        return held",
            "        return Held.HELD", (LOST,),
        ),
    ),
    "anonymous admin, posting as a channel": (
        Removal(
            "a group's anonymous admin is somebody", "handlers/access.py",
            "        or user.id in NOBODY_IDS\n", "", (ACCESS,),
        ),
        Removal(
            "a channel that posts is somebody", "handlers/access.py",
            '        or getattr(event, "sender_chat", None) is not None\n', "", (ACCESS, CONTROL),
        ),
    ),
    "forged forward": (
        Removal(
            "a forged forward is not told to be none of ours", "handlers/report_words.py",
            "if findings.from_our_channel and findings.genuine is None:", "if False:", (FORWARDS,),
        ),
    ),
    "demoted moderator; preview differs from what is sent": (
        Removal(
            "an author approves alone", "broadcasts/consent.py",
            "    if broadcast.author == consent.person:\n        return Refusal.OWN_BULLETIN\n", "", (LIFECYCLE,),
        ),
        Removal(
            "an approval counts for other bytes", "broadcasts/consent.py",
            "    return Refusal.CHANGED if broadcast.approval_hash != consent.approval_hash else None",
            "    return None", (LIFECYCLE, APPROVING),
        ),
        Removal(
            "a demoted approver approves", "broadcasts/consent.py", "if Role.APPROVER not in roles:", "if False:",
            (LIFECYCLE, APPROVING),
        ),
        Removal(
            "a schedule starts without its approvals", "broadcasts/consent.py",
            "    if missing:\n        return Refusal.LACKS_APPROVALS\n", "", (LIFECYCLE,),
        ),
    ),
    "HTML or entity injection": (
        Removal(
            "a bulletin's words are markup", "bulletins/rendering.py",
            "escaped = escape(span.text, quote=False)", "escaped = span.text", ("tests/bulletins/test_bulletin_rendering.py",),
        ),
        Removal(
            "a verdict's words are markup", "handlers/report_words.py",
            "lines.append(html.quote(explanation))", "lines.append(explanation)", (MARKUP,),
        ),
        Removal(
            "the name of a colleague is markup", "handlers/bulletin_desk.py",
            'return html.quote(names.get(person, _("somebody who left")))', 'return names.get(person, _("somebody who left"))',
            (MARKUP,),
        ),
        Removal(
            "the names of who was asked are markup", "handlers/approving.py",
            'names=html.quote(", ".join(reached))', 'names=", ".join(reached)', (MARKUP,),
        ),
        Removal(
            "the names of who was missed are markup", "handlers/approving.py",
            'names = html.quote(", ".join(missed))', 'names = ", ".join(missed)', (MARKUP,),
        ),
        Removal(
            "a moderator's name is escaped twice", "handlers/moderation.py",
            "return account.mention_html(account.first_name)", "return account.mention_html(html.quote(account.first_name))",
            (MARKUP,),
        ),
        Removal(
            "the name on a case's card is markup", "handlers/case_cards.py",
            "name=html.bold(html.quote(name))", "name=html.bold(name)", (MARKUP,),
        ),
    ),
    "bidi, zero-width, look-alike characters": (
        Removal(
            "default-ignorable characters pass", "bulletins/characters.py", "or is_default_ignorable(letter)", "or False",
            (CHARACTERS,),
        ),
        Removal(
            "unassigned characters pass", "bulletins/characters.py", '"Cs", "Co", "Cn"', '"Cs", "Co"', (CHARACTERS,),
        ),
        Removal(
            "private-use characters pass", "bulletins/characters.py", '"Cs", "Co", "Cn"', '"Cs", "Cn"', (CHARACTERS,),
        ),
        Removal(
            "odd characters are no problem of a bulletin", "bulletins/problems.py",
            "        if odd:\n            yield Problem(ProblemKind.ODD_CHARACTERS", "        if False:\n"
            "            yield Problem(ProblemKind.ODD_CHARACTERS", (LOOK_ALIKES,),
        ),
        Removal(
            "a deceptive address is no problem of a bulletin", "bulletins/problems.py",
            "if address.is_deceptive:", "if False:", (LOOK_ALIKES,),
        ),
        Removal(
            "mixed scripts are no fact", "bulletins/links.py", "LinkFact.MIXED_SCRIPT: mixes_scripts(domain) or",
            "LinkFact.MIXED_SCRIPT: False and", (LINKS,),
        ),
        Removal(
            "whole-script look-alikes are no fact", "bulletins/links.py",
            "LinkFact.LOOK_ALIKE: looks_like_another(address.host) and", "LinkFact.LOOK_ALIKE: False and", (LINKS,),
        ),
        Removal(
            "signs that pass for a slash are no fact", "bulletins/links.py",
            "if _has_false_sign(around):", "if False:", (LINKS,),
        ),
        Removal(
            "what stands before an @ is no fact", "bulletins/links.py", "LinkFact.USER_INFO: address.has_user_info",
            "LinkFact.USER_INFO: False", (LINKS,),
        ),
        Removal(
            "the host that opens is not shown", "handlers/bulletin_words.py",
            "    if not address.opens_as_written:", "    if False:", (LOOK_ALIKES,),
        ),
    ),
    "SSRF through a reported link": (
        Removal(
            "a room that reads reports can open connections", "reports/masking.py", "import re\n", "import re\nimport socket\n",
            ("tests/attacks/test_reported_links.py",),
        ),
    ),
    "token or secret in a log, exception or page": (
        Removal(
            "known secrets are not hidden", "bot/logs.py", "text = self.known.hidden_in(text, HIDDEN)", "text = text",
            (SECRETS,),
        ),
        Removal(
            "the last pass of redaction", "bot/logs.py", "return self._redact.hide(super().format(record))",
            "return super().format(record)", (SECRETS,),
        ),
        Removal(
            "secrets in capitals", "bot/known_secrets.py",
            'return cls(_in_small_letters("".join(letters)), starts, ends)', 'return cls("".join(letters), starts, ends)',
            (SECRETS,),
        ),
        Removal(
            "secrets in base64", "bot/known_secrets.py",
            "return forms | {form for part in raw for form in _in_base64(part)}", "return forms", (SECRETS,),
        ),
        Removal(
            "values whose name says secret", "bot/logs.py",
            "if isinstance(key, str) and value is not None and _names_a_secret(key):", "if False:", (SECRETS,),
        ),
        Removal(
            "a value without redaction before it is rendered", "bot/logs.py",
            "return {str(key): self._hide_entry(key, value, 0) for key, value in event.items()}", "return event",
            ("tests/bot/test_logs.py",),
        ),
        Removal(
            "the database tells what it refuses", "storage/engine.py", '{"hide_parameters": True, **options}',
            '{"hide_parameters": False, **options}', ("tests/attacks/test_leaks.py",),
        ),
        Removal(
            "the token travels in the clear", "bot/settings.py",
            "if not address.is_secure and not _is_this_machine(address.host):", "if False:",
            ("tests/bot/test_configuration.py",),
        ),
    ),
    "picture, archive or XML bombs": (
        Removal(
            "the size that a message tells is not looked at", "handlers/pictures.py",
            "if (file.file_size or 0) > most_bytes:", "if False:", (BOMBS,),
        ),
        Removal(
            "the size that the platform tells is not looked at", "handlers/pictures.py",
            "if size_bytes is None or size_bytes > most_bytes or found.file_path is None:", "if found.file_path is None:",
            (BOMBS,),
        ),
        Removal(
            "a download ends when the server wants", "handlers/pictures.py", "if self._room < 0:", "if False:", (BOMBS,),
        ),
        Removal(
            "pixels are not counted", "handlers/pictures.py", "if largest.width * largest.height > _MOST_PIXELS:", "if False:",
            (BOMBS,),
        ),
        Removal(
            "a CAP file may be of any size", "bulletins/cap_xml.py", "if len(data) > MOST_BYTES:", "if False:", (BOMBS,),
        ),
        Removal(
            "a CAP file may declare entities", "bulletins/cap_xml.py",
            'if _DOCTYPE.match(data.replace(b"\\0", b"")):', "if False:", ("tests/bulletins/test_cap_refusals.py",),
        ),
    ),
    "SQL injection": (
        Removal(
            "a statement is put together of words", "storage/lookups.py", "from __future__ import annotations\n",
            'from __future__ import annotations\n\n\ndef planted(name: str) -> str:\n'
            '    return f"SELECT * FROM members WHERE person = {name}"\n\n\n', ("tests/attacks/test_sql_injection.py",),
        ),
    ),
    "flood of reports": (
        Removal(
            "a quota never ends", "reports/quotas.py", "if _uses(used) >= self._times else None", "if False else None",
            ("tests/reports/test_case_rules.py",),
        ),
        Removal(
            "reports are filed without a quota", "reports/filing.py",
            "return self._rules.by_person.use(person, now) or self._rules.in_all.use(\"\", now)", "return None",
            ("tests/handlers/test_reporting_edges.py",),
        ),
    ),
    "one person's verdict": (
        Removal(
            "an author is their own second person", "storage/proposals.py",
            "            if await _same_person(connection, row.author, second.person):\n"
            "                return Seconding.OWN\n"
            "            if not await _is_staff(connection, second.person):\n"
            "                return Seconding.NOT_STAFF\n"
            "            stood",
            "            stood", ("tests/storage/test_proposals.py",),
        ),
        Removal(
            "two accounts of one person are two", "storage/proposals.py",
            "return one in await accounts_of(connection, other)", "return one == other",
            ("tests/storage/test_proposals.py",),
        ),
    ),
    "stolen disk or backup": (
        Removal(
            "what was erased stays in the file", "storage/engine.py", '"secure_delete=ON",', '"secure_delete=OFF",',
            ("tests/attacks/test_leaks.py",),
        ),
        Removal(
            "a reporter has one name in all cases", "storage/sealing.py", 'return named(self._naming, f"{case_id}\\0{person}")',
            'return named(b"one key for all", person)', ("tests/storage/test_cases.py",),
        ),
    ),
    "the demonstration": (
        Removal(
            "the demonstration answers foreign hosts", "simulator/guard.py",
            "return _is_loopback(request.remote or \"\") and _names_this_machine(request.host)",
            "return _is_loopback(request.remote or \"\")", (GUARD, PORT),
        ),
        Removal(
            "the demonstration answers foreign origins", "simulator/guard.py",
            'if origin is not None and origin != f"http://{request.host}":', "if False:", (GUARD, PORT),
        ),
        Removal(
            "the Bot API's port is not guarded", "simulator/telegram_api.py",
            "web.Application(client_max_size=BODY_BYTES, middlewares=[guard])", "web.Application(client_max_size=BODY_BYTES)",
            (PORT,),
        ),
        Removal(
            "the demonstration's token is known", "bot/demonstration.py",
            'return f"{number}:{token_urlsafe(_TOKEN_BYTES)}"', "return BOT_TOKEN", (PORT,),
        ),
        Removal(
            "a journal calls any method", "simulator/journal.py", "dict(kwargs) if name in ACTS:", "dict(kwargs):", (JOURNAL,),
        ),
        Removal(
            "a journal makes any value", "simulator/journal.py", "if (module, name) in _VALUES:",
            'if (module, name) in _VALUES or module.startswith("simulator."):', (JOURNAL,),
        ),
    ),
}  # fmt: skip
"""By the row of the table of threats in tests/attacks/threats.py; what is in none of its rows stands at the end."""

PLANTED = tuple(removal for removals in BY_ROW.values() for removal in removals)
