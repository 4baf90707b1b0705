"""Decisions are numbered without a gap; the index shows each with its title, status and date."""

import re
from pathlib import Path

import pytest

from tests.fixtures.paths import DOCS

FOLDER = DOCS / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
HEAD = re.compile(r"# (\d+)\. (.+)\n\nStatus: (.+), (\d{4}-\d\d-\d\d)\n\n")
ROW = re.compile(r"^\| (\d{4}) \| \[(.+)\]\((.+\.md)\) \| .+ \| (\d{4}-\d\d-\d\d) \|$", re.MULTILINE)


def test_numbers_have_no_gap() -> None:
    assert len(PAGES) > 1
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_begins_with_its_number_title_status_and_date(page: Path) -> None:
    head = HEAD.match(page.read_text())
    assert head is not None
    assert int(head[1]) == int(page.name[:4])


def test_the_index_has_each_page_as_it_names_itself() -> None:
    heads = [(page.name, HEAD.match(page.read_text())) for page in PAGES]
    named = [(name[:4], head[2], name, head[4]) for name, head in heads if head]
    assert ROW.findall((FOLDER / "README.md").read_text()) == named
