"""The states and moves are whole, and docs/states.md says the same."""

import re
from collections.abc import Mapping

import pytest

from tests.fixtures.paths import DOCS, ROOT
from worker.states import (
    CAMPAIGN_MOVES,
    ENDED,
    IMPORT_MOVES,
    MOVES,
    BreakerState,
    CampaignState,
    CampaignStep,
    DescribedEnum,
    ImportState,
    JobState,
    MemberState,
    SegmentState,
    sources_of,
)

PAGE = (DOCS / "states.md").read_text()


def _rows(heading: str) -> dict[str, list[str]]:
    """The first table under a heading of the page: a state's name to its other cells."""
    table = PAGE.split(f"## {heading}\n", 1)[1].lstrip().split("\n\n", 1)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0].strip("`"): row[1:] for row in cells}


@pytest.mark.parametrize(
    ("heading", "states"),
    [
        ("A job", JobState),
        ("A segment", SegmentState),
        ("A service", BreakerState),
        ("An import", ImportState),
        ("A campaign", CampaignState),
        ("What goes on within a campaign's state", CampaignStep),
        ("A recording in a campaign", MemberState),
    ],
)
def test_page_has_every_state_with_its_sentence(heading: str, states: type[DescribedEnum]) -> None:
    assert {name: cells[0] for name, cells in _rows(heading).items()} == {s.value: s.sentence for s in states}


@pytest.mark.parametrize(
    ("heading", "moves"), [("A job", MOVES), ("An import", IMPORT_MOVES), ("A campaign", CAMPAIGN_MOVES)]
)
def test_page_has_every_move(heading: str, moves: Mapping[DescribedEnum, frozenset[DescribedEnum]]) -> None:
    documented = {name: set(re.findall(r"`(\w+)`", cells[1])) for name, cells in _rows(heading).items()}
    assert documented == {state.value: {target.value for target in targets} for state, targets in moves.items()}


def test_every_job_state_has_its_moves() -> None:
    assert set(MOVES) == set(JobState)
    assert set(CAMPAIGN_MOVES) == set(CampaignState)
    assert set(IMPORT_MOVES) == set(ImportState)


def test_success_is_final_and_the_other_ends_are_left_by_hand_alone() -> None:
    assert MOVES[JobState.SUCCEEDED] == frozenset()
    assert all(MOVES[state] <= {JobState.QUEUED} for state in ENDED)


def test_sources_are_the_moves_read_backwards() -> None:
    assert set(sources_of(JobState.CANCELLED)) == {JobState.QUEUED, JobState.RUNNING}
    assert sources_of(JobState.RUNNING) == [JobState.QUEUED]


def test_state_is_its_name_in_sql_and_json() -> None:
    assert JobState.QUEUED.value == "queued"
    assert f"{JobState.QUEUED}" == "queued"
    assert JobState("queued") is JobState.QUEUED


def test_only_the_verbs_write_a_jobs_state() -> None:
    """Whoever else changes a job's row is known here by name, and assigns no status."""
    files = (path for room in ("worker", "api") for path in (ROOT / room).rglob("*.py"))
    sources = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files}
    writers = {name for name, text in sources.items() if re.search(r"\b(change|update|insert|upsert)\(.*\bJob\b", text)}
    verbs = {f"worker/queue/{verb}.py" for verb in ("jobs", "moves", "job_rows", "waiting")}
    assert writers <= verbs | {"worker/claims/claim.py"}
    others = ("worker/claims/claim.py", "worker/breakers.py", "worker/queue/waiting.py")
    assert not [name for name in others if re.search(r"\bstatus\s*=[^=]", sources[name])]
