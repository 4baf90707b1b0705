from contextlib import ExitStack

from worker.attempt.slots import Slots, reserved_of
from worker.states import Lane


def fill(slots: Slots, lane: Lane, held: ExitStack) -> int:
    """Take slots for a lane until there is none; the number that was taken."""
    taken = 0
    while held.enter_context(slots.room_for(lane)):
        taken += 1
    return taken


def test_other_lanes_never_take_the_slots_kept_for_the_interactive_one() -> None:
    slots = Slots(16)
    with ExitStack() as held:
        assert fill(slots, Lane.BULK, held) == 14
        assert fill(slots, Lane.NORMAL, held) == 0
        assert fill(slots, Lane.INTERACTIVE, held) == 2
        assert slots.taken == 16


def test_interactive_jobs_may_take_every_slot() -> None:
    slots = Slots(16)
    with ExitStack() as held:
        assert fill(slots, Lane.INTERACTIVE, held) == 16
        assert not slots.free_for(Lane.NORMAL)


def test_a_slot_is_free_again_after_its_job() -> None:
    slots = Slots(1)
    with slots.room_for(Lane.NORMAL) as first, slots.room_for(Lane.NORMAL) as second:
        assert (first, second) == (True, False)
    assert slots.taken == 0
    assert slots.free_for(Lane.NORMAL)


def test_a_process_with_one_slot_serves_every_lane() -> None:
    assert [reserved_of(total) for total in (1, 2, 8, 16, 32)] == [0, 1, 1, 2, 4]
