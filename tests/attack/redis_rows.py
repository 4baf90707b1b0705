"""Messages in Redis that are no wake-ups: they run nothing, end no worker, and jobs go on."""

import base64
import json
import pickle
from random import Random

import redis

import migrations
from tests.attack.assault import Assault
from tests.attack.odd_values import ODD, as_json
from tests.fixtures.odd_messages import NO_WAKE_UPS, PLAIN, WAKE_UPS
from tests.fixtures.redis import RedisServer
from tests.fixtures.sounds import talk, write_wav
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import running_fleet

LISTS = ("longhand:wake-normal", "longhand:wake-bulk", "longhand:wake-interactive")
BATCH = 100


def messages(assault: Assault) -> None:
    """In every lane's list of a real worker; now and then a job has to be done."""
    assault.counts_what_is_reached()
    folder = assault.folder
    url = f"sqlite:///{folder / 'longhand.db'}"
    migrations.upgrade(url)
    server, ran = RedisServer(folder), folder / "ran"
    server.start()
    try:
        with (
            running_fleet(folder, database_url=url, redis_url=server.url) as fleet,
            redis.Redis.from_url(server.url) as client,
        ):
            fleet.start_service()
            fleet.start_dispatcher()
            worker = fleet.start_worker()
            for number in assault.inputs(2000):
                client.lpush(assault.dice.choice(LISTS), _message(assault.dice, str(ran)))
                if number % BATCH == BATCH - 1:
                    wait_for(lambda: worker.poll() is not None or not any(map(client.llen, LISTS)), 60)
                    sound = write_wav(folder / f"{number}.wav", talk((300 + number, 200), dbfs=-17))
                    if worker.poll() is not None or fleet.ended(fleet.submit(sound), 60).status != "succeeded":
                        assault.crashed(fleet.logs())
                        return
            if "Traceback" in fleet.logs():
                assault.found("a traceback in the log", fleet.logs())
    finally:
        server.kill()
    if ran.exists():
        assault.reached("code of a message ran")


class _Runs:
    """Unpickled it leaves a file behind."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (open, (self._path, "w"))


def _message(dice: Random, ran: str) -> bytes:
    kind = dice.randrange(5)
    if kind == 0:
        return dice.choice([*NO_WAKE_UPS.values(), *WAKE_UPS.values()])
    if kind == 1:
        body = base64.b64encode(pickle.dumps(_Runs(ran))).decode()
        types = ("application/x-python-serialize", "pickle", "application/json", "application/data", None)
        return json.dumps({**PLAIN, "body": body, "content-type": dice.choice(types)}).encode()
    if kind == 2:
        content = bytearray(json.dumps(PLAIN).encode())
        for _ in range(dice.randrange(1, 8)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        return bytes(content)
    fields = {**PLAIN, dice.choice([*PLAIN]): dice.choice(ODD)}
    if kind == 3:
        fields["headers"] = {**PLAIN["headers"], dice.choice([*PLAIN["headers"], "x"]): dice.choice(ODD)}
    return as_json(fields)
