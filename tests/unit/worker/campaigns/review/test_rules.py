"""Promotion rules and canary thresholds: what satisfies them, what does not, and what is no rule."""

import re
from typing import Any

import pytest

from tests.fixtures.paths import DOCS
from worker.campaigns.review.rules import RULES, THRESHOLDS, checked_rule, checked_thresholds, passes, thresholds_hold
from worker.errors import InvalidRequest

PAGE = DOCS / "comparison.md"
SIDE = {"words": 10, "gaps": 1, "flags": {"loop": 1}, "language": "en"}
COMPARISON: dict[str, Any] = {"rate": 0.2, "length_ratio": 0.9, "old": SIDE, "new": SIDE}
SUMMARY: dict[str, Any] = {
    "recordings": {"compared": 20},
    "shares": {"failed": 0.1, "more_gaps": 0.1, "more_flags": 0.1, "without_words": 0.1, "language_changed": 0.1},
    "error": {"new": {"rate": 0.1}, "change": {"rate": -0.05}},
    "difference": {"rate": 0.2},
    "length_ratio": 1.0,
}


def changed(**new: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {**COMPARISON, "new": {**SIDE, **new}}


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ({"max_rate": 0.2}, COMPARISON, {**COMPARISON, "rate": 0.21}),
        ({"min_length_ratio": 0.9}, COMPARISON, {**COMPARISON, "length_ratio": 0.8}),
        ({"max_length_ratio": 0.9}, COMPARISON, {**COMPARISON, "length_ratio": 1.8}),
        ({"no_new_gaps": True}, COMPARISON, changed(gaps=2)),
        ({"no_new_flags": True}, changed(flags={}), changed(flags={"text_on_silence": 1})),
        ({"same_language": True}, COMPARISON, changed(language="de")),
        ({"not_empty": True}, COMPARISON, changed(words=0)),
        ({"max_rate": 0.5, "no_new_gaps": True}, COMPARISON, changed(gaps=2)),
    ],
)
def test_each_rule_has_what_satisfies_it_and_what_does_not(rule: Any, good: Any, bad: Any) -> None:  # noqa: ANN401  # JSON
    assert passes(good, checked_rule(rule))
    assert not passes(bad, rule)
    assert passes(bad, {})


def test_a_rule_that_is_switched_off_asks_for_nothing() -> None:
    assert passes(changed(gaps=9), {"no_new_gaps": False})


def test_silence_may_stay_silence() -> None:
    assert passes({**changed(words=0), "old": {**SIDE, "words": 0}}, {"not_empty": True})


def test_where_nothing_was_before_nothing_has_become_worse_but_an_uncompared_one_passes_no_rule() -> None:
    alone = {"rate": None, "length_ratio": None, "old": None, "new": SIDE}
    every = {name: True if name.startswith(("no", "same")) else 1.0 for name in RULES}
    assert passes(alone, every)
    assert not passes({}, {"max_rate": 1.0})


@pytest.mark.parametrize(
    ("thresholds", "holds"),
    [
        ({"min_compared": 20}, True),
        ({"min_compared": 21}, False),
        ({"max_error_rate": 0.1, "max_error_rate_change": 0}, True),
        ({"max_error_rate_change": -0.06}, False),
        ({"max_difference": 0.3, "max_failure_share": 0.2}, True),
        ({"max_failure_share": 0.05}, False),
        ({"max_gap_share": 0.05}, False),
        ({"max_language_change_share": 0.2, "max_length_ratio": 1.2, "min_length_ratio": 0.8}, True),
    ],
)
def test_thresholds_hold_only_all_together(thresholds: dict[str, Any], holds: bool) -> None:  # a table
    assert thresholds_hold(SUMMARY, checked_thresholds(thresholds)) is holds


def test_what_could_not_be_measured_holds_no_threshold() -> None:
    nothing = {"recordings": {"compared": 0}, "shares": {}, "error": None, "difference": None, "length_ratio": None}
    assert not any(thresholds_hold(nothing, {name: 1}) for name in THRESHOLDS)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"max_wer": 0.3}, "promote.max_wer"),
        ({"max_rate": -1}, "promote.max_rate"),
        ({"max_rate": True}, "promote.max_rate"),
        ({"max_rate": float("nan")}, "promote.max_rate"),
        ({"no_new_gaps": "yes"}, "promote.no_new_gaps"),
        ({"min_length_ratio": 2, "max_length_ratio": 1}, "promote.min_length_ratio"),
    ],
)
def test_what_is_no_rule_is_refused_by_its_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        checked_rule(fields)


def test_what_is_no_threshold_is_refused_by_its_name() -> None:
    for fields in ({"max_gap_share": 1.5}, {"min_compared": 0.5}, {"no_new_gaps": True}):
        with pytest.raises(InvalidRequest, match=f"thresholds.{next(iter(fields))}"):
            checked_thresholds(fields)


def test_no_threshold_at_all_is_refused_and_holds_nothing() -> None:
    with pytest.raises(InvalidRequest, match="thresholds must name one"):
        checked_thresholds({})
    assert not thresholds_hold(SUMMARY, {})


@pytest.mark.parametrize(("heading", "table"), [("promote", RULES), ("thresholds", THRESHOLDS)])
def test_the_page_has_every_rule_and_no_other(heading: str, table: dict[str, Any]) -> None:
    rows = PAGE.read_text().split(f"| `{heading}` |")[1].split("\n\n")[0]
    documented = {name for row in rows.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert documented == table.keys()
