"""What the whole fleet shares, kept in Redis: permits to have a segment recognised, and new sessions a second.

A permit is a lease in a sorted set (member, time of its end), so that a killed worker gives its share back by doing
nothing. Where a service asks for patience the fleet uses half of its limits, and all of them again slowly
(`worker.limits.throttle`). While Redis is away each process keeps to a share of its own that is safe for the fleet, and
nobody sees an error.
"""

import secrets
import threading
import time
from dataclasses import dataclass

import redis
import structlog

from worker.limits.scripts import ACQUIRE, RENEW, SHOW, SLOW, TURN
from worker.limits.throttle import Throttle, part_of
from worker.states import Lane

log = structlog.get_logger(__name__)

LEASE_S = 30.0
RENEWALS = 6  # in one lease: so many looks at Redis may fail, less one
WISH_MS = 2_000  # how long an interactive segment's wish holds others back without being repeated
TIMEOUT_S = 1.0
AWAY_S = 5.0  # after a failure Redis is left alone for so long


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What the fleet may do with one service at once and each second."""

    service: str
    permits: int
    sessions_per_s: float


@dataclass(frozen=True)
class Permit:
    """The right to have one segment recognised; to be given back with `FleetLimits.release`."""

    member: str
    quota: Quota
    local: bool


class FleetLimits:
    """One process's view of the fleet's limits.

    ``share`` is its part of the fleet, for the time without Redis; ``lease_s`` is how long after its death others wait
    for its permits.
    """

    def __init__(
        self, redis_url: str, *, share: float = 0.25, lease_s: float = LEASE_S, away_s: float = AWAY_S
    ) -> None:
        self.share = share
        self._lease_s = lease_s
        self._away_s = away_s
        self._client = redis.Redis.from_url(
            redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, protocol=2
        )
        self._acquire = self._client.register_script(ACQUIRE)
        self._renew = self._client.register_script(RENEW)
        self._turn = self._client.register_script(TURN)
        self._slow = self._client.register_script(SLOW)
        self._show = self._client.register_script(SHOW)
        self._held: dict[str, Permit] = {}
        self._local_turn: dict[str, float] = {}
        self._local_throttle: dict[str, Throttle] = {}
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._closed = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="permits", daemon=True)
        self._keeper.start()

    @property
    def _lease_ms(self) -> int:
        return int(self._lease_s * 1000)

    def close(self) -> None:
        self._closed.set()
        self._keeper.join()  # it may be in the middle of a command
        self._client.close()

    def try_acquire(self, quota: Quota, lane: Lane, wish: str) -> Permit | None:
        """A permit, or None where none is free now; ``wish`` (`new_wish`) names the one who asks, each time again."""
        try:
            self._look_whether_away()
            granted = self._acquire(
                keys=[_key(quota.service, kind) for kind in ("permits", "wishes", "throttle")],
                args=[wish, quota.permits, self._lease_ms, WISH_MS, int(lane == Lane.INTERACTIVE)],
            )
        except redis.RedisError as error:
            self._went_away(error)
            return self._hold_locally(quota, wish)
        return self._hold(Permit(wish, quota, local=False)) if granted else None

    def release(self, permit: Permit) -> None:
        """Give it back; one that Redis cannot be told of ends by itself."""
        with self._lock:
            self._held.pop(permit.member, None)
        if permit.local:
            return
        try:
            self._look_whether_away()
            self._client.zrem(_key(permit.quota.service, "permits"), permit.member)
        except redis.RedisError as error:
            self._went_away(error)

    def session_wait_s(self, quota: Quota) -> float:
        """Reserve a turn to open a session and answer how long to wait for it."""
        try:
            self._look_whether_away()
            wait_ms = self._turn(
                keys=[_key(quota.service, kind) for kind in ("turn", "throttle")], args=[1000 / quota.sessions_per_s]
            )
            return int(wait_ms) / 1000
        except redis.RedisError as error:
            self._went_away(error)
            return self._local_wait_s(quota)

    def slow_down(self, service: str) -> None:
        """The service asked for patience: the fleet uses half of what it used, once for refusals that come together."""
        try:
            self._look_whether_away()
            slowed = bool(self._slow(keys=[_key(service, "throttle")]))
        except redis.RedisError as error:
            self._went_away(error)
            slowed = self._slow_locally(service)
        if slowed:
            log.warning("the service asks to come slower; half of the permits are used", service=service)

    def throttle(self, service: str) -> float:
        """The share of its limits that the service bears now, from 0 to 1."""
        try:
            self._look_whether_away()
            return int(self._show(keys=[_key(service, "throttle")])) / 1000
        except redis.RedisError as error:
            self._went_away(error)
            return self._local_share(service)

    def _slow_locally(self, service: str) -> bool:
        with self._lock:
            before = self._local_throttle.get(service, Throttle())
            self._local_throttle[service] = before.slowed(time.monotonic() * 1000)
            return self._local_throttle[service] != before

    def _local_share(self, service: str) -> float:
        return self._local_throttle.get(service, Throttle()).share_at(time.monotonic() * 1000)

    def _hold(self, permit: Permit) -> Permit:
        with self._lock:
            self._held[permit.member] = permit
        return permit

    def _hold_locally(self, quota: Quota, wish: str) -> Permit | None:
        """What is held from Redis counts too: the fleet's limit holds through the moment that Redis goes away."""
        with self._lock:
            held = sum(permit.quota.service == quota.service for permit in self._held.values())
            if held >= part_of(quota.permits, self.share * self._local_share(quota.service)):
                return None
        return self._hold(Permit(wish, quota, local=True))

    def _local_wait_s(self, quota: Quota) -> float:
        now = time.monotonic()
        with self._lock:
            turn = max(now, self._local_turn.get(quota.service, 0.0))
            share = self.share * self._local_share(quota.service)
            self._local_turn[quota.service] = turn + 1 / (quota.sessions_per_s * share)
        return turn - now

    def _look_whether_away(self) -> None:
        if time.monotonic() < self._away_until:
            raise redis.ConnectionError("left alone after a failure")

    def _went_away(self, error: redis.RedisError) -> None:
        if time.monotonic() >= self._away_until:
            self._away_until = time.monotonic() + self._away_s
            log.warning("Redis does not answer; this process keeps to its own share of the limits", error=str(error))

    def _keep(self) -> None:
        while not self._closed.wait(self._lease_s / RENEWALS):
            self._renew_held()

    def _renew_held(self) -> None:
        with self._lock:
            held = [permit for permit in self._held.values() if not permit.local]
        try:
            for quota in {permit.quota for permit in held}:
                members = [permit.member for permit in held if permit.quota == quota]
                self._renew(keys=[_key(quota.service, "permits")], args=[self._lease_ms, *members])
        except redis.RedisError as error:
            self._went_away(error)


def new_wish() -> str:
    """A name for one request for a permit."""
    return secrets.token_hex(8)


def _key(service: str, kind: str) -> str:
    return f"longhand:limits:{service}:{kind}"
