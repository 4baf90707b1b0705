import json
import logging
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from worker.logs import StderrHandler, configure_logging


def test_a_line_is_json_with_its_ids_as_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=True)
    with structlog.contextvars.bound_contextvars(job="j1"):
        structlog.get_logger().warning("the job is tried again", due_in_s=8)

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["job"], line["due_in_s"]) == (
        "the job is tried again",
        "warning",
        "j1",
        8,
    )
    assert line["timestamp"].endswith("Z")


def test_the_libraries_lines_look_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=True)
    logging.getLogger("celery").error("Cannot connect to %s", "redis")

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"]) == ("Cannot connect to redis", "error")


def test_an_error_brings_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=True)
    structlog.get_logger().error("an unexpected error", exc_info=ValueError("what it was"))

    assert "ValueError: what it was" in json.loads(capsys.readouterr().err)["exception"]


def test_a_person_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=False)
    structlog.get_logger().info("the job has its transcript", transcript="t1")

    assert "the job has its transcript" in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_what_strangers_wrote_steers_no_terminal(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    configure_logging(as_json=as_json)
    hostile = "a\x1b]0;PWNED\x07\x9b2J\u202e\nb"
    structlog.get_logger().error(hostile, file=hostile, files=[hostile], exc_info=ValueError(hostile))
    logging.getLogger("celery").error("no %s", hostile)

    written = capsys.readouterr().err
    assert "PWNED" in written
    assert not {"\x1b]", "\x07", "\x9b", "\u202e"} & {found for found in ("\x1b]", *written) if found in written}


def test_a_secret_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=True)
    structlog.get_logger().info("a service", key=SecretStr("sk-123"))

    assert "sk-123" not in capsys.readouterr().err


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=True)
    configure_logging(as_json=True)
    structlog.get_logger().info("once")

    assert len(capsys.readouterr().err.splitlines()) == 1
    assert sum(isinstance(handler, StderrHandler) for handler in logging.getLogger().handlers) == 1


def test_a_full_disk_under_the_log_ends_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        configure_logging(as_json=True)
        structlog.get_logger().warning("x" * 100_000)
        with suppress(OSError):  # what is left of it, when the file is closed
            full.close()
