"""docs/security.md names tests and rows of the attack that are there."""

import re

from tests.attack.rows import ROWS
from tests.fixtures.paths import DOCS, ROOT

PAGE = (DOCS / "security.md").read_text()


def test_each_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(\w+/[\w/]+\.py)(?:::(test_\w+))?`", PAGE)
    tests = [(path, name) for path, name in named if path.startswith("tests/")]
    assert len(tests) > 20
    assert [path for path, _ in tests if not (ROOT / path).is_file()] == []
    assert [(path, name) for path, name in tests if name and f"def {name}(" not in (ROOT / path).read_text()] == []


def test_the_table_has_each_row_of_the_attack_in_its_order_and_with_inputs_enough() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([\d,]+) \| 0 \| 0 \| (?:0|–) \| 0 \| \d+ \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == list(ROWS)
    assert [name for name, inputs in rows if int(inputs.replace(",", "")) < 200] == []
