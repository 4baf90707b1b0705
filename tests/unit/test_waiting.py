"""What a test says that waited in vain."""

import pytest

from tests.fixtures.waiting import wait_for


def test_what_is_found_is_given_back() -> None:
    looks = iter([None, 0, "found"])
    assert wait_for(lambda: next(looks), each_s=0) == "found"


def test_what_was_expected_is_in_the_message() -> None:
    with pytest.raises(AssertionError, match=r"not within 0 s: wait_for\(lambda: 1 \+ 1 == 3, 0\)"):
        wait_for(lambda: 1 + 1 == 3, 0)


def test_a_method_is_named() -> None:
    with pytest.raises(AssertionError, match="isupper"):
        wait_for("a".isupper, 0)
