"""The Celery application and its one task. It decides nothing: a message is a wake-up, SQL says what there is to do.

The settings are those that held when Redis and workers were killed under load; docs/operations.md says what each of
them is for. Celery is imported here and nowhere else; what may come in as a message is in `wake_ups`.
"""

import signal
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import structlog
from celery import Celery
from celery.apps.worker import Worker
from celery.exceptions import SecurityWarning
from celery.worker import state
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError

from worker.claims.lease import Stop
from worker.logs import configure_logging
from worker.processes.wake_ups import PREFIX, TASK, UNDECODABLE
from worker.processes.worker import WorkerProcess
from worker.settings import Settings
from worker.states import Lane

log = structlog.get_logger(__name__)

EXCHANGE = Exchange("longhand")  # type: ignore[no-untyped-call]  # kombu has no types
PUBLISH_TIMEOUT_S = 0.2
FEWEST = 2  # wake-ups that may lie in Redis however small the process

Work = Callable[[Lane], None]

RELIABLE: dict[str, Any] = {
    # A wake-up that died with its worker is made again by the dispatcher within a second. To keep a copy of each in
    # Redis until it is done would be a third of what a short job costs.
    "ack_emulation": False,
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "retry_on_timeout": True,
}
# A submission waits for its wake-up: better none than half a second.
HASTY: dict[str, Any] = {
    "socket_timeout": PUBLISH_TIMEOUT_S,
    "socket_connect_timeout": PUBLISH_TIMEOUT_S,
    "socket_keepalive": True,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.05,
    "interval_max": 0.05,
}


def make_app(settings: Settings, work: Work | None = None, **transport: Any) -> Celery:  # noqa: ANN401  # kombu's options
    """A Celery application; ``work`` is what a wake-up for a lane does, and only a worker process has it."""
    app = Celery("longhand", set_as_current=False)
    app.conf.update(
        broker_url=celery_url(settings.redis_url),
        broker_transport_options={**(transport or RELIABLE), "global_keyprefix": PREFIX, "client_name": "longhand"},
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_acquire_timeout=3,
        task_queues=[_queue(lane) for lane in Lane],
        task_default_queue=queue_of(Lane.NORMAL),
        task_create_missing_queues=False,
        task_acks_late=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_pool="threads",
        worker_concurrency=settings.jobs,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
    )

    @app.task(name=TASK)  # type: ignore[untyped-decorator]  # Celery has no types
    def wake(lane: str, _job_id: str | None = None) -> None:
        """``_job_id`` is a hint and a trace: the claim decides which job it is."""
        if work is not None:
            work(Lane(lane))

    return app


def celery_url(redis_url: str) -> str:
    """The same Redis in Celery's words, which differ where it listens on a socket."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    asked = dict(parse_qsl(parts.query))
    names = [quote(asked.get(name, ""), safe="") for name in ("username", "password")]
    login = parts.netloc or (f"{':'.join(names)}@" if any(names) else "")
    return f"redis+socket://{login}{parts.path}?virtual_host={asked.get('db', '0')}"


def queue_of(lane: Lane) -> str:
    """The lane's list in Redis, behind the prefix."""
    return f"wake-{lane}"


def _queue(lane: Lane) -> Queue:
    """With a routing key of its own: left to their defaults, all queues would get each message."""
    return Queue(queue_of(lane), EXCHANGE, routing_key=queue_of(lane))  # type: ignore[no-untyped-call]  # as above


class Waker:
    """Sends wake-ups, as well as it can: what is lost is made up for by the dispatcher."""

    def __init__(self, settings: Settings) -> None:
        self._app = make_app(settings, **HASTY)
        self._window = max(FEWEST, 2 * settings.jobs)
        connection = self._app.connection_for_write()
        self._troubles = (OperationalError, *connection.connection_errors, *connection.channel_errors)

    def wake(self, lane: Lane, job_id: str | None = None) -> bool:
        """Send a wake-up unless enough lie there already; whether it was sent. It takes half a second at most."""
        waiting = self.waiting(lane)
        if waiting is None:
            log.warning("no wake-up was sent; the dispatcher sends one when Redis is back", job=job_id)
            return False
        return waiting < self._window and self.send(lane, job_id)

    def send(self, lane: Lane, job_id: str | None = None) -> bool:
        """Send a wake-up; False where Redis does not take it."""
        try:
            with self._app.producer_or_acquire() as producer:
                self._app.send_task(
                    TASK, args=[str(lane), job_id], queue=queue_of(lane), producer=producer, retry=False
                )
        except self._troubles as error:
            log.warning("no wake-up was sent; the dispatcher sends one when Redis is back", error=type(error).__name__)
            return False
        return True

    def waiting(self, lane: Lane) -> int | None:
        """Wake-ups of the lane that lie in Redis; None where it does not say."""
        try:
            with self._app.producer_or_acquire() as producer:
                declared = producer.channel.queue_declare(queue=queue_of(lane))
        except self._troubles as error:
            log.debug("Redis does not say how many wake-ups wait", error=type(error).__name__)
            return None
        return int(declared.message_count)

    def undecodable(self) -> int | None:
        """Messages that workers have thrown away since they were no wake-ups; None where Redis does not say."""
        try:
            with self._app.producer_or_acquire() as producer, producer.channel.conn_or_acquire() as client:
                return int(client.get(UNDECODABLE) or 0)
        except self._troubles as error:
            log.debug("Redis does not say how many messages were thrown away", error=type(error).__name__)
            return None

    def close(self) -> None:
        self._app.close()


def run_worker(settings: Settings) -> int:
    """Work until told to stop, and answer the process's exit code: 0 where it ended in good order."""
    configure_logging()
    # Only JSON is accepted, so a message cannot run code, whoever the process runs as; containers run as root.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    process = WorkerProcess(settings)
    worker = SignalledWorker(process.stop, app=make_app(settings, process.work), hostname=f"longhand@{process.name}")
    waker = Waker(settings)
    process.watch(waiting=lambda lane: waker.waiting(lane) or 0, shut_down=_stop_consuming)
    worker.start()
    process.close()
    return process.exit_code or int(worker.exitcode or 0)


class SignalledWorker(Worker):  # type: ignore[misc]  # Celery has no types
    """Celery's worker with our own way down: once in good order, twice at once, three times without a word."""

    def __init__(self, stop: Stop, **options: Any) -> None:  # noqa: ANN401  # Celery's options
        self._stop = stop
        self._signals = 0
        super().__init__(**options, quiet=True, without_mingle=True, without_gossip=True, without_heartbeat=True)

    def setup_logging(self, colorize: bool | None = None) -> bool:
        """Ours is set up already: Celery is to leave it as it is."""
        return colorize is None

    def install_platform_tweaks(self, _worker: Worker) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        """It may interrupt itself, so that each signal touches an event of its own: their locks are not re-entrant."""
        self._signals += 1
        _stop_consuming()
        if self._signals == 1:
            self._stop.asked.set()
        elif self._signals == 2:
            self._stop.now.set()
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


def _stop_consuming() -> None:
    """Celery looks at this flag in its loop, also while it tries to reach Redis."""
    state.should_stop = 0
