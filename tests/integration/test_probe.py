"""The probe finds the planted habits of real services on loopback."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from api.cli.stack.ports import free_port
from realtime.protocol.errors import KeyRefused, RateLimited, ServiceUnreachable
from tests.fixtures.planted import FAST, FASTEST, MODEL, PLAN, SLOW, Habits, PlantedService, planted
from tests.fixtures.recognizer import RunningRecognizer
from worker.probing.findings import Finding, Question, Recommendation, warnings
from worker.probing.probe import Probe, ProbeReport
from worker.probing.subject import ProbePlan
from worker.services.catalogue import Service

# Between FAST and FASTEST, far from both: a busy machine must not make one look like the other.
BETWEEN = 90.0


def service_at(url: str) -> Service:
    return Service(name="planted", url=url, model=MODEL, pace=4.0, sessions=16)


def probed(service: PlantedService, plan: ProbePlan = PLAN) -> ProbeReport:
    report = Probe(service_at(service.url), plan, lambda _: None).run()
    assert service.audio_s <= report.sent_s <= plan.budget_s  # what was on its way at a close did not arrive
    return report


def verdicts(report: ProbeReport) -> dict[Question, bool | None]:
    return {one.question: one.holds for one in report.findings if one.question is not Question.PACE}


def findings(report: ProbeReport, question: Question) -> Sequence[Finding]:
    return [one for one in report.findings if one.question is question]


def finding(report: ProbeReport, question: Question) -> Finding:
    (one,) = findings(report, question)
    return one


def paces(report: ProbeReport) -> dict[float | None, bool | None]:
    return {one.asked: one.holds for one in findings(report, Question.PACE)}


def test_a_service_without_any_habit_is_recommended_at_its_fastest() -> None:
    with planted(Habits(usage={"duration": 2, "detail": {"audio_tokens": 50}})) as service:
        report = probed(service)

    assert all(verdicts(report).values())
    assert paces(report) == {SLOW: True, FAST: True, FASTEST: True}
    assert report.recommendation == Recommendation(pace=FASTEST, depth=2, sessions=5)
    assert finding(report, Question.USAGE).detail == "{duration: int, detail: {audio_tokens: int}}"
    assert finding(report, Question.ANSWER).detail.startswith(MODEL)
    assert report.sent_s < PLAN.budget_s


def test_a_service_of_one_commit_a_connection_is_told_and_warned_of() -> None:
    with planted(Habits(commits=1, answers_silence=False, takes_context=False)) as service:
        report = probed(service)

    found = verdicts(report)
    refused = {Question.COMMITS, Question.SILENCE, Question.CONTEXT, Question.AHEAD, Question.IDLE, Question.USAGE}
    assert {question for question, holds in found.items() if holds is False} == refused | {Question.SESSIONS}
    assert finding(report, Question.COMMITS).found == 1
    assert finding(report, Question.COMMITS).detail == "request_rejected (InvalidParameter)"
    assert report.recommendation.depth == 1
    assert len(warnings(report.findings)) == 3


def test_a_service_that_wants_one_thing_at_a_time_and_not_too_fast_is_found_out() -> None:
    with planted(Habits(takes_ahead=False, pace=BETWEEN, latency_s=0.2)) as service:
        report = probed(service)

    assert paces(report) == {SLOW: True, FAST: True, FASTEST: False}
    assert finding(report, Question.AHEAD).holds is False
    assert finding(report, Question.COMMITS).holds
    assert report.recommendation == Recommendation(pace=FAST, depth=1, sessions=5)


def test_a_service_with_few_sessions_and_little_patience_is_found_out() -> None:
    with planted(Habits(sessions=3, idle_s=4.0)) as service:
        report = probed(service, replace(PLAN, idle_s=7.0))

    assert service.most_open == 3
    sessions = finding(report, Question.SESSIONS)
    assert (sessions.holds, sessions.asked, sessions.found) == (False, 5, 3)
    assert sessions.detail == "rate_limited (429)"
    idle = finding(report, Question.IDLE)
    assert idle.holds is False
    assert idle.found is not None
    assert 3.9 < idle.found < 7
    assert idle.detail == "connection_lost (1008)"
    assert report.recommendation == Recommendation(pace=FASTEST, depth=2, sessions=3)


def test_what_may_be_sent_is_never_exceeded_and_what_was_left_out_is_told() -> None:
    with planted(Habits()) as service:
        report = probed(service, replace(PLAN, budget_s=20.0))

    assert service.audio_s <= 20
    untried = [one for one in report.findings if one.holds is None]
    assert untried
    assert report.recommendation.sessions == 16  # as it was
    assert all(one.detail == "the audio that may be sent is used up" for one in untried)


def test_the_local_service_is_probed_like_any_other(recognizer: RunningRecognizer) -> None:
    report = Probe(service_at(recognizer.url), PLAN, lambda _: None).run()
    assert report.recommendation == Recommendation(pace=FASTEST, depth=2, sessions=5)


def test_a_refused_key_ends_the_probe_before_anything_is_sent() -> None:
    with planted(Habits(handshake=401)) as service, pytest.raises(KeyRefused):
        probed(service)
    assert service.audio_bytes == 0


def test_a_limit_that_stays_ends_the_probe_after_a_few_tries() -> None:
    with planted(Habits(sessions=0)) as service, pytest.raises(RateLimited):
        probed(service)


def test_a_service_that_is_not_there_cannot_be_reached() -> None:
    with pytest.raises(ServiceUnreachable):
        Probe(service_at(f"ws://127.0.0.1:{free_port()}/"), PLAN, lambda _: None).run()
