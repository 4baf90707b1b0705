"""What a wake-up is on the wire, and a transport that takes nothing else from Redis.

Celery and kombu trust a message to be well formed: one with a list for a name, or with half a JSON, ends the worker,
and some are put back for the next one. So of what lies in a lane's list only the lane and the job's id are read, within
bounds, and the message that Celery gets is made here. Whatever says no lane is gone from Redis, counted, and told of.
"""

import json
import time
from base64 import b64decode, b64encode
from queue import Empty
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis

from worker.ids import new_id
from worker.states import Lane
from worker.strict_json import read_json

log = structlog.get_logger(__name__)

TASK = "longhand.wake"
PREFIX = "longhand:"
UNDECODABLE = f"{PREFIX}undecodable"  # how many messages said no lane; kombu puts no prefix before the commands used
LARGEST = 1_000  # characters of a wake-up's body: a lane and an id
LONGEST_ID = 64
TELL_EACH_S = 60.0
NOTHING_AFTER = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
Transport = kombu_redis.Transport


def wake_up_of(message: object) -> tuple[Lane, str | None] | None:
    """The lane and the job's id that a message of kombu's names; None where it is no wake-up."""
    try:
        return _wake_up_of(message)
    except (ValueError, TypeError, KeyError):
        return None


def _wake_up_of(message: Any) -> tuple[Lane, str | None] | None:  # noqa: ANN401  # whatever somebody sent
    body = message["body"]
    if message["headers"]["task"] != TASK or message["content-type"] != "application/json" or len(body) > LARGEST:
        return None
    (lane, job_id), named, _after = read_json(b64decode(body, validate=True))
    if named or not (job_id is None or (isinstance(job_id, str) and len(job_id) <= LONGEST_ID)):
        return None
    return Lane(lane), job_id


def message_of(lane: Lane, job_id: str | None, queue: str) -> dict[str, Any]:
    """A message as Celery takes it from kombu."""
    number = new_id()
    body = json.dumps([[str(lane), job_id], {}, NOTHING_AFTER])
    headers = {"lang": "py", "task": TASK, "id": number, "root_id": number, "retries": 0, "timelimit": [None, None]}
    return {
        "body": b64encode(body.encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": {
            "correlation_id": number,
            "delivery_info": {"exchange": "longhand", "routing_key": queue},
            "delivery_tag": number,
            "body_encoding": "base64",
        },
    }


class WakeUpChannel(kombu_redis.Channel):
    """Reads on behind what kombu cannot read."""

    def _brpop_read(self, **options: Any) -> bool | None:  # noqa: ANN401  # kombu's
        self.connection.has_read = False
        try:
            return super()._brpop_read(**options)  # type: ignore[no-any-return,no-untyped-call]  # kombu has no types
        except OF_THE_CONNECTION:
            raise
        except Exception as error:  # an edge: whatever a stranger's bytes do to the reader of them
            if self.connection.has_read:
                raise
            self.connection.pass_over(self, type(error).__name__)
            return True


class WakeUpTransport(Transport):
    """Hands on wake-ups alone, each as we would have sent it."""

    Channel = WakeUpChannel

    def __init__(self, *given: Any, **options: Any) -> None:  # noqa: ANN401  # kombu's
        super().__init__(*given, **options)  # type: ignore[no-untyped-call]  # kombu has no types
        self.has_read = False
        self._told_at = float("-inf")

    def _deliver(self, message: object, queue: str) -> None:
        self.has_read = True
        found = wake_up_of(message)
        if found is None:
            self.pass_over(self.channels[0], "no wake-up")
        else:
            super()._deliver(message_of(*found, queue), queue)  # type: ignore[no-untyped-call]  # as above

    def pass_over(self, channel: WakeUpChannel, why: str) -> None:
        """Count a message that is gone by now; told of once a minute, however many there are."""
        with channel.conn_or_acquire() as client:
            counted = client.incr(UNDECODABLE)
        if time.monotonic() - self._told_at >= TELL_EACH_S:
            self._told_at = time.monotonic()
            log.warning("a message in Redis is no wake-up and was thrown away", why=why, so_far=counted)


OF_THE_CONNECTION = (Empty, *({*Transport.connection_errors, *Transport.channel_errors} - {KeyError}))
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:WakeUpTransport"))
