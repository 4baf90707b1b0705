"""The canary's choice is pure: of every kind of recording there is one as long as there is room."""

from hypothesis import given
from hypothesis import strategies as st

from worker.campaigns.running.enrolment import CanaryCandidate, choose

CANDIDATES = st.lists(
    st.builds(
        CanaryCandidate,
        recording_id=st.uuids().map(lambda one: one.hex),
        duration_ms=st.none() | st.sampled_from([1_000, 100_000, 1_000_000, 9_000_000]),
        language=st.none() | st.sampled_from(["en", "de"]),
        channels=st.none() | st.integers(1, 2),
        flagged=st.booleans(),
    ),
    max_size=60,
    unique_by=lambda one: one.recording_id,
)


def candidate(number: int, **changes: object) -> CanaryCandidate:
    fields = {"duration_ms": 1000, "language": "en", "channels": 1, "flagged": False, **changes}
    return CanaryCandidate(recording_id=str(number), **fields)  # type: ignore[arg-type]  # any field


def test_a_rare_kind_is_in_it() -> None:
    many = [candidate(number) for number in range(100)]
    rare = [candidate(100, language="de"), candidate(101, flagged=True), candidate(102, duration_ms=None)]
    assert choose([*many, *rare], 5) == ["0", "100", "101", "102", "1"]


def test_the_order_within_a_kind_stays() -> None:
    assert choose([candidate(3), candidate(1), candidate(2)], 2) == ["3", "1"]


@given(CANDIDATES, st.integers(0, 40))
def test_it_has_its_size_nobody_twice_and_as_many_kinds_as_there_is_room_for(
    made: list[CanaryCandidate], size: int
) -> None:
    chosen = choose(made, size)
    strata = {one.recording_id: one.stratum for one in made}
    assert len(chosen) == len(set(chosen)) == min(size, len(made))
    assert len({strata[one] for one in chosen}) == min(size, len(set(strata.values())))
