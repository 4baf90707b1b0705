"""Every event of the Qwen real-time speech recognition protocol, and its exact JSON both ways.

``decode_client`` and ``decode_server`` turn a text frame into an event, ``encode`` an event into a text frame. What is
unknown is tolerated: an unknown field is left out, an unknown type becomes an ``UnknownEvent``. What is broken (not
JSON, not an object, no type, a field of the wrong kind) raises ``MalformedEvent``, and nothing else does.
"""

from realtime.protocol.events.client import (
    Append,
    ClientEvent,
    Commit,
    Finish,
    SessionUpdate,
    append_audio,
)
from realtime.protocol.events.codec import UNSET, MalformedEvent, Unset
from realtime.protocol.events.frames import decode_client, decode_server, encode
from realtime.protocol.events.parts import (
    Audio,
    AudioFormat,
    AudioInput,
    ContentPart,
    Corpus,
    ErrorDetail,
    Item,
    SessionConfig,
    SessionInfo,
    Transcription,
    TurnDetection,
    UnknownEvent,
)
from realtime.protocol.events.server import (
    Committed,
    Completed,
    ErrorEvent,
    Failed,
    Finished,
    ItemCreated,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    Text,
)

__all__ = [
    "UNSET",
    "Append",
    "Audio",
    "AudioFormat",
    "AudioInput",
    "ClientEvent",
    "Commit",
    "Committed",
    "Completed",
    "ContentPart",
    "Corpus",
    "ErrorDetail",
    "ErrorEvent",
    "Failed",
    "Finish",
    "Finished",
    "Item",
    "ItemCreated",
    "MalformedEvent",
    "ServerEvent",
    "SessionConfig",
    "SessionCreated",
    "SessionInfo",
    "SessionUpdate",
    "SessionUpdated",
    "SpeechStarted",
    "SpeechStopped",
    "Text",
    "Transcription",
    "TurnDetection",
    "UnknownEvent",
    "Unset",
    "append_audio",
    "decode_client",
    "decode_server",
    "encode",
]
