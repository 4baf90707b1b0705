"""Rows as `/v1/results` gives them."""

from typing import Any

PLAIN: dict[str, Any] = {
    "recording": "r1",
    "external_id": "call-1",
    "source": "2024/may/talk.mp3",
    "archive": "calls",
    "labels": {"team": "north"},
    "recorded_at": "2024-05-06T07:08:09.000Z",
    "created_at": "2026-01-02T03:04:05.000Z",
    "duration_ms": 1000,
    "job": "j1",
    "transcript": "t1",
    "status": "succeeded",
    "service": "local",
    "model": "pocketsphinx-en-us",
    "language": "en",
    "sent_ms": 1500,
    "error": None,
    "cost_usd": 0.0,
}


def item(number: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any field
    """The row of a recording of its own, with changes."""
    own = {"recording": f"r{number}", "transcript": f"t{number}", "external_id": f"call-{number}"}
    return {**PLAIN, **own, "source": f"{number}.wav", **changes}
