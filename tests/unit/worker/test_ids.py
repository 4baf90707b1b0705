"""Ids sort by age, also those of one millisecond: the claim's order and the lists' order stand on it."""

import time
import uuid
from datetime import UTC, datetime, timedelta

from worker.ids import first_id, new_id


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_id_begins_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= int(new_id()[:12], 16) <= time.time_ns() // 1_000_000 + 10


def test_id_is_a_uuid_of_version_7() -> None:
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_a_moment_parts_the_ids_before_it_from_those_after_it() -> None:
    before, made, after = datetime.now(UTC), new_id(), datetime.now(UTC) + timedelta(seconds=1)
    assert first_id(before) <= made < first_id(after)
    assert len(first_id(before)) == len(made)
