import json
import urllib.error
import urllib.request

import httpx

from tests.fixtures.door_keys import Header, made_key
from tests.fixtures.waiting import wait_for
from worker.database import Database
from worker.processes.readiness import Pulse, answering
from worker.states import KeyScope


def get(port: int, path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_dispatcher_is_ready_once_it_did_a_round() -> None:
    pulse = Pulse()
    with answering(pulse, "127.0.0.1", 0) as port:
        assert get(port, "/healthz") == (200, {"status": "ok"})
        assert get(port, "/readyz") == (503, {"status": "late", "last_round_s": None})
        pulse.beat()
        status, body = get(port, "/readyz")
        assert (status, body["status"]) == (200, "ready")
        assert get(port, "/elsewhere")[0] == 404


def test_a_dispatcher_whose_rounds_fail_is_late() -> None:
    pulse = Pulse(late_s=0)
    pulse.beat()
    with answering(pulse, "127.0.0.1", 0) as port:
        wait_for(lambda: get(port, "/readyz")[0] == 503)


def test_beyond_loopback_the_age_of_a_round_is_shown_to_a_key_of_the_scope(sqlite_database: Database) -> None:
    pulse = Pulse()
    pulse.beat()
    metrics = made_key(sqlite_database, "prometheus", KeyScope.METRICS)
    read = made_key(sqlite_database, "ada", KeyScope.READ)
    with answering(pulse, "127.0.0.1", 0, sqlite_database) as port:

        def shown(headers: Header) -> set[str]:
            return set(httpx.get(f"http://127.0.0.1:{port}/readyz", headers=headers, trust_env=False).json())

        assert shown({}) == shown(read) == shown({"Authorization": "Basic x"}) == {"status"}
        assert shown(metrics) == {"status", "last_round_s"}
