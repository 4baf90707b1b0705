from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.finished_jobs import AUDIO_MS, SPANS, finished
from tests.fixtures.rows import submit
from tests.fixtures.sounds import silence, talk, write_wav
from worker.archive_rules import Rules, save_archive
from worker.database import Database
from worker.errors import ServiceNotAllowed, UnknownService
from worker.services.catalogue import HOSTED_MODEL
from worker.services.lookup import Services
from worker.services.prices import Price
from worker.settings import load_settings
from worker.spending.estimates import Estimate, EstimateRequest, estimate, estimate_for, send_ratio_of_jobs
from worker.spending.sampling import sampled_send_ratio
from worker.states import Channels, Segmentation

HOUR_MS = 3_600_000
HEARD = sum(span.end_ms - span.start_ms for span in SPANS) / AUDIO_MS


def made(database: Database, **asked: object) -> Estimate:
    with database.reading() as session:
        plain = {"recordings": 1, "audio_ms": HOUR_MS, "archive": "others"}
        _, _, found = estimate_for(session, Services(load_settings()), EstimateRequest(**{**plain, **asked}))  # type: ignore[arg-type]
    return found


def test_an_hour_costs_its_seconds_and_takes_the_permits_at_their_pace() -> None:
    intl = Services(load_settings()).find("intl")
    price = Services(load_settings()).price(intl, HOSTED_MODEL)
    found = estimate(
        recordings=2, audio_ms=HOUR_MS, send_ratio=0.5, ratio_from="counted whole", service=intl, price=price
    )
    assert found.to_send_ms == HOUR_MS // 2
    assert found.cost_usd == pytest.approx(1800 * 0.00009)
    assert found.time_s == pytest.approx(1800 / (intl.pace * intl.permits))


def test_without_a_price_or_a_pace_money_and_time_are_not_known() -> None:
    local = Services(load_settings()).find("local")
    found = estimate(recordings=1, audio_ms=1000, send_ratio=1, ratio_from="", service=local, price=None)
    assert (found.cost_usd, found.time_s) == (None, None)
    assert (
        estimate(recordings=1, audio_ms=1000, send_ratio=1, ratio_from="", service=local, price=Price()).cost_usd == 0
    )


def test_earlier_jobs_say_how_much_is_sent(database: Database) -> None:
    with database.reading() as session:
        assert send_ratio_of_jobs(session, None) is None
    finished(database, 1)
    finished(database, 2)
    submit(database, 3)
    with database.reading() as session:
        assert send_ratio_of_jobs(session, None) == send_ratio_of_jobs(session, "tests") == HEARD
        assert send_ratio_of_jobs(session, "others") is None


def test_the_share_is_of_the_archive_s_jobs_else_of_the_files_else_of_all_jobs_else_whole(database: Database) -> None:
    assert (made(database).send_ratio, made(database).ratio_from) == (1.0, "counted whole")
    finished(database)
    assert (made(database).send_ratio, made(database).ratio_from) == (HEARD, "earlier jobs")
    sampled = made(database, sampled=0.3)
    assert (sampled.send_ratio, sampled.ratio_from) == (0.3, "a sample of the files")
    assert made(database, archive="tests", sampled=0.3).send_ratio == HEARD
    assert made(database, archive="tests", streamed=True).send_ratio == 1.0


def test_an_archive_s_rules_hold_for_its_estimate(database: Database) -> None:
    with database.writing() as session:
        save_archive(session, Rules(name="court", service="cn", services=("cn",)))
        session.commit()
    assert made(database, archive="court").cost_usd == pytest.approx(3600 * 0.000047)
    with pytest.raises(ServiceNotAllowed):
        made(database, archive="court", service="intl")
    with pytest.raises(UnknownService):
        made(database, service="nobody")


def test_a_few_files_show_how_much_of_them_would_be_sent(tmp_path: Path) -> None:
    local = Services(load_settings()).find("local")
    half = np.concatenate([talk((10_000, 0), dbfs=-16), silence(10_000)])
    paths = [write_wav(tmp_path / "a.wav", half), tmp_path / "gone.wav"]
    one = sampled_send_ratio(paths, local, channels=Channels.AUTO, segmentation=Segmentation.DOCUMENT)
    assert one == pytest.approx(0.5, abs=0.1)

    stereo = [write_wav(tmp_path / "b.wav", half, half)]
    two = sampled_send_ratio(stereo, local, channels=Channels.SPLIT, segmentation=Segmentation.DOCUMENT)
    assert two == pytest.approx(2 * (one or 0), abs=0.05)
    assert sampled_send_ratio(paths[1:], local, channels=Channels.MIX, segmentation=Segmentation.DOCUMENT) is None
