from collections.abc import Callable, Iterator

import pytest

from realtime.client.options import SessionOptions
from realtime.protocol.errors import ServiceUnreachable
from tests.fixtures.recognizer import RunningRecognizer, StartRecognizer
from tests.fixtures.waiting import wait_for
from worker.recognise.sessions import SessionKey, SessionPool, SharedSession

ENGLISH = SessionKey(model="scripted", language="en", context="", sample_rate=16_000)
GERMAN = SessionKey(model="scripted", language="de", context="", sample_rate=16_000)
MakePool = Callable[..., SessionPool]


@pytest.fixture
def make_pool(recognizer: RunningRecognizer) -> Iterator[MakePool]:
    made: list[SessionPool] = []

    def connect(key: SessionKey) -> SharedSession:
        return SharedSession.open(SessionOptions(url=recognizer.url, model=key.model, language=key.language))

    def make(capacity: int = 2, idle_s: float = 60) -> SessionPool:
        made.append(SessionPool(capacity, connect, idle_s=idle_s))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def is_new(taken: tuple[SharedSession, bool]) -> bool:
    session, was_there = taken
    session.close()
    return not was_there


def test_a_session_given_back_is_there_for_the_next_segment(make_pool: MakePool) -> None:
    pool = make_pool()
    session = pool.open(ENGLISH)
    pool.give_back(ENGLISH, session)

    assert pool.take(ENGLISH) == (session, True)
    other, was_there = pool.take(ENGLISH)
    assert not was_there
    session.close()
    other.close()


def test_a_session_serves_only_what_it_was_set_up_for(make_pool: MakePool) -> None:
    pool = make_pool()
    pool.give_back(ENGLISH, pool.open(ENGLISH))

    assert is_new(pool.take(GERMAN))


def test_the_longest_idle_session_makes_room(make_pool: MakePool) -> None:
    pool = make_pool(capacity=2)
    first, second = pool.open(ENGLISH), pool.open(ENGLISH)
    pool.give_back(ENGLISH, first)
    pool.give_back(ENGLISH, second)
    third = pool.open(GERMAN)

    wait_for(lambda: not first.alive)
    assert second.alive
    assert third.alive
    third.close()


def test_an_idle_session_is_finished_after_a_while(make_pool: MakePool) -> None:
    pool = make_pool(idle_s=0.05)
    session = pool.open(ENGLISH)
    pool.give_back(ENGLISH, session)

    wait_for(lambda: not session.alive)
    assert is_new(pool.take(ENGLISH))


def test_a_session_that_ended_is_not_kept(make_pool: MakePool) -> None:
    pool = make_pool()
    session = pool.open(ENGLISH)
    session.abort()
    pool.give_back(ENGLISH, session)

    assert is_new(pool.take(ENGLISH))


def test_closing_finishes_what_is_idle(make_pool: MakePool) -> None:
    pool = make_pool()
    session = pool.open(ENGLISH)
    pool.give_back(ENGLISH, session)
    pool.close()

    assert not session.alive


def test_a_service_that_is_away_leaves_no_trace_in_the_pool(start_recognizer: StartRecognizer) -> None:
    def refuse(_key: SessionKey) -> SharedSession:
        raise ServiceUnreachable

    pool = SessionPool(1, refuse)
    for _ in range(3):
        with pytest.raises(ServiceUnreachable):
            pool.open(ENGLISH)
    pool.close()
