import io

import pytest
from rich.console import Console
from rich.progress import Progress

from api.cli.output.progress import Bars, Display, done_line, open_display
from tests.fixtures import answers
from worker.shapes.jobs import Job


def job(job_id: str = "j1", status: str = "running", **fields: object) -> Job:
    return answers.job(job_id, status, **fields)


def bars(total: int) -> tuple[Bars, Progress, io.StringIO]:
    screen = io.StringIO()
    progress = Progress(console=Console(file=screen, force_terminal=True, width=120), auto_refresh=False)
    return Bars(progress, total), progress, screen


def shown(progress: Progress) -> dict[str, tuple[float, float | None]]:
    return {task.description: (task.completed, task.total) for task in progress.tasks}


def test_each_running_job_has_a_bar_in_audio_over_one_for_the_whole() -> None:
    display, progress, _ = bars(2)
    display.show("a.wav", job("j1"))
    display.show("b.wav", job("j2", "queued"))
    assert shown(progress) == {"all": (0, 2), "a.wav": (1000, 4000)}


def test_an_ended_job_s_bar_goes_and_its_line_stays() -> None:
    display, progress, screen = bars(2)
    display.show("a.wav", job("j1"))
    display.ended("a.wav", "j1", "4.0 s of audio")
    assert shown(progress) == {"all": (1, 2)}
    assert "a.wav: 4.0 s of audio" in screen.getvalue()


def test_a_thousand_running_jobs_do_not_fill_the_screen() -> None:
    display, progress, _ = bars(1000)
    for number in range(1000):
        display.show(f"{number}.wav", job(f"j{number}"))
    assert len(progress.tasks) < 20


def test_a_name_is_no_markup_and_a_long_one_is_cut_at_its_front() -> None:
    display, progress, screen = bars(1)
    display.show("x" * 100 + "/[bold]talk.wav", job())
    display.ended("[red]talk.wav", "j2", "[1] done")
    (name,) = (task.description for task in progress.tasks if task.description != "all")
    assert name.endswith("/[bold]talk.wav")
    assert len(name) <= 40
    assert "[red]talk.wav: [1] done" in screen.getvalue()


def test_without_a_terminal_each_reason_to_wait_is_said_once() -> None:
    said: list[str] = []
    display = Display(said.append)
    for name in ("a.wav", "b.wav"):
        display.show(name, job(waiting={**answers.WAITING, "message": "The service does not answer."}))
    display.ended("a.wav", "j1", "done")
    assert said == ["a.wav waits: The service does not answer.", "a.wav: done"]


def test_for_a_machine_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with open_display(1, silent=True) as display:
        display.show("a.wav", job())
        display.ended("a.wav", "j1", "done")
        display.note("so")
    assert tuple(capsys.readouterr()) == ("", "")
    with open_display(1) as display:
        display.note("so")
    assert capsys.readouterr().err == "so\n"


def test_a_finished_job_says_what_was_sent_reused_and_missing() -> None:
    assert done_line(job(sent_ms=2500, reused_ms=1000, gaps=2)) == "4.0 s of audio, 2.5 s sent, 1.0 s reused, 2 gaps"
    assert done_line(job(sent_ms=2500, reused_ms=0, gaps=0)) == "4.0 s of audio, 2.5 s sent"
