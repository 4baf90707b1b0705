"""An archive on its way through two models, as its owner would drive it over HTTP, and what is true at each station."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.ledger import Said, expected, in_transcript, length_ms
from tests.acceptance.recordings import write
from tests.acceptance.stack import wait_for

NAME = "calls"
OLD, NEW = "scripted", "scripted-2"
PATIENCE_S = 300.0
AWAY = frozenset({503, 502})

Fields = dict[str, Any]


@dataclass
class Archive:
    """Recordings of wav files in a mounted folder; ``said`` is what each model hears in them, by the file's name."""

    client: httpx.Client
    folder: Path
    said: dict[str, dict[str, list[Said]]] = field(default_factory=dict)

    def fill(self, count: int, turns: int) -> None:
        for number in range(0, 5 * count, 5):  # each fifth is a WAV: the cheapest to make and to read
            path = write(self.folder, number, turns)
            self.said[path.name] = {model: expected(path, model=model) for model in (OLD, NEW)}

    @property
    def needed_ms(self) -> int:
        return sum(length_ms(models[OLD]) for models in self.said.values())

    def get(self, path: str, **query: str) -> Fields:
        """Patient while the API is started again."""
        answer = wait_for(lambda: self._ask(path, query), PATIENCE_S, each_s=0.2)
        assert answer is not None
        return dict(answer.json())

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Fields:
        answer = self.client.post(path, json=body or {})
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    def refused(self, path: str, body: Mapping[str, Any] | None = None) -> str:
        """The code of the error that this must be answered with."""
        answer = self.client.post(path, json=body or {})
        assert answer.is_client_error, f"{path}: {answer.status_code} {answer.text}"
        return str(answer.json()["code"])

    def pages(self, path: str, **query: str) -> Iterator[Fields]:
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, limit="100", **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]

    def recordings(self) -> dict[str, Fields]:
        """By the file's name."""
        found = {Path(one["source"]).name: one for one in self.pages("/v1/recordings", archive=NAME)}
        assert found.keys() == self.said.keys()
        return found

    def current_versions(self) -> dict[str, tuple[str, list[Said]]]:
        """The model and the segments of each recording's current transcript, which there always is."""
        found = {
            name: self.get(f"/v1/transcripts/{one['current_transcript']}") for name, one in self.recordings().items()
        }
        return {name: (version["model"], in_transcript(version)) for name, version in found.items()}

    def heard_by(self, model: str) -> dict[str, tuple[str, list[Said]]]:
        """What all current versions must be where this model's are."""
        return {name: (model, models[model]) for name, models in self.said.items()}

    def wait_until(self, path: str, status: str) -> Fields:
        """Until what is at the path has the status; it must not get stuck elsewhere."""

        def look() -> Fields | None:
            found = self.get(path)
            assert found["status"] not in {"failed", "cancelled", "paused"}, found
            return found if found["status"] == status and not found.get("step") else None

        return wait_for(look, PATIENCE_S, each_s=0.3) or {}

    def _ask(self, path: str, query: Mapping[str, str]) -> httpx.Response | None:
        try:
            answer = self.client.get(path, params=dict(query))
        except httpx.TransportError:
            return None
        if answer.status_code in AWAY:
            return None
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer
