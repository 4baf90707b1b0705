"""The fields of a submission, the same from a form and from JSON."""

import pytest

from api.requests.options import read_options, read_url_options
from worker.errors import InvalidRequest
from worker.shapes.fields import MAX_LABELS
from worker.shapes.options import JobOptions


def test_a_form_and_json_are_read_alike() -> None:
    form = read_options({"priority": "5", "fresh": "true", "labels": "a=1,b=x=y", "language": ""})
    typed = read_options({"priority": 5, "fresh": True, "labels": {"a": "1", "b": "x=y"}, "language": None})
    assert form == typed
    assert form.labels == {"a": "1", "b": "x=y"}


def test_nothing_need_be_given() -> None:
    assert read_options({}) == JobOptions()
    assert JobOptions().archive == "default"


@pytest.mark.parametrize(
    "labels",
    ["a", "{", "[]", '{"a": 1}', "=1", {"a": None}, {"a" * 201: "b"}, {str(n): "" for n in range(MAX_LABELS + 1)}],
)
def test_labels_that_are_none_are_refused(labels: object) -> None:
    with pytest.raises(InvalidRequest, match="labels"):
        read_options({"labels": labels})


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
@pytest.mark.parametrize("name", ["archive", "external_id", "context", "language", "batch", "labels"])
def test_what_no_database_can_keep_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        read_options({name: {"a": text} if name == "labels" else text})


def test_a_cut_and_labels_of_channels_are_read_alike_from_a_form_and_from_json() -> None:
    form = read_options(
        {"cut": "pause_ms=200,target_ms=15000", "channel_labels": "0=agent,1=customer", "voice": "true"}
    )
    typed = {"cut": {"pause_ms": 200, "target_ms": 15000}, "channel_labels": {"0": "agent", "1": "customer"}}
    assert form == read_options({**typed, "voice": True})


@pytest.mark.parametrize(
    ("name", "given"),
    [("cut", "pause_ms"), ("cut", "pause_ms=long"), ("cut", {"pause_ms": 1.5}), ("cut", "[]")]
    + [("channel_labels", given) for given in ("agent", "0=", "0=<v>", {"0": "a" * 101})],
)
def test_a_cut_or_a_label_that_is_none_is_refused(name: str, given: object) -> None:
    with pytest.raises(InvalidRequest, match=name):
        read_options({name: given})


def test_a_context_may_have_lines_and_a_name_may_not() -> None:
    assert read_options({"context": "Ada\nGrace"}).context == "Ada\nGrace"
    with pytest.raises(InvalidRequest, match="archive"):
        read_options({"archive": "a\nb"})


def test_a_deadline_is_read_alike_from_a_form_and_from_json() -> None:
    assert read_options({"deadline": "60"}) == read_options({"deadline": 60})
    assert read_options({"deadline": ""}).deadline is None
    with pytest.raises(InvalidRequest, match=r"deadline: .*zone"):
        read_options({"deadline": "2031-05-01T18:00:00"})


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest, match=r"channels: .*; priority: .*; colour: "):
        read_options({"channels": "x", "priority": "y", "colour": "z"})


@pytest.mark.parametrize("given", [None, 3, "http://a.example/", [], {}])
def test_a_submission_by_url_must_have_one(given: object) -> None:
    with pytest.raises(InvalidRequest):
        read_url_options(given)
