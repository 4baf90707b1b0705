from pathlib import Path

from api.cli.stack.log_tail import LogTail


def append(path: Path, text: str) -> None:
    with path.open("a") as log:
        log.write(text)


def test_errors_are_seen_once_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "worker.log")
    append(tail.path, '{"event": "fine", "level": "info"}\n{"event": "broken", "level": "error", "job": "j1"}\n')
    assert tail.alarms() == ["broken (job=j1)"]
    assert tail.alarms() == []


def test_what_was_there_before_is_not_news(tmp_path: Path) -> None:
    append(tmp_path / "worker.log", '{"event": "old", "level": "error"}\n')
    assert LogTail(tmp_path / "worker.log").alarms() == []


def test_a_line_in_the_middle_of_being_written_waits_for_its_end(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "api.log")
    append(tail.path, '{"event": "broken", "lev')
    assert tail.alarms() == []
    append(tail.path, 'el": "error"}\n')
    assert tail.alarms() == ["broken"]


def test_the_last_line_says_why_a_process_ended(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "redis.log")
    append(tail.path, "Ready\n# Fatal error, can't open config file\n\n")
    assert tail.last_line() == "# Fatal error, can't open config file"


def test_a_log_is_turned_over_when_it_has_grown_and_reading_goes_on(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "worker.log", largest_bytes=100)
    append(tail.path, "x" * 200 + "\n")
    tail.alarms()
    assert tail.path.stat().st_size == 0
    assert (tmp_path / "worker.log.1").stat().st_size == 201
    append(tail.path, '{"event": "after", "level": "error"}\n')
    assert tail.alarms() == ["after"]
