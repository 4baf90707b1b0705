"""`longhand up`: parts that die, refusals, and ends of every kind."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.cli import main
from tests.fixtures.command_line import SAMPLE, UpStack, cut_sample, running_up
from tests.fixtures.door_keys import key_of_home
from tests.fixtures.recognizer import running_recognizer
from tests.fixtures.waiting import wait_for

RATE = r"[Ww]ord error rate (?:over all: )?([\d.]+)% \(\d+ of (\d+) words\)"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LONGHAND_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def stack(home: Path) -> Iterator[UpStack]:
    with running_up(home) as up:
        yield up


def all_gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=20)[1]


def kill_and_see_it_back(stack: UpStack, name: str) -> None:
    killed = stack.part(name)
    assert killed is not None
    killed.kill()
    wait_for(lambda: (found := stack.part(name)) and found.pid != killed.pid)


def test_killed_parts_come_back_and_a_killed_stack_leaves_nothing_behind(stack: UpStack, tmp_path: Path) -> None:
    kill_and_see_it_back(stack, "redis-server")
    kill_and_see_it_back(stack, "worker")
    assert main(["transcribe", str(cut_sample(tmp_path / "one.wav", 0, 2))]) == 0
    everything = psutil.Process(stack.process.pid).children(recursive=True)
    assert len(everything) >= 5
    stack.process.kill()
    assert all_gone(everything)


def test_the_key_of_the_home_lets_in_and_nothing_else_does(
    stack: UpStack, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, key = f"{stack.server.url}/v1/jobs", key_of_home(stack.home)
    assert stat.S_IMODE((stack.home / "key").stat().st_mode) == 0o600
    assert httpx.get(jobs, trust_env=False).status_code == 401
    assert httpx.get(jobs, trust_env=False, headers=key).status_code == 200
    assert main(["status"]) == 0
    monkeypatch.setenv("LONGHAND_URL", stack.server.url)  # the home's own stack by another way
    assert main(["status"]) == 0
    monkeypatch.setenv("LONGHAND_API_KEY", "another")
    assert main(["status"]) == 1
    assert "longhand key list" in capsys.readouterr().err
    monkeypatch.setenv("LONGHAND_API_KEY", key["Authorization"].removeprefix("Bearer "))
    assert main(["status"]) == 0
    assert stack.stop() == 0
    with running_up(stack.home, "--no-keys") as again:
        assert key_of_home(again.home) == key
        assert httpx.get(f"{again.server.url}/v1/jobs", trust_env=False).status_code == 200
    secret = key["Authorization"].rpartition("_")[2].encode()
    kept = [path for path in stack.home.rglob("*") if path.is_file() and path.name != "key"]
    assert [path for path in [*kept, stack.home.parent / f"{stack.home.name}.log"] if secret in path.read_bytes()] == []


def test_the_local_service_of_a_stack_works_for_that_stack_alone(
    stack: UpStack, tmp_path: Path, capsys: Captured
) -> None:
    recognizer = stack.part("recognizer")
    assert recognizer is not None
    words = recognizer.cmdline()
    url = f"ws://127.0.0.1:{words[words.index('--port') + 1]}/api-ws/v1/realtime"
    with pytest.raises(InvalidStatus) as refused, connect(url):
        pass
    assert refused.value.response.status_code == 401
    recording = str(cut_sample(tmp_path / "one.wav", 0, 3))
    assert main(["transcribe", recording, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sent_ms"] > 0
    assert stack.stop() == 0
    with running_up(stack.home):  # with another key: what was answered under the first is not sent again
        assert main(["transcribe", recording, "--json", "--archive", "second"]) == 0
        again = json.loads(capsys.readouterr().out)
        assert (again["sent_ms"], again["reused_ms"] > 0) == (0, True)


def test_sigterm_ends_all_parts_in_good_order_and_the_home_can_be_used_again(stack: UpStack, tmp_path: Path) -> None:
    everything = psutil.Process(stack.process.pid).children(recursive=True)
    assert stack.stop() == 0
    assert all_gone(everything)
    assert not (stack.home / "server.json").exists()
    with running_up(stack.home):
        assert main(["transcribe", str(cut_sample(tmp_path / "one.wav", 0, 2))]) == 0


def test_a_stack_off_the_usual_address_comes_up_and_is_found(home: Path, capsys: Captured) -> None:
    with running_up(home, "--host", "127.0.0.2") as stack:
        assert stack.server.url.startswith("http://127.0.0.2:")
        assert main(["status"]) == 0


def test_a_refused_key_ends_transcribe_with_the_setting_to_look_at(
    home: Path, tmp_path: Path, capsys: Captured
) -> None:
    recording = str(cut_sample(tmp_path / "talk.wav", 0, 2))
    refusing = running_recognizer(keys=frozenset({"right"}))
    with refusing as service, running_up(home, service_url=service.url, service_key="wrong"):
        assert main(["transcribe", recording]) == 3
        assert "LONGHAND_SERVICE_KEY" in capsys.readouterr().err
        assert main(["status"]) == 0
        assert "cancelled" in capsys.readouterr().out


def test_a_database_that_does_not_answer_is_one_line(
    home: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_DATABASE_URL", "postgresql+psycopg://127.0.0.1:1/nowhere")
    assert main(["up", "--port", "0", "--engine", "scripted"]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert "The database cannot be brought up to date" in line
    assert home.exists()


def test_a_url_that_is_none_is_a_wrong_setting_for_the_whole_stack_too(
    home: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGHAND_DATABASE_URL", "nonsense")
    assert main(["up", "--port", "0", "--engine", "scripted"]) == 2
    assert main(["transcribe", str(cut_sample(tmp_path / "talk.wav", 0, 1)), "--engine", "scripted"]) == 2
    assert "LONGHAND_DATABASE_URL" in capsys.readouterr().err.strip().splitlines()[-1]


def test_the_demo_shows_texts_rates_and_that_nothing_is_sent_twice(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cut_sample(tmp_path / "talk.wav", 0, 4)
    (tmp_path / "talk.txt").write_text("The river was high.")
    before = set(psutil.Process().children(recursive=True))
    assert main(["demo", "talk.wav", "--engine", "scripted"]) == 0
    shown = capsys.readouterr().out
    assert "word error rate" in shown
    assert "The second time nothing was sent" in shown
    assert sorted(path.name for path in Path("build/demo").iterdir()) == ["home", "talk.json", "talk.srt", "talk.txt"]
    assert set(psutil.Process().children(recursive=True)) <= before  # what another test left may end meanwhile


def test_the_demo_of_the_samples_keeps_to_its_word_error_rate(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    *each, total = re.findall(RATE, capsys.readouterr().out)
    assert len(each) == len(list(SAMPLE.parent.glob("*.words.json"))) == 4
    assert int(total[1]) == sum(int(words) for _, words in each) > 200
    assert float(total[0]) <= 15


def test_samples_that_are_heard_wrong_make_the_demo_fail(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cut_sample(tmp_path / "samples" / "talk.wav", 0, 4)
    (tmp_path / "samples" / "talk.txt").write_text("Quite another thing.")
    monkeypatch.setattr("api.cli.demo.SAMPLES", tmp_path / "samples")
    assert main(["demo"]) == 1
    assert "The word error rate is above 15%" in capsys.readouterr().err
