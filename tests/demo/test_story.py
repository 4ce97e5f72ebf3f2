"""`loa story`: the whole main job, told to people and to machines."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from bot.demonstration import tell_story
from bot.storytelling import Transcript
from bot.texts import spoken
from simulator.captions import CAPTIONS
from tests.demo.conftest import Loa

SCENES = [
    "enrol",
    "pledge",
    "compose",
    "approve",
    "deliver",
    "verify",
    "withdraw",
    "correct",
    "report",
    "verdict",
    "answer",
    "subscribe",
]
# A drill goes only where somebody asked for drills, which nobody does in the story.
DRILL = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>drill-1</identifier>
<sender>warnings@example.org</sender><sent>2026-11-03T09:00:00+07:00</sent><status>Exercise</status>
<msgType>Alert</msgType><scope>Public</scope><info><language>vi</language><category>Met</category>
<event>Bão</event><urgency>Expected</urgency><severity>Minor</severity><certainty>Likely</certainty>
<headline>Diễn tập phòng bão</headline><description>Chỉ là diễn tập.</description>
<web>https://example.org/1</web></info></alert>"""


async def test_a_machine_gets_one_json_object_and_nothing_else(loa: Loa) -> None:
    ran = await loa("story", "--json")

    told = json.loads(ran.output)
    assert (ran.exit_code, ran.mistakes) == (0, "")
    assert {name: told[name] for name in list(told)[:7]} == {
        "channels": 5,
        "pledges": 5,
        "delivered": 5,
        "withdrawn": 5,
        "corrected": 5,
        "reports": 1,
        "answers": 1,
    }
    assert list(told)[7:] == ["seconds", "steps"]
    assert told["seconds"] > 0
    assert told["steps"] == [{"name": name, "outcome": "ok"} for name in SCENES]


async def read(language: str) -> str:
    """What a terminal of 80 columns shows."""
    page = Console(file=StringIO(), width=80, highlight=False, record=True)
    with spoken(language):
        transcript = Transcript(page, language)
        transcript.summary(await tell_story(2, language=language, cap_file=None, say=transcript.scene))
    return page.export_text()


async def test_people_read_it_in_vietnamese() -> None:
    said = await read("vi")

    lines = [line for line in said.splitlines() if "✓" in line]
    assert all(CAPTIONS[scene].title.vi in line for scene, line in zip(SCENES, lines, strict=True))
    assert "Không ai tự duyệt bản tin của mình" in said
    assert said.index(lines[-1]) < said.index("kênh đã tham gia")


async def test_people_read_it_in_english() -> None:
    said = await read("en")

    lines = [line for line in said.splitlines() if "✓" in line]
    assert all(CAPTIONS[scene].title.en in line for scene, line in zip(SCENES, lines, strict=True))
    assert "2 admins pledged" in said
    assert "copies corrected" in said


async def test_a_step_that_fails_ends_the_story_with_exit_code_1(loa: Loa, tmp_path: Path) -> None:
    drill = tmp_path / "drill.cap"
    drill.write_text(DRILL, encoding="utf-8")
    impatient = "import simulator.stage; simulator.stage.PATIENCE_SECONDS = 3"
    ran = await loa("story", "--json", "--channels", "1", "--cap", str(drill), before=impatient)

    told = json.loads(ran.output)
    assert (ran.exit_code, ran.mistakes) == (1, "")
    assert [step["name"] for step in told["steps"]] == ["enrol", "pledge", "compose"]
    assert told["steps"][-1]["outcome"].startswith("failed: ")
    assert told["delivered"] == 0
