"""One declaration of each filter: as a request has it, and as an option of the command line."""

import pytest
from pydantic import ValidationError

from worker.shapes.declarations import command_options
from worker.shapes.selection import JobFields, RecordingFields, SelectionFields
from worker.states import JobState


def test_times_and_lengths_are_kept_in_ms_and_named_as_a_request_has_them() -> None:
    given = {"recorded_from": "1970-01-02", "recorded_until": "1970-01-01T00:00:01Z", "duration_from": 1.5}
    chosen = SelectionFields.model_validate(given)
    assert (chosen.recorded_from_ms, chosen.recorded_until_ms, chosen.duration_from_ms) == (86_400_000, 1000, 1500)
    assert set(given) <= set(SelectionFields.model_json_schema()["properties"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"recorded_from": "2024-05-01T10:00:00"}, "must have a zone"),
        ({"recorded_from": "yesterday"}, "must be a day such as"),
        ({"duration_from": -1}, "greater than or equal to 0"),
        ({"duration_until": 0}, "greater than 0"),
        ({"recorded_from_ms": 5}, "recorded_from_ms"),
        ({"edge": "x"}, "edge"),
        ({"share": 1.1}, "share"),
    ],
)
def test_what_is_none_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SelectionFields.model_validate(wrong)


def test_a_state_is_one_of_a_job() -> None:
    assert JobFields.model_validate({"status": "failed"}).status is JobState.FAILED
    with pytest.raises(ValidationError, match="status"):
        JobFields.model_validate({"status": "tired"})


def test_what_no_database_can_keep_is_no_filter() -> None:
    with pytest.raises(ValidationError, match="cannot be stored"):
        RecordingFields.model_validate({"archive": "a\0"})


def test_options_of_the_command_line_know_what_a_request_calls_them() -> None:
    names = {option.name: option.field for option in command_options(SelectionFields)}
    assert names["label"] == "labels"
    assert names["language_is"] == "language"
    assert names["recorded_from"] == "recorded_from"
    assert set(names.values()) == set(SelectionFields.model_json_schema()["properties"])


def test_a_command_reads_times_as_text_and_lengths_as_numbers() -> None:
    kinds = {option.name: option.kind for option in command_options(SelectionFields)}
    assert (kinds["recorded_from"], kinds["duration_from"], kinds["limit"]) == (str | None, float | None, int | None)
