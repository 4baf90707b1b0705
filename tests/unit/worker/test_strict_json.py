"""JSON of strangers: what Python would let in and something behind it would stumble over."""

import json

import pytest

from worker.errors import InvalidRequest
from worker.strict_json import MOST_NESTED, parse_json, read_json

LARGEST = 2**63 - 1


@pytest.mark.parametrize("deep", ["[" * 300 + "]" * 300, '{"a":' * 5000 + "1" + "}" * 5000, "[" * 100_000])
def test_what_is_nested_too_deep_is_refused(deep: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_json(deep)


def test_what_is_nested_as_deep_as_may_be_is_taken() -> None:
    deep = "[" * MOST_NESTED + "]" * MOST_NESTED
    assert json.dumps(read_json(deep)) == deep
    with pytest.raises(ValueError, match="nested more than 64"):
        read_json(f"[{deep}]")


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert read_json("[" + ",".join(["[]"] * 1000) + "]") == [[]] * 1000


@pytest.mark.parametrize("number", [str(LARGEST + 1), str(-LARGEST - 2), "1" + "0" * 20, "9" * 5000, "1e400", "-1e400"])
def test_a_number_that_no_column_holds_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match=r"64 bits|too large"):
        read_json(f'{{"a":{number}}}')


@pytest.mark.parametrize("number", [LARGEST, -LARGEST - 1, 0, 0.5])
def test_other_numbers_are_read_as_they_are(number: float) -> None:
    assert read_json(str(number)) == number


def test_bytes_that_are_half_of_a_surrogate_pair_are_no_text() -> None:
    with pytest.raises(InvalidRequest, match="no JSON"):
        parse_json('"\ud800"'.encode("utf-8", "surrogatepass"))
