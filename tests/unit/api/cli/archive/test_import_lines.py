"""What a person sees of what an import would take."""

import re

from api.cli.archive.import_lines import estimate_lines
from worker.imports.estimate import NO_LENGTH, ListingCounts

COSTS: dict[str, object] = {"to_send_ms": 7_200_000, "ratio_from": "counted whole", "cost_usd": 0.648, "time_s": 3600}


def seen(*files: tuple[str, int, int | None], complete: bool = True) -> ListingCounts:
    made = ListingCounts(complete=complete)
    for file in files:
        made.add(*file)
    return made


def lines(expected: ListingCounts, **costs: object) -> str:
    return "\n".join(estimate_lines(expected.view().model_copy(update=costs)))


def test_hours_and_money_are_said_with_how_much_of_them_is_reckoned() -> None:
    shown = lines(seen(("a.mp3", 10**6, 3_600_000), ("b.mp3", 10**6, None)), **COSTS)
    assert "2 recordings, 2.00 MB; 0 would be refused" in shown
    assert "2.00 h of audio, 1 of the recordings reckoned after the 1 whose length can be read" in shown
    assert "2.00 h to send (counted whole), 0.65 USD, 1.00 h of work" in shown


def test_where_not_all_was_looked_at_the_money_is_a_least() -> None:
    shown = lines(seen(("a.mp3", 10**6, 7_200_000), complete=False), **COSTS)
    assert len(re.findall("^at least ", shown, re.MULTILINE)) == 3
    assert "reckoned" not in shown


def test_where_nobody_knows_the_length_there_is_a_sentence_and_no_sum() -> None:
    shown = lines(seen(("a.mp3", 10**6, None)))
    assert NO_LENGTH in shown
    assert "USD" not in shown
    assert " h " not in shown
