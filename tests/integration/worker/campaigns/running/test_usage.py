"""What a campaign says it took is what the usage of its jobs says, at every moment and whatever became of them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.campaigns import add_campaign, add_recording, do, jobs_of, run, settle, states, target
from tests.fixtures.campaigns import members as members_of
from tests.fixtures.rows import claim, new_answer
from worker.campaigns.running import life
from worker.claims.claim import Claim
from worker.database import Database
from worker.errors import DamagedAudio
from worker.queue import jobs
from worker.queue.reruns import retry_as
from worker.results import segments
from worker.services.lookup import Services
from worker.settings import Settings
from worker.spec import Spec
from worker.split.spans import Span
from worker.states import Lane
from worker.views.campaigns import read_campaign
from worker.views.spending import read_usage

SUMS = ("sent_ms", "reused_ms", "cost_usd")
PRICE = "[intl.new]\nusd_per_token = {}\ntokens_per_s = 10\n"
SINCE = f"{datetime.now(UTC):%Y-%m}"
FIRST, SECOND = Span(0, 0, 1000), Span(0, 2000, 3000)


def taken(database: Database, campaign_id: str, home: Path = Path("nowhere")) -> dict[str, Any]:
    """What the campaign says; it must be what the usage of its jobs says."""
    settings = Settings(home=home)
    with database.reading() as session:
        actual = read_campaign(session, Services(settings), campaign_id).actual
        months = read_usage(session, Services(settings), SINCE, f"{datetime.now(UTC):%Y-%m}", campaign=campaign_id)
    summed = {name: sum(getattr(month, name) for month in months.items) for name in SUMS}
    assert {name: getattr(actual, name) for name in SUMS} == pytest.approx(summed)
    return actual.as_json()


def started(database: Database, spec: Spec | None = None) -> str:
    add_recording(database)
    made = add_campaign(database, target(spec) if spec else None)
    do(database, life.start, made)
    settle(database)
    return made


def half(database: Database, **usage: int) -> tuple[Claim, int]:
    """A claimed job whose first second was answered; the second one's segment."""
    claimed = claim(database, lane=Lane.BULK)
    first, second = segments.store_spans(database, claimed, [FIRST, SECOND], channels=1, cut_ms=3000)
    answer = new_answer(recognition_key=claimed.spec.recognition_key, usage=usage or None)
    segments.answered(database, claimed, first.id, answer, sent_ms=1000)
    segments.complete_cut(database, claimed, 3000)
    return claimed, second.id


def whole(database: Database, claimed: Claim, second: int, **usage: int) -> None:
    answer = new_answer(recognition_key=claimed.spec.recognition_key, start_ms=2000, end_ms=3000, usage=usage or None)
    segments.answered(database, claimed, second, answer, sent_ms=1500)
    jobs.finish(database, claimed)


def test_what_was_sent_before_a_pause_stays_counted(database: Database) -> None:
    made = started(database)
    claimed, second = half(database)
    assert taken(database, made)["sent_ms"] == 1000
    jobs.release(database, claimed)
    do(database, life.pause, made)
    assert (states(database, made), taken(database, made)["sent_ms"]) == (["waiting"], 1000)
    do(database, life.resume, made)
    settle(database)
    assert taken(database, made)["sent_ms"] == 1000
    whole(database, claim(database, lane=Lane.BULK), second)
    assert taken(database, made)["sent_ms"] == 2500  # also before the campaign has noted the end
    run(database, made)
    assert taken(database, made) == {"audio_ms": 3000, "sent_ms": 2500, "reused_ms": 0, "cost_usd": 0.0}


def test_what_was_sent_before_a_cancel_stays_counted_with_what_was_under_way(database: Database) -> None:
    made = started(database)
    claimed, second = half(database)
    do(database, life.cancel, made)
    assert taken(database, made)["sent_ms"] == 1000
    segments.charge_left(database, claimed, second, 700)
    settle(database)
    assert taken(database, made)["sent_ms"] == 1700


def test_a_job_that_was_stopped_by_hand_is_counted_with_what_was_under_way(database: Database) -> None:
    made = started(database)
    claimed, second = half(database)
    do(database, jobs.cancel, claimed.job_id)
    settle(database)
    segments.charge_left(database, claimed, second, 700)
    assert (states(database, made), taken(database, made)["sent_ms"]) == (["failed"], 1700)


def test_a_retry_under_another_option_is_counted_beside_the_first_job(database: Database) -> None:
    made = started(database)
    claimed, _ = half(database)
    jobs.fail(database, claimed, DamagedAudio(), "decode")
    settle(database)
    (job,) = jobs_of(database, made)
    do(database, retry_as, job.id, replace(Spec.from_json(job.spec), language="en"))
    assert taken(database, made)["sent_ms"] == 1000
    whole(database, *half(database))
    assert taken(database, made)["sent_ms"] == 3500
    run(database, made)
    (member,) = members_of(database, made)
    assert (member.sent_ms, taken(database, made)["sent_ms"]) == (3500, 3500)


def test_a_job_that_is_tried_again_is_counted_once(database: Database) -> None:
    made = started(database)
    claimed, second = half(database)
    jobs.fail(database, claimed, DamagedAudio(), "decode")
    settle(database)
    do(database, jobs.retry, claimed.job_id)
    assert taken(database, made)["sent_ms"] == 1000
    whole(database, claim(database, lane=Lane.BULK), second)
    run(database, made)
    assert taken(database, made)["sent_ms"] == 2500


def test_tokens_cost_what_the_answers_name(database: Database, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(PRICE.format(0.001))
    made = started(database, Spec(service="intl", model="new", lane=Lane.BULK))
    claimed, second = half(database, total_tokens=7)
    assert taken(database, made, tmp_path)["cost_usd"] == pytest.approx(0.007)
    whole(database, claimed, second, total_tokens=4)
    assert taken(database, made, tmp_path)["cost_usd"] == pytest.approx(0.007 + 0.004 + 0.005)  # the rest: 10 a second
    run(database, made)
    (member,) = members_of(database, made)
    assert (member.tokens, member.told_ms) == (11, 2000)
    assert taken(database, made, tmp_path)["cost_usd"] == pytest.approx(0.016)
    (tmp_path / "prices.toml").write_text(PRICE.format(0.002))
    assert taken(database, made, tmp_path)["cost_usd"] == pytest.approx(0.032)
