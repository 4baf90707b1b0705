"""The door with its lock: who may come in, what a key lets do, and that its secret is nowhere."""

import asyncio
import io
import socket
import time
from contextlib import redirect_stderr
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from api.http.key_lookup import KeyLookup
from tests.fixtures.door_keys import made_key
from tests.fixtures.doors import House, opened, settings_for, sound
from tests.fixtures.logs import logging_as_it_was
from tests.fixtures.waiting import wait_for
from worker import keys
from worker.database import Database
from worker.logs import configure_logging
from worker.models import ApiKey
from worker.states import KeyScope

CLOSED = ("/v1/jobs", "/v1/recordings", "/v1/search?q=a", "/v1/budgets", "/v1/usage", "/v1/service", "/metrics")


@pytest.mark.parametrize("path", CLOSED)
def test_who_has_no_key_is_asked_for_one(locked_house: House, path: str) -> None:
    answer = locked_house.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_missing")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/docs", "/redoc"])
def test_the_process_and_its_description_are_open(locked_house: House, path: str) -> None:
    assert locked_house.client.get(path).status_code == 200


def test_the_description_says_which_scope_each_route_wants(locked_house: House) -> None:
    described = locked_house.client.get("/openapi.json").json()
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    wanted = {
        (method, path): operation.get("security")
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    assert {path for (_, path), named in wanted.items() if not named} == {"/healthz", "/readyz"}
    assert wanted[("put", "/v1/budgets/{period}")] == [{"key": ["budgets"]}]


def test_a_stranger_learns_of_readiness_a_yes_or_no(locked_house: House) -> None:
    house = locked_house
    seen = made_key(house.database, "prometheus", KeyScope.METRICS)
    assert house.client.get("/readyz").json() == {"status": "ready"}
    reads = made_key(house.database, "ada", KeyScope.READ)
    assert house.client.get("/readyz", headers=reads).json() == {"status": "ready"}
    assert house.client.get("/readyz", headers=seen).json() == {"status": "ready", "dispatcher_s": None}
    assert house.client.get("/metrics", headers=seen).status_code == 200


def test_a_key_does_what_its_scopes_say_and_nothing_else(locked_house: House) -> None:
    house = locked_house
    read = made_key(house.database, "ada", KeyScope.READ)
    assert house.client.get("/v1/jobs", headers=read).status_code == 200
    refused = house.upload(headers=read)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert "submit" in refused.json()["detail"]
    assert house.media() == []
    submit = made_key(house.database, "bob", KeyScope.SUBMIT)
    assert house.upload(headers=submit).status_code == 202
    assert house.client.get("/v1/jobs", headers=submit).status_code == 403
    admin = made_key(house.database, "eve", KeyScope.ADMIN)
    for path in CLOSED:
        assert house.client.get(path, headers=admin).status_code == 200
    assert house.client.put("/v1/archives/radio", json={}, headers=admin).status_code == 200


def test_a_key_that_is_none_and_two_headers_are_refused(locked_house: House) -> None:
    house = locked_house
    good = made_key(house.database, "ada", KeyScope.ADMIN)["Authorization"]
    for wrong in ("Bearer sk-any", f"{good[:-1]}{'A' if good[-1] != 'A' else 'B'}"):
        answer = house.client.get("/v1/jobs", headers={"Authorization": wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, "key_unknown")
    twice = house.client.get("/v1/jobs", headers=[("Authorization", good), ("Authorization", good)])
    assert (twice.status_code, twice.json()["code"]) == (401, "key_missing")


def test_without_the_gate_a_key_alone_keeps_pages_and_neighbours_out(sqlite_url: str, tmp_path: Path) -> None:
    """What a page can send without being asked first, and what a name that was moved here can."""
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    with opened(settings_for(sqlite_url, tmp_path), no_keys=False, gate=False) as house:
        job = house.job(headers=made_key(house.database, "ada", KeyScope.SUBMIT))
        answers = [
            house.upload(sound(1), headers=foreign),
            house.client.post("/v1/jobs/cancel", content="{}", headers={**foreign, "Content-Type": "text/plain"}),
            house.client.post(f"/v1/jobs/{job}/cancel", headers=foreign),
            house.client.get("/v1/jobs", headers={"Host": "evil.example"}),
            house.client.put("/v1/budgets/all", json={"limit_ms": 1}, headers={"Host": "evil.example"}),
        ]
        assert [answer.status_code for answer in answers] == [401] * 5
        reads = made_key(house.database, "eve", KeyScope.READ)
        assert house.client.get(f"/v1/jobs/{job}", headers=reads).json()["status"] == "queued"


@pytest.mark.parametrize(
    "asked", ["/v1/jobs?key={0}", "/v1/jobs?api_key={0}", "/v1/jobs?access_token={0}"], ids=["key", "api_key", "token"]
)
def test_a_key_counts_nowhere_but_in_its_header(locked_house: House, asked: str) -> None:
    house = locked_house
    text = made_key(house.database, "ada", KeyScope.ADMIN)["Authorization"].removeprefix("Bearer ")
    assert not house.client.get(asked.format(text)).is_success
    for headers in ({"Cookie": f"key={text}"}, {"X-Api-Key": text}):
        assert house.client.get("/v1/jobs", headers=headers).status_code == 401


BODIES = [
    ("/v1/jobs", "multipart/form-data; boundary=b"),
    ("/v1/jobs", "application/json"),
    ("/v1/batches", "text/csv"),
    ("/v1/campaigns", "application/json"),
    (f"/v1/recordings/{'0' * 32}/transcripts?format=txt", "application/octet-stream"),
]


@pytest.mark.parametrize(("path", "content_type"), BODIES, ids=[f"{path} {kind}" for path, kind in BODIES])
def test_a_stranger_is_refused_before_the_body_has_come(locked_house: House, path: str, content_type: str) -> None:
    """Of a body that goes on for ever nothing is waited for."""
    place = urlsplit(str(locked_house.client.base_url))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: {content_type}\r\n"
        "Content-Length: 100000\r\n\r\n--b\r\n"
    )
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_revoked_key_is_refused_within_a_second(locked_house: House) -> None:
    house = locked_house
    header = made_key(house.database, "ada", KeyScope.READ)
    assert house.client.get("/v1/jobs", headers=header).status_code == 200
    with house.database.writing() as session:
        keys.revoke(session, header["Authorization"][len("Bearer lh_") :][:8])
        session.commit()
    wait_for(lambda: house.client.get("/v1/jobs", headers=header).status_code == 401, 5)


def test_a_lookup_asks_once_while_its_answer_is_fresh(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def find(database: Database, text: str) -> keys.Key | None:
        asked.append(text)
        return keys.find_valid(database, text)

    monkeypatch.setattr("api.http.key_lookup.find_valid", find)
    text = made_key(sqlite_database, "ada", KeyScope.READ)["Authorization"].removeprefix("Bearer ")

    async def look(fresh_s: float) -> None:
        lookup = KeyLookup(sqlite_database, fresh_s=fresh_s)
        for _ in range(3):
            assert (await lookup.find(text)) is not None
        assert (await lookup.find("no key at all")) is None

    asyncio.run(look(60))
    assert asked == [text]
    asyncio.run(look(0))
    assert asked == [text] * 4


def test_the_use_of_a_key_is_kept(locked_house: House) -> None:
    house = locked_house
    header = made_key(house.database, "ada", KeyScope.READ)
    before_ms = time.time() * 1000
    assert house.client.get("/v1/jobs", headers=header).status_code == 200

    def used() -> int | None:
        with house.database.reading() as session:
            return session.scalars(select(ApiKey.last_used_ms)).one()

    assert wait_for(used) >= before_ms - 1000


def test_the_id_is_logged_and_the_secret_is_in_no_log_answer_or_file(locked_house: House, tmp_path: Path) -> None:
    house, log = locked_house, io.StringIO()
    header = made_key(house.database, "ada", KeyScope.ADMIN)
    text = header["Authorization"].removeprefix("Bearer ")
    secret = text.split("_", 2)[2]
    wrong = {"Authorization": f"Bearer {text[:-3]}abc"}

    def broken(_lane: object) -> None:
        raise ZeroDivisionError

    with logging_as_it_was(), redirect_stderr(log):
        configure_logging(as_json=True)
        answers = [house.client.get("/v1/jobs", headers=header), house.client.get("/v1/jobs", headers=wrong)]
        answers += [house.client.get("/v1/jobs", headers=[*header.items(), *header.items()])]
        answers += [house.client.put("/v1/archives/radio", json={"bad": text}, headers=header)]
        object.__setattr__(house.app.state.deps, "wake", broken)
        answers += [house.upload(sound(1), headers=header)]
        wait_for(lambda: "ZeroDivisionError" in log.getvalue())
    assert [answer.status_code for answer in answers] == [200, 401, 401, 400, 500]
    assert f'"key": "{text[3:11]}"' in log.getvalue()
    shown = [log.getvalue(), *(answer.text for answer in answers), *(str(answer.headers) for answer in answers)]
    assert not any(secret in one for one in shown)
    assert not any(secret.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
