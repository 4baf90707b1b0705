"""A job's frozen spec: what makes two jobs the same, and what makes two answers the same."""

from dataclasses import replace
from typing import Any

import pytest

from worker.errors import InvalidRequest, LanguageNotSupported
from worker.services.catalogue import Service
from worker.spec import RequestedSpec, Spec, make_spec
from worker.states import Channels, Lane, Segmentation
from worker.version import VERSION

SPEC = Spec(service="intl", model="qwen3-asr-flash-realtime", language="en", context="Ada")
# Changed by accident, it would have every archive paid for again.
KEY = "0a8c206e"


def test_a_spec_comes_back_from_its_json() -> None:
    spec = replace(
        SPEC,
        channels=Channels.SPLIT,
        channel_labels={"0": "agent"},
        segmentation=Segmentation.SUBTITLES,
        cut={"pause_ms": 200},
        voice=True,
        lane=Lane.BULK,
        version="9.9",
    )
    assert Spec.from_json(spec.to_json()) == spec


def test_a_job_keeps_the_version_that_made_it() -> None:
    service = Service(name="local", url="ws://127.0.0.1:1", model="m", languages=frozenset({"en"}))
    assert make_spec(service).version == VERSION


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"channel_labels": {"left": "agent"}}, "channel_labels"),
        ({"channel_labels": {"00": "agent"}}, "channel_labels"),
        ({"cut": {"colour": 1}}, "cut: colour"),
        ({"cut": {"limit_ms": 60_000}}, "cut: limit_ms"),
        ({"cut": {"pause_ms": 200}, "segmentation": "server_vad"}, "cut: goes with"),
        ({"voice": True, "segmentation": "server_vad"}, "voice"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(asked: dict[str, Any], named: str) -> None:
    service = Service(name="local", url="ws://127.0.0.1:1", model="m", languages=frozenset({"en"}))
    with pytest.raises(InvalidRequest, match=named):
        make_spec(service, **asked)


@pytest.mark.parametrize("change", [{"version": "9.9"}, {"lane": Lane.BULK}, {"priority": 5}])
def test_when_it_runs_and_our_version_make_no_other_job(change: dict[str, object]) -> None:
    other = replace(SPEC, **change)  # type: ignore[arg-type]  # fields
    assert other.digest == SPEC.digest
    assert other.recognition_key == SPEC.recognition_key


@pytest.mark.parametrize(
    "change",
    [
        {"channels": Channels.MIX},
        {"segmentation": Segmentation.SUBTITLES},
        {"channel_labels": {"0": "agent"}},
        {"cut": {"pause_ms": 200}},
        {"voice": True},
    ],
)
def test_how_it_is_cut_and_shown_makes_another_job_of_the_same_answers(change: dict[str, object]) -> None:
    other = replace(SPEC, **change)  # type: ignore[arg-type]  # fields
    assert other.digest != SPEC.digest
    assert other.recognition_key == SPEC.recognition_key


@pytest.mark.parametrize(
    "change", [{"service": "cn"}, {"model": "m"}, {"language": None}, {"context": ""}, {"revision": 1}]
)
def test_what_changes_an_answer_changes_its_key(change: dict[str, object]) -> None:
    assert replace(SPEC, **change).recognition_key != SPEC.recognition_key  # type: ignore[arg-type]  # fields


def test_the_key_of_a_spec_is_the_same_in_every_version() -> None:
    assert SPEC.recognition_key.startswith(KEY)


@pytest.mark.parametrize(
    "service",
    [
        Service(name="dashscope-intl.aliyuncs.com", url="wss://dashscope-intl.aliyuncs.com/api-ws", model=SPEC.model),
        Service(name="ours", url="wss://ws-1.ap-southeast-1.maas.aliyuncs.com/api-ws", model=SPEC.model),
        Service(name="tunnel", url="wss://proxy.example/api-ws", model=SPEC.model, same_as="intl"),
    ],
    ids=lambda service: str(service.name),
)
def test_another_name_or_host_of_the_same_service_makes_another_job_and_no_other_answer(service: Service) -> None:
    spec = make_spec(service, language="en", context="Ada")
    assert spec.recognition_key == SPEC.recognition_key
    assert spec.digest != SPEC.digest


def test_another_region_is_another_service() -> None:
    service = Service(name="dashscope.aliyuncs.com", url="wss://dashscope.aliyuncs.com/api-ws", model=SPEC.model)
    assert make_spec(service, language="en", context="Ada").recognition_key != SPEC.recognition_key


def test_a_recordings_own_language_counts_where_nobody_named_one() -> None:
    nobody = RequestedSpec(replace(SPEC, language=None), frozenset({"en", "de"}))
    assert nobody.in_language("de").language == "de"
    assert nobody.in_language(None).language is None
    assert RequestedSpec(SPEC).in_language("de") is SPEC


def test_a_recordings_own_language_must_be_one_of_the_service() -> None:
    with pytest.raises(LanguageNotSupported, match="'fr'"):
        RequestedSpec(SPEC, frozenset({"en", "de"})).in_language("fr")


def test_specs_have_the_same_segments_where_they_are_cut_alike() -> None:
    assert SPEC.segments_like(replace(SPEC, language="de", lane=Lane.BULK))
    assert not SPEC.segments_like(replace(SPEC, cut={"pause_ms": 200}))
    assert not SPEC.segments_like(replace(SPEC, channels=Channels.MIX))
    assert replace(SPEC, cut={"pause_ms": 200}).preset.pause_ms == 200
