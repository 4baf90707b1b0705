"""docs/errors.md and the classes of errors hold each other: no code without a line, no line without a code."""

import re

import pytest

from api.http.problems import problem, status_of
from realtime.protocol.errors import CodedError
from tests.fixtures.paths import DOCS
from worker import errors
from worker.hints import hint_of

PAGE = DOCS / "errors.md"
ROW = re.compile(r"^\| `(?P<code>\w+)` \| (?P<status>\S+) \| (?P<again>yes|no) \| (?P<hint>.+) \|$", re.MULTILINE)
# What can be raised while a request is answered; all else is met on a job.
AT_THE_DOOR = (
    errors.RequestError,
    errors.SourceMissing,
    errors.SourceForbidden,
    errors.StorageFailed,
    errors.DatabaseUnavailable,
    errors.UnexpectedError,
    errors.ConfigurationError,
)


def coded(kind: type[CodedError] = CodedError) -> list[type[CodedError]]:
    """All classes with a code of their own."""
    below = [each for child in kind.__subclasses__() for each in coded(child)]
    own = (
        "code" in vars(kind)
        and kind is not CodedError
        and kind.__module__.split(".")[0] in {"realtime", "worker", "api"}
    )
    return [kind, *below] if own else below


def row_of(kind: type[CodedError]) -> tuple[str, str, str, str]:
    status = str(status_of(kind)) if issubclass(kind, AT_THE_DOOR) else "job"
    return kind.code, status, "yes" if kind.retryable else "no", hint_of(kind)


def test_every_error_has_its_line_and_every_line_its_error() -> None:
    documented = ROW.findall(PAGE.read_text())
    assert sorted(documented) == sorted(map(row_of, coded()))


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in coded()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", coded(), ids=lambda kind: str(kind.code))
def test_every_error_says_what_to_do_and_becomes_a_problem(kind: type[CodedError]) -> None:
    assert kind.hint.endswith(".")
    assert hint_of(kind).endswith(".")
    body = problem(kind())
    assert (body.code, body.detail, body.hint) == (kind.code, hint_of(kind), hint_of(kind))
    assert 400 <= body.status <= 599
