"""What keeps a bulletin from being sent, how it is ranked, and how many must approve it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Bulletin,
    Lane,
    Language,
    Media,
    MsgType,
    ProblemKind,
    Severity,
    Status,
    Text,
    Urgency,
    approvals_needed,
    is_life_safety,
    lane,
    problems,
)
from bulletins.code import make
from bulletins.problems import SENTENCES
from bulletins.rendering import Imprint, render_resent
from tests.bulletins.bulletin_samples import CORRECTION, FLOOD, IMPRINT, NASTY, NOW, WITHDRAWAL

PICTURE = Media(sha256="ab" * 32, file_name="lu.jpg")


def kinds(bulletin: Bulletin) -> set[ProblemKind]:
    return {problem.kind for problem in problems(bulletin, NOW)}


def saying(body: str) -> Bulletin:
    return replace(FLOOD, texts={VIETNAMESE: Text("Tiêu đề", body)})


def test_good_bulletins_have_no_problems() -> None:
    for bulletin in (FLOOD, CORRECTION, WITHDRAWAL):
        assert problems(bulletin, NOW) == ()


@pytest.mark.parametrize(
    ("bulletin", "kind"),
    [
        (replace(FLOOD, texts={}), ProblemKind.NO_TEXT),
        (replace(FLOOD, texts={VIETNAMESE: Text(" \n", "Nước lên.")}), ProblemKind.NO_HEADLINE),
        (
            replace(FLOOD, texts={Language(tag): Text("a", "b") for tag in "abcdefghi"}),
            ProblemKind.TOO_MANY_LANGUAGES,
        ),
        (saying("nước " * 900), ProblemKind.TOO_LONG),
        (replace(saying("nước " * 200), media=PICTURE), ProblemKind.TOO_LONG),
        (saying("Gửi \u202e123 đồng"), ProblemKind.ODD_CHARACTERS),
        (saying("Ngân\u200bhàng"), ProblemKind.ODD_CHARACTERS),
        (saying("Ngân\u00adhàng"), ProblemKind.ODD_CHARACTERS),
        (saying("z" + "\u0335" * 9), ProblemKind.ODD_CHARACTERS),
        (saying("Bộ Y tế: bộytế.vn dùng chữ tе"), ProblemKind.LOOK_ALIKES),
        (replace(FLOOD, issuer=" "), ProblemKind.NO_ISSUER),
        (replace(FLOOD, issuer="a" * 201), ProblemKind.TOO_LONG),
        (replace(FLOOD, issuer="Sở Y tế\u2066"), ProblemKind.ODD_CHARACTERS),
        (replace(FLOOD, source_url=""), ProblemKind.NO_SOURCE),
        (replace(FLOOD, expires=NOW), ProblemKind.EXPIRED),
        (replace(FLOOD, expires=NOW + timedelta(days=31)), ProblemKind.EXPIRES_TOO_LATE),
        (replace(FLOOD, not_before=FLOOD.expires), ProblemKind.STARTS_AFTER_END),
        (
            replace(FLOOD, not_before=NOW + timedelta(days=91), expires=NOW + timedelta(days=92)),
            ProblemKind.STARTS_TOO_LATE,
        ),
        (replace(CORRECTION, references=()), ProblemKind.NO_REFERENCES),
        (replace(WITHDRAWAL, references=()), ProblemKind.NO_REFERENCES),
        (replace(CORRECTION, references=(CORRECTION.code,)), ProblemKind.REFERS_TO_ITSELF),
        (replace(CORRECTION, references=tuple(map(make, range(11)))), ProblemKind.TOO_MANY_REFERENCES),
    ],
)
def test_each_problem_is_found_and_no_other(bulletin: Bulletin, kind: ProblemKind) -> None:
    assert kinds(bulletin) == {kind}


def test_every_problem_tells_its_author_in_both_languages_what_to_do() -> None:
    assert set(SENTENCES) == set(ProblemKind)
    problem = problems(saying("Gửi \u202e123"), NOW)[0]
    assert "nội dung (vi): U+202E “Gửi ▯123”" in problem.sentence(VIETNAMESE)
    assert "body (vi): U+202E “Gửi ▯123”" in problem.sentence(ENGLISH)
    assert problem.sentence(VIETNAMESE) != problem.sentence(ENGLISH)


def test_the_limits_themselves_are_allowed() -> None:
    room = 4_096 - problems_length(saying(""))
    longest_name = Imprint("b" * 32, IMPRINT.zone)
    fullest = render_resent(saying("n" * room), VIETNAMESE, imprint=longest_name)
    assert fullest.utf16_length == 4_096
    assert kinds(saying("n" * room)) == set()
    assert kinds(saying("n" * (room + 1))) == {ProblemKind.TOO_LONG}
    assert kinds(replace(FLOOD, expires=NOW + timedelta(days=30))) == set()


def problems_length(bulletin: Bulletin) -> int:
    """How long it is for the rule: read from the problem that a far too long body causes."""
    long = replace(bulletin, texts={VIETNAMESE: Text("Tiêu đề", "n" * 5_000)})
    detail = next(p.detail for p in problems(long, NOW) if p.kind is ProblemKind.TOO_LONG)
    return int(detail.split()[1].split("/")[0]) - 5_000


def test_an_emoji_counts_as_two_for_telegram() -> None:
    room = 4_096 - problems_length(saying(""))
    assert kinds(saying("😀" * (room // 2))) == set()
    assert kinds(saying("😀" * (room // 2 + 1))) == {ProblemKind.TOO_LONG}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.vn/a",
        "javascript:alert(1)",
        "https://",
        "example.vn",
        "https://soyte.example.vn@lua-dao.example/",
        "https://bộytế.example.vn/",
        "https://example.vn/a b",
        "https://example.vn:99999/",
        "https://[::1",
        "https://example.vn/" + "a" * 500,
    ],
)
def test_only_a_plain_web_link_can_be_a_source(url: str) -> None:
    assert kinds(replace(FLOOD, source_url=url)) == {ProblemKind.BAD_SOURCE}


def test_corrections_and_drills_may_come_without_a_source() -> None:
    assert kinds(replace(FLOOD, status=Status.EXERCISE, source_url="")) == set()
    assert kinds(replace(CORRECTION, source_url="")) == set()


@pytest.mark.parametrize(
    "words",
    [
        "Đây không phải diễn tập.",
        "ĐÂY KHÔNG PHẢI LÀ DIỄN TẬP",
        "day khong phai dien tap",
        "khong... phai -- dien_tap!",
        "#khongphaidientap",
        "không phải là một cuộc diễn tập",
        "không\nphải\ndiễn\ntập",
        "This is NOT a drill",
        "this is no drill",
    ],
)
def test_a_drill_cannot_say_that_it_is_none(words: str) -> None:
    drill = replace(saying(words), status=Status.EXERCISE)
    assert kinds(drill) == {ProblemKind.DENIES_THE_DRILL}
    assert kinds(replace(drill, status=Status.ACTUAL)) == set()


def test_a_drill_cannot_say_it_across_headline_and_body() -> None:
    texts = {VIETNAMESE: Text("Đây không phải", "diễn tập đâu")}
    assert kinds(replace(FLOOD, status=Status.EXERCISE, texts=texts)) == {ProblemKind.DENIES_THE_DRILL}


@given(NASTY, NASTY)
def test_any_text_gets_an_answer(headline: str, body: str) -> None:
    for problem in problems(replace(FLOOD, texts={VIETNAMESE: Text(headline, body)}), NOW):
        assert problem.sentence(VIETNAMESE)


@pytest.mark.parametrize(
    ("bulletin", "expected"),
    [
        (FLOOD, Lane.CORRECTIONS),
        (CORRECTION, Lane.CORRECTIONS),
        (WITHDRAWAL, Lane.CORRECTIONS),
        (replace(FLOOD, urgency=Urgency.EXPECTED), Lane.URGENT),
        (replace(FLOOD, severity=Severity.MODERATE), Lane.URGENT),
        (replace(FLOOD, severity=Severity.MINOR, urgency=Urgency.FUTURE), Lane.ROUTINE),
        (replace(FLOOD, status=Status.EXERCISE), Lane.URGENT),
        (replace(CORRECTION, status=Status.EXERCISE), Lane.CORRECTIONS),
    ],
)
def test_lanes(bulletin: Bulletin, expected: Lane) -> None:
    assert lane(bulletin) is expected


def test_answers_to_people_go_before_all_bulletins() -> None:
    assert min(Lane) is Lane.ANSWERS


def test_life_safety_is_grave_now_and_real() -> None:
    assert is_life_safety(FLOOD)
    assert is_life_safety(replace(FLOOD, severity=Severity.EXTREME))
    assert not is_life_safety(replace(FLOOD, severity=Severity.MODERATE))
    assert not is_life_safety(replace(FLOOD, urgency=Urgency.EXPECTED))
    assert not is_life_safety(replace(FLOOD, status=Status.EXERCISE))


def test_two_must_start_what_is_grave_and_one_may_correct() -> None:
    assert approvals_needed(FLOOD) == 2
    assert approvals_needed(replace(FLOOD, severity=Severity.MINOR)) == 1
    assert approvals_needed(replace(FLOOD, status=Status.EXERCISE)) == 1
    assert approvals_needed(replace(FLOOD, msg_type=MsgType.CANCEL)) == 2


def test_approvals_can_be_raised_and_lowered_but_never_to_none() -> None:
    assert approvals_needed(FLOOD, {Severity.SEVERE: 3}) == 3
    assert approvals_needed(FLOOD, {Severity.SEVERE: 0}) == 1
    assert approvals_needed(FLOOD, {Severity.MINOR: 1}) == 2
