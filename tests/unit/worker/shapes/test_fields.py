"""Fields of strangers: counted before they are read, and told of in a few words."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from worker.shapes.fields import MAX_LABELS, Labels, Name, sentence


class Fields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name = ""
    labels: Labels = {}


def refusal(**fields: object) -> str:
    with pytest.raises(ValidationError) as refused:
        Fields.model_validate(fields)
    return sentence(refused.value.errors())


@pytest.mark.parametrize("many", [{str(number): 1 for number in range(20_000)}, ",".join(["a"] * 50_001)])
def test_too_many_labels_are_one_error(many: object) -> None:
    told = refusal(labels=many)
    assert told.startswith("labels: ")
    assert len(told) < 200


def test_a_sentence_tells_five_errors_and_how_many_more_there_are() -> None:
    told = refusal(**{f"f{number}": 1 for number in range(1000)})
    assert told.count("Extra inputs") == 5
    assert told.endswith("; and 995 more.")


def test_a_sentence_is_short_whatever_the_names_are() -> None:
    told = refusal(**{f"{number}" + "x" * 10_000: 1 for number in range(1000)})
    assert len(told) < 600


def test_as_many_labels_as_there_may_be_are_read() -> None:
    many = {f"n{number}": "v" for number in range(MAX_LABELS)}
    assert Fields(labels=many).labels == many


@pytest.mark.parametrize("depth", [100, 1000, 100_000])
def test_labels_as_a_text_that_is_nested_deep_are_an_error_of_their_field(depth: int) -> None:
    assert refusal(labels='{"a":' * depth + "1" + "}" * depth).startswith("labels: ")
