"""The protocol's page and the tests that it names."""

import ast
import re

from realtime.client.handshake import refused
from realtime.client.options import Deadlines
from realtime.protocol.events import ErrorDetail
from realtime.protocol.refusals import kind_of, refusal
from tests.fixtures.paths import ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text()


PHRASES = {
    "400 or 404 with a code about the model": refused(404, {}, b'{"code": "no_such_model"}'),
    "any other `invalid_request_error`": refusal(ErrorDetail(type="invalid_request_error", code="of_another_kind")),
    "other 4xx": refused(418, {}, b""),
    "5xx": refused(500, {}, b""),
    "whatever is unknown": refusal(ErrorDetail(code="of_another_kind")),
    "404 without a code": refused(404, {}, b""),
}
NOT_SAID_BY_CODES = {"no connection", "a handshake of another kind"}


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
    said = {case: kind for cell, kind in codes_on_the_page() for case in re.split(r"[,;] ", cell)}
    assert len(said) > 20
    assert {case: meant(case) for case in said if case not in NOT_SAID_BY_CODES} == {
        case: kind for case, kind in said.items() if case not in NOT_SAID_BY_CODES
    }
    assert said.keys() > NOT_SAID_BY_CODES | PHRASES.keys()


def codes_on_the_page() -> list[tuple[str, str]]:
    """The rows of its table: codes, statuses and sentences, and the error that they become."""
    section = PAGE.split("\n## What a code becomes\n")[1].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| ")]
    return [(row[1].strip(), row[2].strip().strip("`")) for row in rows[1:]]


def meant(case: str) -> str:
    """The code of the error that one case of the table becomes."""
    if case in PHRASES:
        return PHRASES[case].code
    if case.isdigit():
        return refused(int(case), {}, b"").code
    kind = kind_of(case.strip('`"').replace("…", ".Anything"), "")
    return kind.code if kind else "unknown"
