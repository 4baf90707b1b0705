"""The worst values there are at every place where a stranger's come in: no answer is a defect, and every list is read.

The places are those of OpenAPI, columns of manifests and the JSON beside a recording; what is added is tried by itself.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fixtures.doors import sound
from tests.fixtures.finished_jobs import finished
from tests.fixtures.importing import Filling
from tests.fixtures.places import RAW, Place, as_json, places, put

LATE, EARLY = "9999-12-31T23:59:59.999999", "0001-01-01T00:00:00+14:00"
DEEP = '{"a":' * 1000 + "1" + "}" * 1000
WORST: list[object] = [
    "\0",
    "\ud800",
    f"{RAW}1{'0' * 20}",
    f"{RAW}1e400",
    LATE,
    EARLY,
    DEEP,
    "\u202eexe.wav",
    "x" * 100_000,
    {"\ud800": "\0", "\0": f"{RAW}1e400"},
    [["\ud800"]],
]
ADDRESSES = ("path", "query", "header")  # have texts only, of some length
DESCRIBED = ("external_id", "labels", "language", "recorded_at")


def fits(place: Place, value: object) -> bool:
    """Whether it can be sent there at all."""
    if place.where not in ADDRESSES:
        return True
    return isinstance(value, str) and len(value) < 20_000


def answered(client: httpx.Client, place: Place, value: object) -> int:
    """The status; what is refused before its body was read may end the connection instead."""
    try:
        return client.send(place.request(client, value)).status_code
    except (httpx.ReadError, httpx.WriteError):
        return 413


def lists(filling: Filling) -> Iterator[tuple[str, int]]:
    """Each list that there is, with its status."""
    imports = filling.client.get("/v1/archives/radio/imports?limit=500").json()["items"]
    campaigns = filling.client.get("/v1/campaigns?limit=500").json()["items"]
    whole = ["jobs", "recordings", "archives", "campaigns", "budgets", "archives/radio/imports", "usage"]
    parts = [f"imports/{one['id']}/problems?limit=500" for one in imports]
    parts += [f"campaigns/{one['id']}/recordings" for one in campaigns]
    parts += ["results?archive=radio", "results?archive=default", "search?q=word", "recordings?archive=radio"]
    for path in [*(f"{one}?limit=500" if one not in {"budgets", "usage"} else one for one in whole), *parts]:
        yield path, filling.client.get(f"/v1/{path}").status_code


def unlike(seen: Iterator[tuple[str, int]], good: range) -> list[tuple[str, int]]:
    return [(what, status) for what, status in seen if status not in good]


def test_no_value_at_any_place_is_a_defect(filling: Filling) -> None:
    claimed = finished(filling.house.database)
    filling.put("a.wav")
    filling.done(filling.begin())
    kept = filling.client.post("/v1/campaigns", json={"name": "again", "selection": {"archive": "radio"}})
    named = {"recording_id": claimed.recording_id, "job_id": claimed.job_id, "campaign": "again", "name": "radio"}
    assert kept.status_code == 201, kept.text
    every = list(places(filling.house.app.openapi(), named))
    headers = {place.keys: place for place in every if place.where == "header"}  # read alike, whatever the route
    every = [*(place for place in every if place.where != "header"), *headers.values()]
    assert len(every) > 150

    def answers() -> Iterator[tuple[str, int]]:
        for place in every:
            for value in WORST:
                if fits(place, value):
                    status = answered(filling.client, place, value)
                    yield f"{place.operation} {place.where} {place.keys} {str(value)[:20]!r}", status

    assert unlike(answers(), range(200, 500)) == []
    assert unlike(lists(filling), range(200, 300)) == []


def test_no_value_of_a_manifest_or_a_sidecar_is_a_defect(filling: Filling) -> None:
    manifest = []
    for number, (name, value) in enumerate((name, value) for name in (*DESCRIBED, "url", "new") for value in WORST):
        beside = filling.put(f"{number}.wav", sound(number)).with_suffix(".json")
        row: dict[str, Any] = {}
        put(row, (name,), value)
        beside.write_bytes(as_json(row)[: 64 * 1024])
        manifest.append(as_json({"url": f"mount://calls/{number}.wav", **row}))
    for path, kind in (("/v1/batches?archive=radio", "jobs"), ("/v1/archives/manifest/imports", "import")):
        headers = {"Content-Type": "application/x-ndjson"}
        answer = filling.client.post(path, content=b"\n".join(manifest), headers=headers)
        assert answer.status_code == 202, (kind, answer.text)
    done = filling.done(filling.begin(sidecars=True))
    assert (done["status"], done["rows"]) == ("succeeded", len(manifest))
    rows = filling.client.get("/v1/archives/manifest/imports").json()["items"]
    assert [one["status"] for one in rows] == ["succeeded"]
    assert unlike(lists(filling), range(200, 300)) == []


@pytest.mark.parametrize("value", WORST[:10])
def test_no_cell_of_a_csv_is_a_defect(filling: Filling, value: object) -> None:
    text = json.dumps(str(value).removeprefix(RAW), ensure_ascii=False).encode("utf-8", "surrogatepass")
    rows = b"\n".join(
        [b"url,recorded_at,labels,external_id", *(b"mount://calls/a.wav," + b"," * n + text for n in range(3))]
    )
    answer = filling.client.post("/v1/archives/radio/imports", content=rows, headers={"Content-Type": "text/csv"})
    assert answer.status_code in {202, 400}
    if answer.status_code == 202:
        assert filling.done(answer.json())["status"] == "succeeded"
    assert unlike(lists(filling), range(200, 300)) == []
