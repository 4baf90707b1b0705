from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.probing.speech import BYTES_PER_S
from worker.probing.subject import AudioBudget, BudgetSpent


def test_a_segment_that_is_over_what_is_left_is_not_begun() -> None:
    budget = AudioBudget(limit_s=3)
    budget.set_aside(2 * BYTES_PER_S)
    with pytest.raises(BudgetSpent):
        budget.set_aside(BYTES_PER_S + 2)
    budget.set_aside(BYTES_PER_S)


def test_what_is_sent_is_counted_as_it_goes() -> None:
    budget = AudioBudget(limit_s=3)
    budget.set_aside(2 * BYTES_PER_S)
    assert budget.sent_s == 0
    budget.count(BYTES_PER_S)
    assert budget.sent_s == 1


def test_threads_together_do_not_exceed_it() -> None:
    budget = AudioBudget(limit_s=10)

    def take(_: int) -> bool:
        try:
            budget.set_aside(BYTES_PER_S)
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(100))) == 10
