"""The protocol's errors in the product's words: what is shown of one, and that the protocol has no such words."""

import re

import pytest

from realtime.protocol.errors import (
    CodedError,
    ContentRefused,
    KeyMalformed,
    KeyRefused,
    ModelUnknown,
    ServiceUnreachable,
)
from tests.fixtures.paths import ROOT
from worker.errors import NotAudio
from worker.hints import HINTS, hint_of, message_of
from worker.retry import TooManyGaps

PRODUCT = re.compile(r"LONGHAND_|\bjobs?\b", re.IGNORECASE)


def test_the_protocol_speaks_of_no_job_and_of_no_setting() -> None:
    files = list((ROOT / "realtime").rglob("*.py"))
    assert len(files) > 20
    assert [str(file) for file in files if PRODUCT.search(file.read_text())] == []


@pytest.mark.parametrize("kind", HINTS)
def test_the_product_has_a_hint_only_where_it_has_more_to_say(kind: type[CodedError]) -> None:
    assert PRODUCT.search(HINTS[kind])
    assert message_of(kind()) == hint_of(kind) == HINTS[kind]


def test_what_the_service_said_comes_behind_the_hint() -> None:
    error = ModelUnknown(detail="The service said: no such model.")
    assert (
        message_of(error)
        == "The service does not know the model: look at LONGHAND_MODEL. The service said: no such model."
    )
    assert str(error) == "The service does not know the model: look at its name. The service said: no such model."


def test_what_is_said_of_one_case_stands_in_place_of_the_hint() -> None:
    assert message_of(ServiceUnreachable("Nobody is there.")) == "Nobody is there."
    assert message_of(TooManyGaps("Half is missing.")) == "Half is missing."


def test_a_key_that_can_be_none_is_looked_for_in_the_settings() -> None:
    error = KeyMalformed("The API key has characters that no key has.")
    assert message_of(error) == "The API key has characters that no key has: look at LONGHAND_SERVICE_KEY."
    assert hint_of(KeyMalformed) == HINTS[KeyRefused]


@pytest.mark.parametrize("kind", [ContentRefused, TooManyGaps, NotAudio])
def test_an_error_without_words_of_the_product_keeps_its_own(kind: type[CodedError]) -> None:
    assert message_of(kind()) == hint_of(kind) == kind.hint
