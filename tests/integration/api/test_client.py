"""The client, against a server in trouble."""

import threading
from functools import partial
from pathlib import Path

import pytest

from api.cli.stack.ports import free_port
from api.client import Client
from api.client.jobs import is_refused
from api.client.transport import ApiMisread, ApiProblem, ApiUnreachable
from tests.fixtures.answers import BATCH, JOB, WAITING, job
from tests.fixtures.stub_server import stub_server
from worker.shapes.jobs import Job

quick_client = partial(Client, pause_s=0.01)


def test_a_post_that_is_sent_again_is_known_by_its_key() -> None:
    with (
        stub_server({"/v1/jobs/j1/cancel": [(502, b"bad gateway"), (200, JOB)]}) as stub,
        quick_client(stub.url) as client,
    ):
        assert client.cancel("j1").id == "j1"
    keys = [key for _, _, key in stub.seen]
    assert len(keys) == 2
    assert keys[0] == keys[1] is not None


def test_two_submissions_have_different_keys(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    submitted = [(202, {**JOB, "existing": False}), (200, {**JOB, "existing": True})]
    with stub_server({"/v1/jobs": submitted}) as stub, quick_client(stub.url) as client:
        first = client.submit_file(tmp_path / "a.wav", {})
        again = client.submit_file(tmp_path / "a.wav", {})
    assert (first.existing, again.existing) == (False, True)
    assert stub.seen[0][2] != stub.seen[1][2]


def test_a_request_that_is_still_in_flight_is_waited_for() -> None:
    busy = (409, {"code": "idempotency_in_flight", "detail": "wait"})
    with stub_server({"/v1/batches": [busy, (202, BATCH)]}) as stub, quick_client(stub.url) as client:
        assert client.new_batch() == "b1"


def test_a_server_that_comes_back_within_the_patience_was_never_away() -> None:
    port = free_port()
    with quick_client(f"http://127.0.0.1:{port}", patience_s=20) as client:
        found: list[Job] = []
        asking = threading.Thread(target=lambda: found.append(client.job("j1")))
        asking.start()
        with stub_server({"/v1/jobs/j1": [(200, JOB)]}, port):
            asking.join(20)
    assert [job.id for job in found] == ["j1"]


def test_a_server_that_stays_away_is_unreachable_and_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with quick_client(url, patience_s=0.05) as client, pytest.raises(ApiUnreachable, match=url):
        client.job("j1")


def test_a_problem_has_its_code_and_what_to_do() -> None:
    problem = {"code": "not_audio", "detail": "a.txt is no audio.", "hint": "Send WAV."}
    with (
        stub_server({"/v1/jobs/j1": [(422, problem)]}) as stub,
        quick_client(stub.url) as client,
        pytest.raises(ApiProblem, match=r"a\.txt is no audio\. Send WAV\.") as raised,
    ):
        client.job("j1")
    assert (raised.value.status, raised.value.code) == (422, "not_audio")


def test_an_error_that_is_not_ours_is_a_problem_too() -> None:
    with (
        stub_server({"/v1/jobs/j1": [(403, b"<html>forbidden</html>")]}) as stub,
        quick_client(stub.url) as client,
        pytest.raises(ApiProblem, match="answered 403"),
    ):
        client.job("j1")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({key: value for key, value in JOB.items() if key != "gaps"}, "gaps: Field required"),
        ({**JOB, "gaps": "many"}, "gaps: Input should be"),
        ([], "Input should be"),
        (b"<html>welcome</html>", "no JSON"),
    ],
)
def test_an_answer_of_another_version_or_program_is_an_error_that_says_so(answer: object, said: str) -> None:
    with (
        stub_server({"/v1/jobs/j1": [(200, answer)]}) as stub,
        quick_client(stub.url) as client,
        pytest.raises(ApiMisread, match=f"{stub.url}/v1/jobs/j1 is no Longhand, or one of another version: .*{said}"),
    ):
        client.job("j1")


@pytest.mark.parametrize("answer", [{"jobs": []}, {"items": [{**JOB, "gaps": None}], "next": None}, [JOB]])
def test_a_list_of_another_version_is_an_error_too(answer: object) -> None:
    with stub_server({"/v1/jobs": [(200, answer)]}) as stub, quick_client(stub.url) as client:
        with pytest.raises(ApiMisread, match="of another version"):
            list(client.jobs({}))
        assert len(stub.seen) == 1


def test_all_pages_of_a_list_are_read() -> None:
    pages = [(200, {"items": [JOB], "next": "c2"}), (200, {"items": [{**JOB, "id": "j2"}], "next": None})]
    with stub_server({"/v1/jobs": pages}) as stub, quick_client(stub.url) as client:
        assert [job.id for job in client.jobs({"status": "queued"})] == ["j1", "j2"]
    assert "cursor=c2" in stub.seen[1][1]
    assert all("status=queued" in path for _, path, _ in stub.seen)


@pytest.mark.parametrize(
    ("code", "refused"),
    [("key_refused", True), ("bill_unpaid", True), ("model_unknown", True), ("rate_limited", False)],
)
def test_only_what_an_operator_must_mend_is_a_refusal(code: str, *, refused: bool) -> None:
    assert is_refused(job(waiting={**WAITING, "code": code})) == refused
