"""The protocol's page and the tests that it names."""

import ast
import re
from pathlib import Path

from realtime.deadlines import Deadlines
from realtime.refusals import kind_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "protocol.md").read_text()


def all_tests() -> set[str]:
    trees = [ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("test_*.py")]
    functions = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


def test_every_test_that_the_protocols_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 50
    assert not named - all_tests()


def test_the_deadlines_on_the_page_are_those_of_the_code() -> None:
    limits = Deadlines()
    sentence = (
        f"{limits.connect_s:g} to connect, {limits.update_s:g} to take the options, {limits.send_s:g} to take a frame, "
        f"{limits.first_answer_s:g} from a commit to the first event about it, {limits.quiet_s:g} between two events "
        f"while an answer is awaited, {limits.segment_s:g} and four times its length for a whole segment, "
        f"{limits.finish_s:g} between two events after `session.finish`"
    )
    assert sentence in " ".join(PAGE.split())
    assert limits.segment_per_s == 4


def test_the_codes_on_the_page_become_what_it_says() -> None:
    section = PAGE.partition("## What a code becomes")[2].partition("\n## ")[0]
    for row in (line.split("|") for line in section.splitlines() if line.startswith(("| `", "| 4"))):
        expected = row[2].strip().strip("`")
        for code in re.findall(r"`([A-Za-z.]+)…?`", row[1]):
            kind = kind_of(code, "")
            assert kind is None or kind.code == expected, code
