"""Shapes: strict where they are built, lenient where an answer is read, and light enough for every client."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import worker.shapes
from worker.shapes.base import Page, Shape, moment

SHAPES = Path(worker.shapes.__file__).parent
FOREIGN = ("sqlalchemy", "fastapi", "celery", "structlog")


class Inner(Shape):
    number: int


class Outer(Shape):
    inner: Inner
    many: list[Inner]


NEWER = {"inner": {"number": 1, "new": 2}, "many": [{"number": 3, "new": 4}], "newest": 5}


def test_an_answer_of_a_newer_server_is_read_without_what_is_new() -> None:
    assert Outer.read(NEWER) == Outer(inner=Inner(number=1), many=[Inner(number=3)])


def test_a_page_of_a_newer_server_is_read_too() -> None:
    page = Page[Inner].read({"items": [{"number": 1, "new": 2}], "next": "abc", "total": 9})
    assert (page.items, page.next) == ([Inner(number=1)], "abc")


def test_an_answer_without_what_was_promised_is_refused() -> None:
    with pytest.raises(ValidationError, match="number"):
        Inner.read({"new": 2})


def test_nothing_is_built_that_is_not_written_in_the_shape() -> None:
    with pytest.raises(ValidationError, match="newest"):
        Outer.model_validate(NEWER)


def test_a_shape_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Inner(number=1).number = 2  # type: ignore[misc]  # that is what the test is about


@pytest.mark.parametrize(
    ("stamp_ms", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        (1_700_000_000_005, "2023-11-14T22:13:20.005Z"),
        (None, None),
    ],
)
def test_a_moment_is_written_in_utc_to_the_millisecond(stamp_ms: int | None, written: str | None) -> None:
    assert moment(stamp_ms) == written


@pytest.mark.parametrize(
    ("stamp_ms", "year"), [(253_402_300_800_000, "9999"), (-62_135_647_200_000, "0001"), (2**63 - 1, "9999")]
)
def test_a_stamp_that_no_calendar_has_can_be_written_too(stamp_ms: int, year: str) -> None:
    assert moment(stamp_ms).startswith(year)


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", sorted(SHAPES.glob("*.py")), ids=lambda path: path.stem)
def test_a_shape_needs_pydantic_and_our_enums_alone(path: Path) -> None:
    foreign = {name for name in imported(path) if name.split(".")[0] not in sys.stdlib_module_names}
    allowed = {"pydantic", "pydantic.fields", "worker.states", "worker.strict_json"}
    assert {name for name in foreign if not name.startswith("worker.shapes.")} <= allowed


def test_the_client_needs_no_database_library() -> None:
    code = f"import sys, api.client; print([name for name in {FOREIGN!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )  # ourselves
    assert done.stdout.strip() == "[]"
