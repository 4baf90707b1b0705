"""What was sent, by month, archive and service."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.fixtures.finished_jobs import cut, finished
from tests.fixtures.rows import give_to_campaign, new_answer, submit
from worker.database import Database
from worker.errors import InvalidRequest, UnknownCampaign
from worker.ids import first_id
from worker.models import Job
from worker.results import segments
from worker.services.catalogue import HOSTED_MODEL
from worker.services.lookup import Services
from worker.settings import Settings
from worker.shapes.spending import Usage
from worker.spec import Spec
from worker.views.spending import read_usage

HOSTED = Spec(service="intl", model=HOSTED_MODEL)
NOW = f"{datetime.now(UTC):%Y-%m}"


def usage(database: Database, since: str = NOW, until: str = NOW, **more: str) -> list[Usage]:
    with database.reading() as session:
        return read_usage(session, Services(Settings(home=Path("nowhere"))), since, until, **more).items


def change_jobs(database: Database, job_id: str, **columns: object) -> None:
    with database.writing() as session:
        session.execute(update(Job).where(Job.id == job_id).values(columns))
        session.commit()


def test_jobs_are_summed_by_archive_and_service(database: Database) -> None:
    finished(database, 1)
    claimed, _ = cut(database, 2)
    change_jobs(database, claimed.job_id, service="intl", spec=HOSTED.to_json())
    local, hosted = sorted(usage(database), key=lambda one: str(one.service), reverse=True)

    assert (local.archive, local.service, local.jobs, local.cost_usd) == ("tests", "local", 1, 0.0)
    assert (local.needed_ms, local.sent_ms, local.reused_ms, local.skipped_ms) == (7000, 5000, 2000, 3000)
    assert (hosted.service, hosted.jobs, hosted.sent_ms, hosted.cost_usd) == ("intl", 1, 0, 0.0)


def test_what_was_sent_costs_the_service_s_price(database: Database) -> None:
    claimed = finished(database)
    change_jobs(database, claimed.job_id, service="intl", spec=HOSTED.to_json())
    assert usage(database)[0].cost_usd == round(5 * 0.00009, 6)


def test_tokens_cost_what_the_answers_name_and_the_most_there_can_be_elsewhere(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "prices.toml").write_text('[intl."pocketsphinx-en-us"]\nusd_per_token = 0.001\ntokens_per_s = 10\n')
    claimed, (first, second, _) = cut(database)
    change_jobs(database, claimed.job_id, service="intl")
    told = new_answer(usage={"total_tokens": 7})
    segments.answered(database, claimed, first, told, sent_ms=4000)
    segments.charge_sent(database, claimed, second, 1000)
    with database.reading() as session:
        (found,) = read_usage(session, Services(Settings(home=tmp_path)), NOW, NOW).items
    assert found.cost_usd == pytest.approx(0.007 + 0.010)


def test_what_a_campaign_asked_for_stands_apart_and_can_be_asked_for_alone(database: Database) -> None:
    finished(database, 1)
    other = submit(database, 2)
    campaign = give_to_campaign(database, other, "newer")
    assert [(one.campaign, one.campaign_name, one.jobs) for one in usage(database)] == [
        (None, None, 1),
        (campaign, "newer", 1),
    ]
    for name in (campaign, "newer"):
        (only,) = usage(database, campaign=name)
        assert (only.campaign_name, only.model) == ("newer", "pocketsphinx-en-us")
    with pytest.raises(UnknownCampaign):
        usage(database, campaign="none")


def test_a_model_without_a_price_does_not_hide_the_cost_of_another(database: Database) -> None:
    submit(database, 1, Spec(service="intl", model="newer"))
    submit(database, 2, HOSTED)
    assert {one.model: one.cost_usd for one in usage(database)} == {"newer": None, HOSTED_MODEL: 0.0}


def test_a_service_that_is_not_known_any_more_has_no_price(database: Database) -> None:
    change_jobs(database, submit(database), service="gone")
    assert usage(database)[0].cost_usd is None


def test_a_job_counts_in_the_month_that_it_came_in(database: Database) -> None:
    submit(database)
    old = first_id(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    change_jobs(database, submit(database, 2), id=old)

    assert [one.month for one in usage(database, "2025-11", NOW)] == ["2025-12", NOW]
    assert usage(database, "2026-01", "2026-01") == []


def test_one_archive_can_be_asked_for(database: Database) -> None:
    submit(database)
    assert usage(database, archive="radio") == []
    assert len(usage(database, archive="tests")) == 1


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [("2026", NOW, "since"), (NOW, "2026-13", "until"), ("1900-01", NOW, "1900"), ("1990-01", NOW, "120 months")],
)
def test_what_are_no_months_is_told(database: Database, since: str, until: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        usage(database, since, until)
