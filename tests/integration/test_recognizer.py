"""The local service over its socket: the documented flow, its door, its faults, its log and its end."""

import base64
import hashlib
import json
import signal
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidMessage, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from realtime.protocol.engine import Answer, Hypothesis, Segment
from realtime.service import server
from realtime.service.config import PATH, RecognizerConfig
from realtime.service.engines.scripted_engine import ScriptedEngine, words_of
from tests.fixtures.paths import SAMPLES
from tests.fixtures.pcm import silence, tone
from tests.fixtures.recognizer import RunningRecognizer, StartRecognizer
from tests.fixtures.recognizer_client import DEADLINE_S, TRANSCRIPTION, manual_client, raw_client
from tests.fixtures.recognizer_process import recognizer_process

PCM = tone(3_000)


@pytest.fixture(scope="module")
def two_seconds_of_speech() -> bytes:
    """And the silence before: "the river was high"."""
    with wave.open(str(SAMPLES / "river.wav")) as sample:
        return bytes(sample.readframes(16_000 * 28 // 10))


def log_of(path: Path, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


def test_the_documented_flow_of_manual_mode(recognizer: RunningRecognizer) -> None:
    with raw_client(recognizer.url) as client:
        assert client.receive()["type"] == "session.created"
        updated = client.update(turn_detection=None, input_audio_transcription={"language": "en"})
        assert updated["session"]["turn_detection"] is None
        client.append(PCM)
        client.commit()
        answered = client.until(TRANSCRIPTION + "completed")
        finished = client.finish()

    assert [event["type"] for event in answered] == [
        "input_audio_buffer.committed",
        "conversation.item.created",
        TRANSCRIPTION + "completed",
    ]
    assert len({event.get("item_id") or event["item"]["id"] for event in answered}) == 1
    assert answered[-1]["transcript"] == " ".join(words_of(PCM))
    assert [event["type"] for event in finished] == ["session.finished"]


def test_update_audio_commit_and_finish_may_arrive_before_anything_was_read(recognizer: RunningRecognizer) -> None:
    with raw_client(recognizer.url) as client:
        client.send("session.update", session={"turn_detection": None})
        client.append(PCM, frame_bytes=3_200)
        client.commit()
        events = client.finish()

    assert events[-2]["transcript"] == " ".join(words_of(PCM))


def test_a_whole_file_of_fifteen_mebibytes_comes_in_one_append(recognizer: RunningRecognizer) -> None:
    pcm = (tone(1_000) + silence(1_500)) * 147
    audio = base64.b64encode(pcm).decode()
    assert 14.9 * 2**20 < len(audio) <= 15 * 2**20

    with raw_client(recognizer.url) as client:
        client.send("input_audio_buffer.append", audio=audio)
        events = client.finish()

    assert sum(event["type"] == TRANSCRIPTION + "completed" for event in events) == 147


def test_silence_is_answered_with_an_empty_text(recognizer: RunningRecognizer) -> None:
    with manual_client(recognizer.url) as client:
        assert client.transcribe(silence(2_000)) == ""


def test_sessions_do_not_disturb_each_other(recognizer: RunningRecognizer) -> None:
    with manual_client(recognizer.url) as left, manual_client(recognizer.url) as right:
        left.append(tone(500))
        right.append(tone(900))
        left.commit()
        assert left.until(TRANSCRIPTION + "completed")[-1]["transcript"] == " ".join(words_of(tone(500)))
        right.commit()
        assert right.until(TRANSCRIPTION + "completed")[-1]["transcript"] == " ".join(words_of(tone(900)))


def test_something_is_said_while_an_answer_takes_long(start_recognizer: StartRecognizer) -> None:
    url = start_recognizer(latency_ms=1_200).url

    with manual_client(url, input_audio_transcription={"language": "en"}) as client:
        client.append(PCM)
        client.commit()
        events = client.until(TRANSCRIPTION + "completed")

    previews = [event for event in events if event["type"] == TRANSCRIPTION + "text"]
    assert previews
    assert {"text", "stash", "item_id", "language", "emotion"} <= previews[0].keys()


class TacitEngine(ScriptedEngine):
    """Says nothing on its way to an answer, as a gateway does."""

    async def recognise(self, segment: Segment, preview: Callable[[Hypothesis], None]) -> Answer:  # noqa: ARG002  # the port's
        return await super().recognise(segment, lambda _preview: None)


def test_a_beat_is_heard_while_an_engine_says_nothing(
    start_recognizer: StartRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RecognizerConfig().heartbeat_s < 5
    monkeypatch.setattr(server, "ScriptedEngine", TacitEngine)

    with manual_client(start_recognizer(latency_ms=2_000, heartbeat_s=0.4).url) as client:
        client.append(PCM)
        client.commit()
        events = client.until(TRANSCRIPTION + "completed")

    beats = [event for event in events if event["type"] == TRANSCRIPTION + "text"]
    assert len(beats) >= 2  # one every 0.4 s, were the machine not busy
    assert {(event["item_id"], event["text"], event["stash"]) for event in beats} == {(events[0]["item_id"], "", "")}


def test_a_missing_or_wrong_key_fails_the_handshake(start_recognizer: StartRecognizer) -> None:
    url = start_recognizer(keys=frozenset({"sk-right"})).url

    for headers in ({}, {"Authorization": "Bearer sk-wrong"}):
        with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers):
            pass
        assert refused.value.response.status_code == 401
    with connect(url, additional_headers={"authorization": "bearer sk-right"}):
        pass
    twice = Headers([("Authorization", "Bearer sk-right"), ("Authorization", "Bearer sk-right")])
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=twice):
        pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost:{port}"])
def test_no_page_gets_a_session(recognizer: RunningRecognizer, origin: str) -> None:
    given = Origin(origin.format(port=recognizer.port))
    with pytest.raises(InvalidStatus) as refused, connect(recognizer.url, origin=given):
        pass
    assert refused.value.response.status_code == 403


def test_its_own_origin_gets_one(recognizer: RunningRecognizer) -> None:
    for scheme in ("http", "https", "ws"):
        with connect(recognizer.url, origin=Origin(f"{scheme}://127.0.0.1:{recognizer.port}")):
            pass


@pytest.mark.parametrize("path", [PATH, "/healthz"])
def test_a_name_that_was_moved_here_gets_no_session(start_recognizer: StartRecognizer, path: str) -> None:
    port = start_recognizer(hosts=("recognizer",)).port
    url = f"http://127.0.0.1:{port}{path}"
    for host in ("evil.example", f"evil.example:{port}", "192.0.2.7"):
        assert httpx.get(url, headers={"Host": host}, trust_env=False).status_code == 421
    assert httpx.get(url, headers={"Host": "recognizer"}, trust_env=False).status_code != 421


def test_more_sessions_than_allowed_are_429_and_room_comes_back(start_recognizer: StartRecognizer) -> None:
    url = start_recognizer(max_sessions=1).url

    with raw_client(url) as first:
        with pytest.raises(InvalidStatus) as refused, connect(url):
            pass
        assert refused.value.response.status_code == 429
        assert int(refused.value.response.headers["Retry-After"]) > 0
        first.finish()
    _until_open(url)


def _until_open(url: str) -> None:
    """The server notices the end of a connection a moment after the client."""
    for _ in range(1000):
        try:
            with connect(url):
                return
        except InvalidStatus:
            continue
    raise AssertionError("no room came back")


def test_the_service_says_that_it_is_alive(recognizer: RunningRecognizer) -> None:
    answer = httpx.get(f"http://127.0.0.1:{recognizer.port}/healthz", trust_env=False)

    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_an_idle_session_is_told_and_closed(start_recognizer: StartRecognizer) -> None:
    with raw_client(start_recognizer(idle_s=0.2).url) as client:
        error = client.until("error")[-1]["error"]

    assert (error["type"], error["code"]) == ("server_error", "idle_timeout")


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_fault_at_the_handshake(start_recognizer: StartRecognizer, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(start_recognizer(fault=str(status)).url):
        pass

    assert refused.value.response.status_code == status


def test_a_fault_that_fails_an_item(start_recognizer: StartRecognizer) -> None:
    with manual_client(start_recognizer(fault="fail:DataInspectionFailed").url) as client:
        client.append(PCM)
        client.commit()
        failed = client.until(TRANSCRIPTION + "failed")[-1]
        assert failed["error"]["code"] == "DataInspectionFailed"
        assert client.finish()[-1]["type"] == "session.finished"


def test_a_fault_that_ends_the_session_with_an_error(start_recognizer: StartRecognizer) -> None:
    with manual_client(start_recognizer(fault="error:AccessDenied").url) as client:
        client.append(PCM)
        client.commit()
        error = client.until("error")[-1]["error"]

    assert (error["type"], error["code"]) == ("server_error", "AccessDenied")


def test_a_fault_that_resets_the_connection(start_recognizer: StartRecognizer) -> None:
    with manual_client(start_recognizer(fault="reset").url) as client:
        client.append(PCM)
        client.commit()
        with pytest.raises(ConnectionClosedError):
            client.until(TRANSCRIPTION + "completed")


@pytest.mark.parametrize("fault", ["drop", "stall"])
def test_a_fault_that_answers_nothing(start_recognizer: StartRecognizer, fault: str) -> None:
    with manual_client(start_recognizer(fault=fault).url) as client:
        client.append(PCM)
        client.commit()
        assert TRANSCRIPTION + "completed" not in {event["type"] for event in client.until_quiet(0.3)}
        assert client.socket.ping().wait(DEADLINE_S)


def test_a_service_that_is_away_takes_nobody_in(start_recognizer: StartRecognizer) -> None:
    with pytest.raises((InvalidMessage, ConnectionError, EOFError)), connect(start_recognizer(fault="away:60").url):
        pass


def test_the_log_tells_what_was_received_and_answered(start_recognizer: StartRecognizer, tmp_path: Path) -> None:
    log = tmp_path / "service.jsonl"
    with manual_client(start_recognizer(log=log).url) as client:
        client.append(PCM, frame_bytes=40_000)
        client.commit()
        client.finish()

    (handshake,), (commit,), (answer,) = (log_of(log, event) for event in ("handshake", "commit", "completed"))
    appends = log_of(log, "append")
    assert handshake["status"] == 101
    assert [(line["from_byte"], line["bytes"]) for line in appends] == [(0, 40_000), (40_000, 40_000), (80_000, 16_000)]
    assert (commit["bytes"], commit["sha256"]) == (len(PCM), hashlib.sha256(PCM).hexdigest())
    assert {line["item"] for line in (*appends, commit, answer)} == {commit["item"]}
    assert answer["text"] == " ".join(words_of(PCM))


@pytest.mark.parametrize("turn_detection", [None, {"type": "server_vad"}])
def test_closing_without_finish_drops_the_open_item(
    start_recognizer: StartRecognizer, tmp_path: Path, turn_detection: dict[str, str] | None
) -> None:
    log = tmp_path / "service.jsonl"
    with raw_client(start_recognizer(log=log).url) as client:
        client.update(turn_detection=turn_detection)
        client.append(PCM)
    until_logged(log, "end")

    assert sum(line["bytes"] for line in log_of(log, "append")) == len(PCM)
    assert log_of(log, "commit") == log_of(log, "completed") == []


def until_logged(log: Path, event: str) -> None:
    until = time.monotonic() + DEADLINE_S
    while not log_of(log, event):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_at_its_end_the_service_tells_its_sessions() -> None:
    with recognizer_process() as (url, process), raw_client(url) as client:
        client.receive()
        process.send_signal(signal.SIGTERM)
        error = client.until("error")[-1]["error"]
        with pytest.raises(ConnectionClosed):
            client.receive()
        process.wait(DEADLINE_S)

    assert error["type"] == "server_error"


def test_at_its_end_the_service_takes_its_recognisers_along() -> None:
    with recognizer_process(engine="pocketsphinx", processes=1) as (url, process):
        with raw_client(url) as client:
            client.receive()
        (child,) = process.children()
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)
        child.wait(DEADLINE_S)


def test_recognisers_do_not_outlive_a_service_that_is_killed() -> None:
    with recognizer_process(engine="pocketsphinx", processes=1) as (url, process):
        with raw_client(url) as client:
            client.receive()
        (child,) = process.children()
        process.kill()
        child.wait(DEADLINE_S)


def test_a_killed_recogniser_is_replaced_and_its_segment_answered(two_seconds_of_speech: bytes) -> None:
    with recognizer_process(engine="pocketsphinx", processes=1) as (url, process), manual_client(url) as client:
        client.append(two_seconds_of_speech)
        client.commit()
        client.until("input_audio_buffer.committed")
        process.children()[0].kill()
        assert "river" in client.until(TRANSCRIPTION + "completed")[-1]["transcript"]


def test_drafts_come_while_somebody_is_speaking(
    pocketsphinx_recognizer: RunningRecognizer, two_seconds_of_speech: bytes
) -> None:
    with raw_client(pocketsphinx_recognizer.url) as client:
        client.append(two_seconds_of_speech)
        drafted = client.until(TRANSCRIPTION + "text")
        finished = client.finish()

    started = next(event for event in drafted if event["type"] == "input_audio_buffer.speech_started")
    assert drafted[-1]["item_id"] == started["item_id"]
    assert (drafted[-1]["text"], bool(drafted[-1]["stash"])) == ("", True)
    assert [event["transcript"] for event in finished if event["type"] == TRANSCRIPTION + "completed"]
