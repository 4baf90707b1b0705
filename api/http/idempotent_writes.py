"""How every POST is done: one transaction, its answer kept beside it under the Idempotency-Key, a wake-up after it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from api.http.dependencies import Deps
from worker.errors import InvalidRequest
from worker.queue.idempotency import UNFINISHED, begin, complete
from worker.shapes.base import Shape
from worker.states import Lane

Body = TypeVar("Body", bound=Shape)
KeyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="The same key and request twice are done once, and answered alike."),
]
MAX_KEY = 200


@dataclass(frozen=True)
class Answer(Generic[Body]):
    """What a POST is answered, and which lanes have work by it."""

    body: Body
    status: int = 200
    location: str | None = None
    lanes: frozenset[Lane] = field(default_factory=frozenset)


class Replayed(Exception):  # no error: the way out of a request that was answered before
    """The answer of the first request with this key; it is sent as it was kept, whatever shape it would have now."""

    def __init__(self, status: int, kept: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body: dict[str, Any] = kept["body"]
        self.location: str | None = kept["location"]


async def replayed(_request: Request, replay: Exception) -> Response:
    """As a handler of such an exception."""
    assert isinstance(replay, Replayed)  # noqa: S101  # registered for it
    headers = {"Location": replay.location} if replay.location else {}
    return JSONResponse(replay.body, replay.status, {**headers, "Idempotency-Replayed": "true"})


State = dict[str, Any]  # JSON
Work = Callable[[Session], Answer[Body]]
Step = Callable[[Session, State], Answer[Body] | State]  # from how far the work is, empty at first, to its answer or on


class IdempotentWrite:
    """One request that writes. Raises what its work raises, and then nothing was written; and Replayed."""

    def __init__(self, request: Request, response: Response, deps: Deps, idempotency_key: KeyHeader = None) -> None:
        self._path: str = request.scope["path"]
        self._response = response
        self._deps = deps
        self._key = checked_key(idempotency_key)

    def __call__(self, work: Work[Body], fields: Mapping[str, Any] | None = None, digest: str = "") -> Body:
        """Do the work, commit, wake. ``fields`` and ``digest`` are what makes two requests to this path the same."""
        done = self.write(lambda session, _state: work(session), {}, self.fingerprint(fields, digest))
        assert isinstance(done, Answer)  # noqa: S101  # that is what such work ends with
        return self.answered(done)

    def in_parts(self, step: Step[Body], fields: Mapping[str, Any]) -> Body:
        """The same for work of very many rows: a transaction for each step, how far it is kept under the key.

        So no other writer waits long. A request that is sent again after a crash goes on where the first one was ended,
        and its answer counts both parts.
        """
        done: Answer[Body] | State = {}
        while not isinstance(done, Answer):
            done = self.write(step, done, self.fingerprint(fields))
        return self.answered(done)

    def write(self, step: Step[Body], state: State, fingerprint: str) -> Answer[Body] | State:
        """One transaction. ``state`` is how far the work is where no key keeps it."""
        with self._deps.database.writing() as session:
            done = self._step(session, step, state, fingerprint)
            session.commit()
        return done

    def answered(self, answer: Answer[Body]) -> Body:
        """The body, with status and headers for the response; workers are told of what was committed."""
        self.wake(answer.lanes)
        self._response.status_code = answer.status
        if answer.location:
            self._response.headers["Location"] = answer.location
        return answer.body

    def wake(self, lanes: Iterable[Lane]) -> None:
        """Tell workers of what was committed."""
        for lane in lanes:
            self._deps.wake(lane)

    def fingerprint(self, fields: Mapping[str, Any] | None = None, digest: str = "") -> str:
        """SHA-256 over the path, the content's digest and the sorted fields: what makes two requests the same."""
        canonical = json.dumps([self._path, digest, fields or {}], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def _step(self, session: Session, step: Step[Body], state: State, fingerprint: str) -> Answer[Body] | State:
        if self._key is None:
            return step(session, state)
        known = begin(session, self._key, fingerprint)
        if known is not None and known.status != UNFINISHED:
            raise Replayed(known.status, known.response)
        done = step(session, known.response if known else {})
        if isinstance(done, Answer):
            kept = {"body": done.body.as_json(), "location": done.location}
            complete(session, self._key, fingerprint, status=done.status, response=kept)
        else:
            complete(session, self._key, fingerprint, status=UNFINISHED, response=done)
        return done


Once = Annotated[IdempotentWrite, Depends(IdempotentWrite)]


def checked_key(key: str | None) -> str | None:
    """Raises InvalidRequest where it cannot be a key."""
    if key is None:
        return None
    if not 0 < len(key.strip()) <= MAX_KEY or not key.isprintable():
        raise InvalidRequest(f"Idempotency-Key must have 1 to {MAX_KEY} printable characters.")
    return key.strip()
