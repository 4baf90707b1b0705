"""Text frames to events and back."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from realtime.protocol.events import client, server
from realtime.protocol.events.client import ClientEvent
from realtime.protocol.events.codec import MalformedEvent, read, write
from realtime.protocol.events.parts import UnknownEvent
from realtime.protocol.events.server import ServerEvent

_CLIENT: dict[str, type] = {
    kind.type: kind for kind in (client.SessionUpdate, client.Append, client.Commit, client.Finish)
}
_SERVER: dict[str, type] = {
    kind.type: kind
    for kind in (
        server.SessionCreated,
        server.SessionUpdated,
        server.ErrorEvent,
        server.SpeechStarted,
        server.SpeechStopped,
        server.Committed,
        server.ItemCreated,
        server.Text,
        server.Completed,
        server.Failed,
        server.Finished,
    )
}


def decode_client(frame: str | bytes) -> ClientEvent:
    """The client event in a frame; raises MalformedEvent."""
    return cast(ClientEvent, _decode(_CLIENT, frame))


def decode_server(frame: str | bytes) -> ServerEvent:
    """The server event in a frame; raises MalformedEvent."""
    return cast(ServerEvent, _decode(_SERVER, frame))


def encode(event: ClientEvent | ServerEvent) -> str:
    """The text frame of an event: ``event_id``, ``type``, then its fields; compact, in ASCII."""
    if isinstance(event, UnknownEvent):
        return _dumps(dict(event.raw))
    fields = write(event)
    event_id = {"event_id": fields.pop("event_id")} if "event_id" in fields else {}
    if isinstance(event, client.Append) and isinstance(event.audio, client.Base64):
        # To look for what needs an escape would be a sixth of the cost of sending audio.
        head = _dumps({**event_id, "type": event.type})
        return f'{head[:-1]},"audio":"{event.audio}"}}'
    return _dumps({**event_id, "type": event.type, **fields})


def _dumps(raw: dict[str, object]) -> str:
    return json.dumps(raw, separators=(",", ":"))


def _decode(kinds: Mapping[str, type], frame: str | bytes) -> object:
    raw = _parse(frame)
    event_id = _optional_text(raw.get("event_id"))
    kind = raw.get("type")
    if not isinstance(kind, str):
        raise MalformedEvent("The event has no type.", param="type", event_id=event_id)
    if kind not in kinds:
        return UnknownEvent(type=kind, event_id=event_id, raw=raw)
    try:
        return read(kinds[kind], raw)
    except MalformedEvent as error:
        error.event_id = event_id
        raise


def _optional_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _parse(frame: str | bytes) -> dict[str, Any]:
    try:
        raw = json.loads(frame, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # RecursionError: brackets nested without end
        raise MalformedEvent("The frame is not JSON.") from error
    if not isinstance(raw, dict):
        raise MalformedEvent("The frame is not a JSON object.")
    return raw


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")  # Python's parser takes NaN and Infinity
