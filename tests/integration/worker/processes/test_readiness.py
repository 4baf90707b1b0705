import json
import urllib.error
import urllib.request

from tests.fixtures.waiting import wait_for
from worker.processes.readiness import Pulse, answering


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
