"""What an export will write is checked before anything is."""

import tracemalloc
from collections.abc import Iterator

import pytest

from tests.fixtures.export_items import item
from worker.errors import InvalidRequest
from worker.exports.patterns import parse_pattern
from worker.exports.plan import ExportPlan
from worker.results.export import Format


@pytest.fixture
def plan() -> Iterator[ExportPlan]:
    made = ExportPlan(parse_pattern("{name}"), [Format.TXT, Format.SRT, Format.TXT])
    yield made
    made.close()


def test_items_come_back_in_order_with_their_names(plan: ExportPlan) -> None:
    rows = [item(1), item(2, transcript=None, status="failed"), item(3)]
    for row in rows:
        plan.add(row)
    plan.check()
    assert [name for name, _row in plan.items()] == ["1", None, "3"]
    assert [row for _name, row in plan.items()] == rows
    assert (plan.total, plan.writable, plan.forms) == (3, 2, (Format.TXT, Format.SRT))


@pytest.mark.parametrize("other", ["talk.wav", "TALK.mp3", "folder/talk"])
def test_two_recordings_of_one_name_are_both_named(plan: ExportPlan, other: str) -> None:
    plan.add(item(1, source="talk.mp3"))
    with pytest.raises(
        InvalidRequest, match=r"talk\.mp3 \(r1\) and .*\(r2\) would be written to one file, talk"
    ) as refused:
        plan.add(item(2, source=other))
    assert other in refused.value.message


def test_composed_and_decomposed_letters_are_one_name(plan: ExportPlan) -> None:
    plan.add(item(1, source="caf\u00e9.wav"))
    with pytest.raises(InvalidRequest, match="one file"):
        plan.add(item(2, source="cafe\u0301.wav"))


def test_a_recording_without_a_transcript_takes_no_name(plan: ExportPlan) -> None:
    plan.add(item(1, source="talk.mp3", transcript=None))
    plan.add(item(2, source="talk.wav"))
    plan.check()


def test_a_file_where_another_name_has_a_folder_is_refused() -> None:
    plan = ExportPlan(parse_pattern("{path}"), [Format.TXT])
    plan.add(item(1, source="a.txt/b.wav"))
    plan.add(item(2, source="a.wav"))
    with pytest.raises(InvalidRequest, match=r"\(r2\) and a\.txt/b\.wav \(r1\)"):
        plan.check()
    plan.close()


def test_a_missing_field_is_refused_where_there_is_something_to_write() -> None:
    plan = ExportPlan(parse_pattern("{external_id}"), [Format.TXT])
    plan.add(item(1, external_id=None, transcript=None))
    with pytest.raises(InvalidRequest, match="external_id"):
        plan.add(item(2, external_id=None))
    plan.close()


def test_memory_does_not_grow_with_the_number_of_recordings(plan: ExportPlan) -> None:
    tracemalloc.start()
    for number in range(5000):
        plan.add(item(number))
    assert sum(1 for _ in plan.items()) == 5000
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 300_000
