"""Who gets a session."""

import pytest

from realtime.service.admission import Admission, HandshakeHead, Refusal
from realtime.service.config import RecognizerConfig, RecognizerMisconfigured

PATH = "/api-ws/v1/realtime?model=any"


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def door(clock: Clock | None = None, **options: object) -> Admission:
    return Admission(RecognizerConfig(**options), clock or Clock())  # type: ignore[arg-type]  # the fields of the config


def head(authorization: str | None = None, path: str = PATH, **headers: list[str]) -> HandshakeHead:
    keys = [] if authorization is None else [authorization]
    return HandshakeHead(path, **{"hosts": ["127.0.0.1:8765"], "authorizations": keys, **headers})


def status(refusal: Refusal | None) -> int | None:
    return None if refusal is None else int(refusal.status)


def test_without_keys_anybody_may_come() -> None:
    assert door().decide(head(), 0) is None


@pytest.mark.parametrize("header", ["Bearer sk-right", "bearer sk-right", "BEARER sk-right", "Bearer  sk-right "])
def test_the_right_key_opens_in_any_spelling_of_the_scheme(header: str) -> None:
    assert door(keys=frozenset({"sk-right", "sk-other"})).decide(head(header), 0) is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sk-right",
        "Bearer",
        "Bearer ",
        "Bearer sk-wrong",
        "Basic sk-right",
        "Bearer sk-right sk-x",
        "Bearer \udcff",
    ],
)
def test_a_missing_or_wrong_key_is_401(header: str | None) -> None:
    assert status(door(keys=frozenset({"sk-right"})).decide(head(header), 0)) == 401


def test_several_keys_at_once_are_none() -> None:
    both = head(authorizations=["Bearer sk-right", "Bearer sk-right"])
    assert status(door(keys=frozenset({"sk-right"})).decide(both, 0)) == 401
    assert status(door().decide(both, 0)) == 401


@pytest.mark.parametrize(
    ("hosts", "origins", "expected"),
    [
        (["127.0.0.1:8765"], ["http://127.0.0.1:8765"], None),
        (["127.0.0.1:8765"], ["wss://127.0.0.1:8765"], None),
        (["127.0.0.1:8765"], ["http://evil.example"], 403),
        (["127.0.0.1:8765"], ["http://127.0.0.1:8080"], 403),
        (["127.0.0.1:8765"], ["null"], 403),
        (["127.0.0.1:8765"], ["http://127.0.0.1:8765", "http://evil.example"], 403),
        (["evil.example:8765"], ["http://evil.example:8765"], 421),
        (["evil.example:8765"], [], 421),
        (["127.0.0.1:8765", "evil.example"], [], 421),
        ([], [], 421),
        (["recognizer:8765"], [], None),
        (["10.0.0.5:8765"], [], None),
    ],
)
def test_whose_page_asks_and_by_which_name_is_looked_at_before_the_key(
    hosts: list[str], origins: list[str], expected: int | None
) -> None:
    admission = door(host="10.0.0.5", hosts=("recognizer",), keys=frozenset({"sk-right"}))
    assert status(admission.decide(head("Bearer sk-right", hosts=hosts, origins=origins), 0)) == expected
    assert status(admission.decide(head("Bearer wrong", hosts=hosts, origins=origins), 0)) == (expected or 401)


@pytest.mark.parametrize("path", ["/", "/api-ws/v1/inference", "/api-ws/v1/realtime/more"])
def test_another_path_is_404(path: str) -> None:
    assert status(door().decide(head(path=path), 0)) == 404


def test_the_model_in_the_query_is_not_needed() -> None:
    assert door().decide(head(path="/api-ws/v1/realtime"), 0) is None


def test_too_many_open_sessions_are_429_with_retry_after() -> None:
    refusal = door(max_sessions=3).decide(head(), 3)

    assert status(refusal) == 429
    assert refusal is not None
    assert refusal.retry_after_s


def test_new_sessions_a_second_are_counted_over_the_last_second() -> None:
    clock = Clock()
    admission = door(clock, sessions_per_s=2)

    assert [status(admission.decide(head(), 0)) for _ in range(3)] == [None, None, 429]
    clock.now_s += 1.0
    assert status(admission.decide(head(), 0)) is None


def test_a_wrong_key_uses_up_no_turn() -> None:
    admission = door(keys=frozenset({"sk-right"}), sessions_per_s=1)

    assert status(admission.decide(head("Bearer wrong"), 0)) == 401
    assert status(admission.decide(head("Bearer sk-right"), 0)) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.org"])
def test_off_loopback_a_service_needs_keys(host: str) -> None:
    with pytest.raises(RecognizerMisconfigured, match="keys"):
        RecognizerConfig(host=host)
    assert RecognizerConfig(host=host, keys=frozenset({"sk-right"})).host == host


def test_the_keys_are_in_no_text_of_the_configuration() -> None:
    assert "sk-right" not in repr(RecognizerConfig(keys=frozenset({"sk-right"})))
