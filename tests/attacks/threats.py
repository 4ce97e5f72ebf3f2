"""The threats, row by row, and the tests that hold each off. A row without a test fails the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threat:
    """One row: what keeps it off, and the tests that fail without that, as ``file::function``."""

    mitigation: str
    tests: tuple[str, ...] = ()
    not_built_yet: str = ""
    """Why there is nothing to attack. A row has this or tests."""


_HANDLERS = "tests/handlers"
THREATS: Mapping[str, Threat] = {
    "forged webhook": Threat(
        "secret compared in constant time before parsing; 401; nothing written; replay has one effect",
        (
            "tests/attacks/test_forged_webhooks.py::test_a_forged_webhook_is_refused_before_its_body_is_parsed_and_writes_nothing",
            "tests/attacks/test_forged_webhooks.py::test_a_secret_that_is_no_text_is_refused_like_any_other",
            "tests/attacks/test_forged_webhooks.py::test_one_update_replayed_a_hundred_times_has_one_effect",
            "tests/web/test_webhooks.py::test_a_bot_without_a_secret_and_one_that_does_not_exist_let_nothing_in",
        ),
    ),
    "tampered or foreign button press": Threat(
        "opaque token; role checked at the press",
        (
            f"{_HANDLERS}/test_buttons.py::test_data_that_is_no_token_of_ours_is_refused_kindly",
            f"{_HANDLERS}/test_buttons.py::test_a_token_carried_into_another_chat_is_refused",
            f"{_HANDLERS}/test_buttons.py::test_the_first_press_uses_up_the_whole_message",
            f"{_HANDLERS}/test_buttons.py::test_the_platform_sees_only_a_token_of_128_bits",
            f"{_HANDLERS}/test_access.py::test_each_role_opens_its_own_doors",
        ),
    ),
    "stolen deep link": Threat(
        "random, 15 min, single use, confirmed by a live admin check",
        (
            f"{_HANDLERS}/test_enrolment.py::test_a_stolen_link_is_of_no_use",
            f"{_HANDLERS}/test_enrolment.py::test_a_link_works_for_fifteen_minutes_only",
            f"{_HANDLERS}/test_enrolment.py::test_a_link_serves_one_group_only",
            f"{_HANDLERS}/test_enrolment.py::test_somebody_who_is_no_admin_enrols_nothing_and_is_told_kindly",
        ),
    ),
    "anonymous admin, posting as a channel": Threat(
        "never authority",
        (
            f"{_HANDLERS}/test_access.py::test_an_anonymous_admin_is_asked_to_write_in_private",
            f"{_HANDLERS}/test_access.py::test_writing_in_a_channels_name_is_no_authority_either",
            f"{_HANDLERS}/test_enrolment.py::test_an_anonymous_admin_who_adds_the_bot_is_nobody",
        ),
    ),
    "forged forward": Threat(
        "origin is never evidence; bytes are compared with the record",
        (
            "tests/attacks/test_forged_forwards.py::test_forged_forward_of_our_channel_is_told_to_be_none_of_our_bulletins",
            "tests/attacks/test_forged_forwards.py::test_no_rule_that_calls_a_message_genuine_knows_where_it_was_forwarded_from",
            "tests/reports/test_genuine.py::test_our_code_under_foreign_words_is_altered",
        ),
    ),
    "demoted moderator; preview differs from what is sent": Threat(
        "roles are read again in the transaction that approves; an approval names the hash of the bytes",
        (
            f"{_HANDLERS}/test_approving.py::test_somebody_demoted_between_preview_and_press_cannot_approve",
            f"{_HANDLERS}/test_approving.py::test_an_edit_makes_the_old_preview_worthless",
            "tests/broadcasts/test_lifecycle.py::test_a_demoted_approvers_consent_no_longer_counts",
            "tests/broadcasts/test_lifecycle.py::test_a_scheduled_bulletin_whose_approver_was_demoted_is_held",
            "tests/storage/test_bulletins.py::test_the_hash_in_the_row_is_of_what_is_sent",
        ),
    ),
    "HTML or entity injection": Threat(
        "text is data; one rendering module; visible text round-trips under fuzzing",
        (
            "tests/attacks/test_markup_in_texts.py::test_the_text_of_a_verdict_is_data_for_everybody_who_reads_it",
            "tests/attacks/test_markup_in_texts.py::test_the_name_of_an_author_and_of_an_approver_is_shown_as_it_is",
            "tests/attacks/test_markup_in_texts.py::test_the_name_of_a_moderator_on_a_card_and_in_a_question_is_shown_as_it_is",
            "tests/bulletins/test_bulletin_rendering.py::test_visible_text_round_trips_and_nothing_can_be_injected",
        ),
    ),
    "bidi, zero-width, look-alike characters": Threat(
        "NFC; what shows nothing or reorders is refused in bulletins; hosts are judged and shown as they open",
        (
            "tests/attacks/test_look_alike_characters.py::test_bidi_zero_width_look_alike_characters_do_not_get_to_the_approvers",
            "tests/attacks/test_look_alike_characters.py::test_author_and_approver_read_which_host_a_vietnamese_name_opens",
            "tests/bulletins/test_characters.py::test_nothing_invisible_reaches_a_channel_but_between_emoji",
            "tests/bulletins/test_links.py::test_an_address_that_passes_for_another_is_deceptive",
        ),
    ),
    "SSRF through a reported link": Threat(
        "reported links are never fetched; the resolver that might be allowed is not built",
        (
            "tests/attacks/test_reported_links.py::test_ssrf_through_a_reported_link_is_impossible_because_nothing_is_looked_up",
            "tests/attacks/test_reported_links.py::test_no_room_that_reads_reports_can_open_a_connection",
        ),
    ),
    "token or secret in a log, exception or page": Threat(
        "redacting processor; a canary secret on every error path is found nowhere",
        (
            "tests/attacks/test_secrets_shown.py::test_token_or_secret_in_a_log_in_no_spelling",
            "tests/attacks/test_secrets_shown.py::test_what_shows_only_when_the_line_is_rendered_is_hidden_by_the_last_pass",
            "tests/bot/test_logs.py::test_no_path_to_the_logs_shows_a_secret",
            "tests/attacks/test_leaks.py::test_what_holds_a_secret_does_not_show_it",
        ),
    ),
    "picture, archive or XML bombs": Threat(
        "size before download, pixel cap, archives never opened, entities refused",
        (
            "tests/attacks/test_bombs.py::test_picture_bomb_that_says_its_size_is_not_even_asked_for",
            "tests/attacks/test_bombs.py::test_picture_bomb_that_is_larger_than_it_says_is_fetched_no_further_than_the_cap",
            "tests/attacks/test_bombs.py::test_picture_of_too_many_pixels_is_not_fetched_however_few_bytes_it_has",
            "tests/attacks/test_bombs.py::test_xml_bomb_is_refused_before_it_is_parsed",
            "tests/attacks/test_bombs.py::test_archive_bomb_is_never_opened",
        ),
    ),
    "SQL injection": Threat(
        "bound parameters only; lint rule",
        (
            "tests/attacks/test_sql_injection.py::test_sql_injection_in_names_commands_and_reports_is_kept_as_words",
            "tests/attacks/test_sql_injection.py::test_the_linter_finds_no_statement_that_is_put_together_but_the_ones_looked_at",
        ),
    ),
    "flood of reports": Threat(
        "quotas a person, a chat and in all; a separate lane",
        (
            f"{_HANDLERS}/test_reporting_edges.py::test_too_many_forwards_in_an_hour_are_put_off_kindly",
            f"{_HANDLERS}/test_reporting_edges.py::test_too_many_reports_in_a_day_lose_nothing",
            "tests/reports/test_case_rules.py::test_a_quota_gives_room_again_when_its_time_has_passed",
            "tests/attacks/test_stalled_inbox.py::test_a_person_who_writes_too_much_is_told_once_and_holds_up_nobody",
        ),
    ),
    "stolen disk or backup": Threat(
        "contact data sealed with keys kept outside the database",
        (
            "tests/storage/test_cases.py::test_nobody_can_be_read_out_of_the_tables",
            "tests/storage/test_cases.py::test_without_the_operators_secret_nothing_opens",
            "tests/storage/test_cases.py::test_two_cases_of_one_person_cannot_be_linked",
            "tests/attacks/test_leaks.py::test_what_was_erased_is_not_in_the_closed_file_any_more",
        ),
    ),
    "altered history": Threat(
        "audit rows are chained; the head is in the log",
        not_built_yet="there is no chain of audit rows and no public log whose head could be altered",
    ),
}
