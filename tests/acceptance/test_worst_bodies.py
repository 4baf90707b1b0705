"""A body of a megabyte, whatever it is, takes a bounded part of the memory and gets a short answer."""

import sys
from pathlib import Path

import pytest

from api.app import make_app
from tests.fixtures.doors import settings_for
from tests.fixtures.worst_bodies import SIZE, api_process, worst_bodies

MOST_MB = 400
LONGEST_ANSWER = 2 * SIZE


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read where Linux keeps it")
def test_no_body_takes_much_memory_or_has_a_long_answer(sqlite_url: str, tmp_path: Path) -> None:
    settings = settings_for(sqlite_url, tmp_path).model_copy(update={"max_upload_bytes": 2 * SIZE})
    bodies = list(worst_bodies(make_app(settings, wake=lambda _lane: None, no_keys=True).openapi()))
    assert len(bodies) > 80
    with api_process(settings) as api:
        wrong = []
        for body in bodies:
            status, length = api.send(body)
            if status >= 500 or length > LONGEST_ANSWER or api.peak_mb() > MOST_MB:
                wrong.append((body.name, status, length, api.peak_mb()))
                break
        assert wrong == []
