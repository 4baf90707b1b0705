import json

import pytest

from tests.fixtures.odd_messages import NO_WAKE_UPS, WAKE_UPS
from worker.processes.wake_ups import message_of, wake_up_of
from worker.states import Lane


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("job_id", [None, "0123"])
def test_what_is_sent_is_read(lane: Lane, job_id: str | None) -> None:
    assert wake_up_of(message_of(lane, job_id, "wake-normal")) == (lane, job_id)


@pytest.mark.parametrize("kind", NO_WAKE_UPS)
def test_what_says_no_lane_is_no_wake_up(kind: str) -> None:
    try:
        read = json.loads(NO_WAKE_UPS[kind])
    except (ValueError, RecursionError):
        return  # it is not even that
    assert wake_up_of(read) is None


@pytest.mark.parametrize("kind", WAKE_UPS)
def test_nothing_but_lane_and_id_is_read_of_a_wake_up(kind: str) -> None:
    found = wake_up_of(json.loads(WAKE_UPS[kind]))
    assert found is not None
    assert found[0] is Lane.NORMAL


def test_each_message_made_has_a_number_of_its_own() -> None:
    first, second = (message_of(Lane.NORMAL, "0123", "wake-normal") for _ in range(2))
    assert first["properties"]["delivery_tag"] != second["properties"]["delivery_tag"]
