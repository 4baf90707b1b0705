"""Which processes make a whole stack, given what is configured: what is not is embedded."""

import secrets
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from api.cli.stack.embedded_redis import find_redis, place_socket, redis_answers, redis_command, socket_url
from api.cli.stack.ports import LOOPBACK, answers, free_port, url_of
from api.cli.stack.supervisor import Part
from worker.settings import Settings, child_environment

SESSION_PATH = "/api-ws/v1/realtime"
# What each part has a use for: API and dispatcher speak to no service, but look into buckets.
SECRETS_OF_DOORS = ("amazon",)
SECRETS_OF_WORKERS = ("service_key", "recognizer_key", "amazon")
SECRETS_OF_RECOGNIZER = ("recognizer_key", "gateway_key")
KEY_BYTES = 32
WORKER_GRACE_S = 75.0  # a worker finishes the segments that are in flight: they are paid for


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Parts in the order in which they start: Redis, then the local service, dispatcher, workers and the API."""

    parts: list[Part]
    environment: dict[str, str]
    url: str
    embedded: list[str]


def own_command(*words: str) -> list[str]:
    """A command line of ours in which the program's name stands, where it is installed."""
    script = Path(sys.executable).with_name("longhand")
    start = [str(script)] if script.exists() else ["-m", "api.cli"]
    return [sys.executable, *start, *words]


def plan_stack(
    settings: Settings, *, host: str, port: int, workers: int, engine: str, model: str, no_keys: bool = False
) -> Plan:
    """Decide on every process. ``model`` is the engine's own name; raises CommandError where no Redis is to be had."""
    redis = None if settings.redis_url else place_socket(settings.home)
    recognizer = free_port() if embeds_service(settings) else None
    changes = {"service": settings.service}
    if redis:
        changes["redis_url"] = socket_url(redis)
    if recognizer:
        changes["local_url"] = f"ws://{LOOPBACK}:{recognizer}{SESSION_PATH}"
        changes["model"] = settings.model or model
        changes["recognizer_key"] = _own_key(settings)
    told = partial(child_environment, settings, **changes)
    part = partial(Part, environment=told(keeping=SECRETS_OF_DOORS))
    parts = []
    if redis:
        command = redis_command(find_redis(), settings.home)
        parts.append(
            Part(name="redis", command=command, environment=told(keeping=()), ready=partial(redis_answers, redis))
        )
    if recognizer:
        command = own_command("recognizer", "--port", str(recognizer), "--engine", engine)
        environment = told(keeping=SECRETS_OF_RECOGNIZER)
        parts.append(
            Part(name="recognizer", command=command, environment=environment, ready=partial(answers, recognizer))
        )
    command = own_command("api", "--host", host, "--port", str(port), *(["--no-keys"] if no_keys else []))
    worker = partial(
        Part, command=own_command("worker"), environment=told(keeping=SECRETS_OF_WORKERS), grace_s=WORKER_GRACE_S
    )
    parts += [
        part(name="dispatcher", command=own_command("dispatcher")),
        *(worker(name=f"worker-{i + 1}") for i in range(workers)),
        part(name="api", command=command, ready=partial(answers, port, host)),
    ]
    embedded = [name for name, there in (("Redis", redis), ("the local service", recognizer)) if there]
    return Plan(parts=parts, environment=parts[-1].environment, url=url_of(host, port), embedded=embedded)


def _own_key(settings: Settings) -> str:
    """For our local service and our workers: another one at each start, unless somebody has chosen one."""
    return settings.recognizer_key.get_secret_value() if settings.recognizer_key else secrets.token_urlsafe(KEY_BYTES)


def embeds_service(settings: Settings) -> bool:
    """Whether the local service is ours to run: it is the configured one, and nobody said where another runs."""
    return settings.service == "local" and not settings.service_url and "local_url" not in settings.model_fields_set
