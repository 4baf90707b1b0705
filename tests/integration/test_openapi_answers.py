"""Each answer that OpenAPI promises is one that some request gets, and is sent as it is promised.

The door itself holds every answer to its documentation (`tests.fixtures.documented`); here each one is met.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.campaigns import add_recording, run, settle
from tests.fixtures.documented import Met
from tests.fixtures.door_keys import made_key
from tests.fixtures.doors import House, opened, settings_for, sound
from tests.fixtures.finished_jobs import finished
from tests.fixtures.importing import Filling
from worker.queue import idempotency

NOTHING = "0" * 32  # the id of nothing
TOO_LONG = b"x" * 2_200_000
CSV = {"Content-Type": "text/csv"}
BYTES = {"Content-Type": "application/octet-stream"}
UPLOAD: dict[str, Any] = {"files": {"file": ("a.wav", sound())}}
VOTE = {"voter": "ada", "recording": NOTHING, "passage": "0-0-1", "choice": "a"}
BODIES = {"json", "content", "files"}
# What a request needs to be a right one, where it needs anything.
PLAIN: dict[str, dict[str, Any]] = {
    "POST /v1/jobs": UPLOAD,
    "POST /v1/jobs/cancel": {"json": {"archive": "default"}},
    "POST /v1/jobs/retry": {"json": {"archive": "default"}},
    "POST /v1/batches": {"json": {}},
    "POST /v1/recordings/{recording_id}/transcripts": {
        "content": b"words",
        "headers": BYTES,
        "params": {"format": "txt"},
    },
    "POST /v1/recordings/{recording_id}/current": {"json": {"transcript": NOTHING}},
    "POST /v1/archives/{name}/recordings": UPLOAD,
    "POST /v1/archives/{name}/imports": {"json": {"folder": "mount://calls"}},
    "POST /v1/campaigns/{campaign}/votes": {"json": VOTE},
    "PATCH /v1/recordings/{recording_id}": {"json": {"language": "en"}},
    "PUT /v1/archives/{name}": {"json": {}},
    "PUT /v1/archives/{name}/source": {"json": {"folder": "mount://calls"}},
    "PUT /v1/budgets/{period}": {"json": {"limit_ms": 1}},
    "GET /v1/transcripts/{transcript_id}/comparison": {"params": {"with": NOTHING}},
    "GET /v1/campaigns/{campaign}/votes/next": {"params": {"voter": "ada"}},
    "GET /v1/estimate": {"params": {"recordings": 1, "audio_ms": 1000}},
    "GET /v1/results": {"params": {"batch": NOTHING}},
    "GET /v1/search": {"params": {"q": "words"}},
}


def ask(house: House, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401  # parts of a request, and JSON
    """A right request with something else about it; what is named in the path is nothing that there is."""
    plain = PLAIN.get(f"{method} {path}", {})
    if not BODIES.isdisjoint(more):
        plain = {name: value for name, value in plain.items() if name not in BODIES}
    named = path.format(
        job_id=NOTHING,
        batch_id=NOTHING,
        recording_id=NOTHING,
        transcript_id=NOTHING,
        import_id=NOTHING,
        campaign="none",
        name="radio",
        period="all",
    )
    headers = {**plain.get("headers", {}), **more.get("headers", {})}
    answer = house.client.request(method, named, timeout=60, **{**plain, **more, "headers": headers})
    return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text


def get(house: House, path: str, **query: Any) -> Any:  # noqa: ANN401  # JSON
    return ask(house, "GET", path, params=query) if query else ask(house, "GET", path)


def post(house: House, path: str, **fields: Any) -> Any:  # noqa: ANN401  # JSON
    return ask(house, "POST", path, json=fields)


def jobs_come_and_go(house: House) -> None:
    ids = [house.job(content=sound(number)) for number in range(3)]
    house.upload(sound(0))
    post(house, "/v1/jobs")
    house.upload(data={"batch": NOTHING})
    house.upload(TOO_LONG)
    house.upload(b"no sound at all")
    get(house, "/v1/jobs", limit=2)
    get(house, "/v1/jobs", colour="red")
    tag = house.client.get(f"/v1/jobs/{ids[0]}").headers["ETag"]
    house.client.get(f"/v1/jobs/{ids[0]}", headers={"If-None-Match": tag})
    get(house, f"/v1/jobs/{ids[0]}/transcript")
    for path in (f"/v1/jobs/{ids[0]}/cancel", f"/v1/jobs/{ids[0]}/cancel", f"/v1/jobs/{ids[0]}/retry"):
        post(house, path)
    post(house, f"/v1/jobs/{ids[0]}/retry")
    post(house, f"/v1/jobs/{ids[1]}/cancel")
    post(house, f"/v1/jobs/{ids[1]}/retry", context="Ada")
    post(house, f"/v1/jobs/{ids[1]}/retry", colour="red")
    for verb in ("cancel", "retry"):
        post(house, f"/v1/jobs/{verb}", archive="default")
        post(house, f"/v1/jobs/{verb}")
    batch = post(house, "/v1/batches", items=["http://"])["id"]
    get(house, f"/v1/batches/{batch}")
    post(house, "/v1/batches", items=5)
    ask(house, "POST", "/v1/batches", content=TOO_LONG, headers=CSV)


def recordings_have_versions(house: House) -> None:
    first, second = finished(house.database, 1), finished(house.database, 2)
    recording, transcripts = f"/v1/recordings/{first.recording_id}", "/v1/recordings/{recording_id}/transcripts"
    get(house, f"/v1/jobs/{first.job_id}/transcript")
    get(house, f"/v1/jobs/{first.job_id}/transcript", format="odd")
    get(house, "/v1/recordings")
    get(house, "/v1/recordings", colour="red")
    get(house, recording)
    for path in (recording, f"/v1/recordings/{second.recording_id}"):
        ask(house, "PATCH", path, json={"external_id": "same"})
    ask(house, "PATCH", recording, json={"colour": "red"})
    brought = {**PLAIN[f"POST {transcripts}"]}
    version = ask(house, "POST", f"{recording}/transcripts", **brought)["id"]
    ask(house, "POST", f"{recording}/transcripts", **brought)
    ask(house, "POST", f"{recording}/transcripts", content=b"words", headers=BYTES, params={"format": "odd"})
    [old] = [one["id"] for one in get(house, f"{recording}/transcripts")["items"] if one["id"] != version]
    get(house, f"{recording}/transcripts", limit=0)
    get(house, f"/v1/transcripts/{old}")
    get(house, f"/v1/transcripts/{old}", format="odd")
    get(house, f"/v1/transcripts/{old}/comparison", **{"with": version})
    get(house, f"/v1/transcripts/{old}/comparison", colour="red")
    post(house, f"{recording}/current", transcript=version)
    post(house, f"{recording}/current")
    get(house, "/v1/search", q="morning")
    get(house, "/v1/search", q='"')
    get(house, "/v1/results", archive="tests")
    get(house, "/v1/results", colour="red")


def archives_are_filled(filling: Filling) -> None:
    house = filling.house
    filling.put("a.wav")
    filling.put("b.wav", b"no sound")
    for asked in ({"language": "en"}, {"colour": "red"}):
        ask(house, "PUT", "/v1/archives/{name}", json=asked)
    get(house, "/v1/archives")
    get(house, "/v1/archives", limit=0)
    get(house, "/v1/archives/radio")
    get(house, "/v1/archives/nowhere")
    post(house, "/v1/archives/radio/sync")
    post(house, "/v1/archives/nowhere/sync")
    ask(house, "PUT", "/v1/archives/radio/source", json={"folder": "mount://calls"})
    ask(house, "PUT", "/v1/archives/radio/source", json={"folder": 5})
    for _ in range(2):
        begun = post(house, "/v1/archives/radio/sync")
    get(house, f"/v1/imports/{begun['id']}")
    for _ in range(2):
        post(house, f"/v1/imports/{begun['id']}/cancel")
    ask(house, "DELETE", "/v1/archives/radio/source")
    ask(house, "DELETE", "/v1/archives/nowhere/source")
    for _ in range(2):
        ask(house, "POST", "/v1/archives/{name}/recordings")
    for content in (TOO_LONG, b"no sound at all"):
        ask(house, "POST", "/v1/archives/{name}/recordings", files={"file": ("a.wav", content)})
    ask(house, "POST", "/v1/archives/{name}/recordings", files={"other": ("a.wav", sound())})
    path = "/v1/archives/{name}/imports"
    post(house, path, folder="mount://calls", dry_run=True, transcribe={})
    post(house, path)
    post(house, path, folder="mount://calls", transcribe={"service": "nobody"})
    ask(house, "POST", path, content=TOO_LONG, headers=CSV)
    done = filling.begin()
    filling.done(done)
    get(house, path)
    get(house, path, limit=0)
    get(house, f"/v1/imports/{done['id']}/problems")
    get(house, f"/v1/imports/{done['id']}/problems", limit=0)


def campaigns_live(house: House) -> None:
    add_recording(house.database)
    fields = {"selection": {"archive": "calls"}, "spec": {"model": "new"}, "canary": 0}
    post(house, "/v1/campaigns", **fields, dry_run=True)
    for name in ("first", "second"):
        made = post(house, "/v1/campaigns", **fields, name=name)
    post(house, "/v1/campaigns", colour="red")
    post(house, "/v1/campaigns", **{**fields, "selection": {"archive": "nowhere"}})
    get(house, "/v1/campaigns")
    get(house, "/v1/campaigns", limit=0)
    get(house, "/v1/campaigns/second")
    post(house, "/v1/campaigns/first/cancel")
    for verb in ("start", "pause", "resume", "cancel", "promote", "rollback"):
        post(house, f"/v1/campaigns/second/{verb}", colour="red")
        post(house, f"/v1/campaigns/first/{verb}")
    for verb in ("start", "pause", "resume"):
        post(house, f"/v1/campaigns/second/{verb}")
    run(house.database, made["id"])
    for verb in ("promote", "rollback"):
        post(house, f"/v1/campaigns/second/{verb}")
        settle(house.database)
    get(house, "/v1/campaigns/second/recordings")
    get(house, "/v1/campaigns/second/recordings", state="odd")
    get(house, "/v1/campaigns/second/comparison")
    get(house, "/v1/campaigns/second/comparison", format="odd")
    shown = get(house, "/v1/campaigns/second/votes/next", voter="ada")["ballot"]
    for choice in ("a", "b", "odd"):
        vote = {"voter": "ada", "recording": shown["recording"], "passage": shown["passage"], "choice": choice}
        post(house, "/v1/campaigns/second/votes", **vote)
    get(house, "/v1/campaigns/second/votes")
    get(house, "/v1/campaigns/second/votes/next", colour="red")


def money_is_counted(house: House) -> None:
    for asked in ({"limit_ms": 1}, {"limit_ms": -1}):
        ask(house, "PUT", "/v1/budgets/all", json=asked)
    ask(house, "PUT", "/v1/budgets/all", params={"campaign": "none"}, json={"limit_ms": 1})
    for query in ({}, {"colour": "red"}, {"campaign": "none"}):
        get(house, "/v1/budgets", **query)
        get(house, "/v1/usage", **query)
    for query in ({}, {}, {"archive": "a", "campaign": "b"}):
        ask(house, "DELETE", "/v1/budgets/all", params=query)
    get(house, "/v1/estimate", recordings=1, audio_ms=1000)
    get(house, "/v1/estimate", colour="red")


def everything_is_asked_of_nothing(house: House, promised: set[Met]) -> None:
    for method, path, status in sorted(promised):
        if status == "404" or path in {"/v1/service", "/healthz", "/readyz", "/metrics"}:
            ask(house, method, path)


def keys_are_used_twice(house: House, promised: set[Met], monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"Idempotency-Key": "used"}
    house.client.post("/v1/batches", json={"name": "first"}, headers=key)
    for method, path, status in sorted(promised):
        if status == "422":
            ask(house, method, path, headers=key)
    with monkeypatch.context() as patched:  # what PostgreSQL says while another transaction works under the key
        patched.setattr(idempotency, "_reserve", lambda _session, _key: False)
        for method, path, status in sorted(promised):
            if method == "POST" and status == "409":
                ask(house, method, path, headers={"Idempotency-Key": "in flight"})


def strangers_ask(locked: House, promised: set[Met]) -> None:
    nobody = made_key(locked.database, "nobody")
    for given, asked in (({}, "401"), ({"Authorization": "Bearer none"}, "401"), (nobody, "403")):
        for method, path, status in sorted(promised):
            if status == asked:
                ask(locked, method, path, headers=given)


def test_each_answer_that_is_promised_is_met_and_as_promised(
    filling: Filling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, promised = filling.house, filling.house.answers.documentation.answers()
    jobs_come_and_go(house)
    recordings_have_versions(house)
    archives_are_filled(filling)
    campaigns_live(house)
    money_is_counted(house)
    everything_is_asked_of_nothing(house, promised)
    keys_are_used_twice(house, promised, monkeypatch)
    with opened(
        settings_for(f"sqlite:///{tmp_path}/no-schema.db", tmp_path, media_roots=house.settings.media_roots)
    ) as away:
        for method, path, status in sorted(promised):
            if status == "503":
                ask(away, method, path)
    with opened(house.settings, no_keys=False) as locked:
        strangers_ask(locked, promised)
    assert sorted(promised - house.answers.met - away.answers.met - locked.answers.met) == []


def test_an_answer_that_is_not_as_promised_is_found(house: House) -> None:
    answers, job = house.answers, house.job()
    shown = house.client.get(f"/v1/jobs/{job}").content
    met = ("GET", "/v1/jobs/{job_id}", "200")
    answers.documentation.check(met, "application/json", shown)
    for wrong in (shown.replace(b'"losses"', b'"loss"'), shown.replace(b"Z", b""), b"{}"):
        with pytest.raises(Exception, match=r"loss|date-time|required"):
            answers.documentation.check(met, "application/json", wrong)
    with pytest.raises(AssertionError, match="text/html"):
        answers.documentation.check(met, "text/html", shown)
    with pytest.raises(AssertionError, match="not documented"):
        answers.documentation.check(("GET", "/nowhere", "200"), "application/json", shown)
