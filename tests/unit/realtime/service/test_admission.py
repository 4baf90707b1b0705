"""Who gets a session."""

import pytest

from realtime.service.admission import Admission, Refusal
from realtime.service.config import RecognizerConfig, RecognizerMisconfigured

PATH = "/api-ws/v1/realtime?model=any"


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def door(clock: Clock | None = None, **options: object) -> Admission:
    return Admission(RecognizerConfig(**options), clock or Clock())  # type: ignore[arg-type]  # the fields of the config


def status(refusal: Refusal | None) -> int | None:
    return None if refusal is None else int(refusal.status)


def test_without_keys_anybody_may_come() -> None:
    assert door().decide(PATH, None, 0) is None


@pytest.mark.parametrize("header", ["Bearer sk-right", "bearer sk-right", "BEARER sk-right", "Bearer  sk-right "])
def test_the_right_key_opens_in_any_spelling_of_the_scheme(header: str) -> None:
    assert door(keys=frozenset({"sk-right", "sk-other"})).decide(PATH, header, 0) is None


@pytest.mark.parametrize(
    "header", [None, "", "sk-right", "Bearer", "Bearer ", "Bearer sk-wrong", "Basic sk-right", "Bearer sk-right sk-x"]
)
def test_a_missing_or_wrong_key_is_401(header: str | None) -> None:
    assert status(door(keys=frozenset({"sk-right"})).decide(PATH, header, 0)) == 401


@pytest.mark.parametrize("path", ["/", "/api-ws/v1/inference", "/api-ws/v1/realtime/more"])
def test_another_path_is_404(path: str) -> None:
    assert status(door().decide(path, None, 0)) == 404


def test_the_model_in_the_query_is_not_needed() -> None:
    assert door().decide("/api-ws/v1/realtime", None, 0) is None


def test_too_many_open_sessions_are_429_with_retry_after() -> None:
    refusal = door(max_sessions=3).decide(PATH, None, 3)

    assert status(refusal) == 429
    assert refusal is not None
    assert refusal.retry_after_s


def test_new_sessions_a_second_are_counted_over_the_last_second() -> None:
    clock = Clock()
    admission = door(clock, sessions_per_s=2)

    assert [status(admission.decide(PATH, None, 0)) for _ in range(3)] == [None, None, 429]
    clock.now_s += 1.0
    assert status(admission.decide(PATH, None, 0)) is None


def test_a_wrong_key_uses_up_no_turn() -> None:
    admission = door(keys=frozenset({"sk-right"}), sessions_per_s=1)

    assert status(admission.decide(PATH, "Bearer wrong", 0)) == 401
    assert status(admission.decide(PATH, "Bearer sk-right", 0)) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.org"])
def test_off_loopback_a_service_needs_keys(host: str) -> None:
    with pytest.raises(RecognizerMisconfigured, match="keys"):
        RecognizerConfig(host=host)
    assert RecognizerConfig(host=host, keys=frozenset({"sk-right"})).host == host


def test_the_keys_are_in_no_text_of_the_configuration() -> None:
    assert "sk-right" not in repr(RecognizerConfig(keys=frozenset({"sk-right"})))
