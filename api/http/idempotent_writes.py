"""How every POST is done: one transaction, its answer kept beside it under the Idempotency-Key, a wake-up after it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Header
from fastapi.responses import JSONResponse

from api.http.dependencies import Door
from worker.doorway import Session
from worker.errors import InvalidRequest
from worker.queue.idempotency import UNFINISHED, Replay, begin, complete
from worker.states import Lane

KeyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="The same key and request twice are done once, and answered alike."),
]
MAX_KEY = 200


@dataclass(frozen=True)
class Answer:
    """What a POST is answered, and which lanes have work by it."""

    body: dict[str, Any]
    status: int = 200
    location: str | None = None
    lanes: frozenset[Lane] = field(default_factory=frozenset)
    replayed: bool = False

    def response(self) -> JSONResponse:
        place = {"Location": self.location} if self.location else {}
        replayed = {"Idempotency-Replayed": "true"} if self.replayed else {}
        return JSONResponse(self.body, self.status, {**place, **replayed})


State = dict[str, Any]  # JSON
Work = Callable[[Session], Answer]
Step = Callable[[Session, State], Answer | State]  # from how far the work is, empty at first, to its answer or further


def write(door: Door, work: Work, *, key: str | None, fingerprint: str) -> JSONResponse:
    """Do the work, commit, wake. Raises what the work raises, and then nothing was written."""
    with door.database.writing() as session:
        answer = _once(session, key, fingerprint, work)
        session.commit()
    wake(door, answer.lanes)
    return answer.response()


def wake(door: Door, lanes: Iterable[Lane]) -> None:
    """Tell workers of what was committed."""
    for lane in lanes:
        door.wake(lane)


def write_in_parts(door: Door, step: Step, *, key: str | None, fingerprint: str) -> JSONResponse:
    """The same for work of very many rows: a transaction for each step, how far it is kept under the key.

    So no other writer waits long. A request that is sent again after a crash goes on where the first one was ended,
    and its answer counts both parts.
    """
    done: Answer | State = {}
    while not isinstance(done, Answer):
        done = write_step(door, step, key=key, fingerprint=fingerprint, state=done)
    wake(door, done.lanes)
    return done.response()


def write_step(door: Door, step: Step, *, key: str | None, fingerprint: str, state: State) -> Answer | State:
    """One of those transactions. ``state`` is how far the work is where no key keeps it."""
    with door.database.writing() as session:
        done = _one_step(session, key, fingerprint, step, state)
        session.commit()
    return done


def _one_step(session: Session, key: str | None, fingerprint: str, step: Step, state: State) -> "Answer | State":
    if key is None:
        return step(session, state)
    known = begin(session, key, fingerprint)
    if known is not None and known.status != UNFINISHED:
        return _replayed(known)
    done = step(session, known.response if known else {})
    _keep(session, key, fingerprint, done)
    return done


def fingerprint_of(path: str, fields: Mapping[str, Any], digest: str = "") -> str:
    """SHA-256 over the route, the content's digest and the sorted fields: what makes two requests the same."""
    canonical = json.dumps([path, digest, fields], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def checked_key(key: str | None) -> str | None:
    """Raises InvalidRequest where it cannot be a key."""
    if key is None:
        return None
    if not 0 < len(key.strip()) <= MAX_KEY or not key.isprintable():
        raise InvalidRequest(f"Idempotency-Key must have 1 to {MAX_KEY} printable characters.")
    return key.strip()


def _once(session: Session, key: str | None, fingerprint: str, work: Work) -> Answer:
    if key is None:
        return work(session)
    replay = begin(session, key, fingerprint)
    if replay is not None:
        return _replayed(replay)
    answer = work(session)
    _keep(session, key, fingerprint, answer)
    return answer


def _keep(session: Session, key: str, fingerprint: str, done: "Answer | State") -> None:
    if isinstance(done, Answer):
        kept = {"body": done.body, "location": done.location}
        complete(session, key, fingerprint, status=done.status, response=kept)
    else:
        complete(session, key, fingerprint, status=UNFINISHED, response=done)


def _replayed(replay: Replay) -> Answer:
    kept = replay.response
    return Answer(kept["body"], replay.status, kept["location"], replayed=True)
