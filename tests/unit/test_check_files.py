"""What `make lint` and the commit hook say of files."""

import runpy
from collections.abc import Callable

import pytest

from tests.fixtures.paths import ROOT

Faults = Callable[[bytes], list[str]]
TOOL = ROOT / "tools" / "check_files.py"


@pytest.fixture(scope="module")
def faults_of() -> Faults:
    found: Faults = runpy.run_path(str(TOOL))["faults_of"]
    return found


@pytest.mark.parametrize("content", [b"", b"a\n", b"a\n\nb\n", b"\0 \n\n", "ä\n".encode()])
def test_nothing_is_said_of_text_that_ends_well_nor_of_bytes(faults_of: Faults, content: bytes) -> None:
    assert faults_of(content) == []


@pytest.mark.parametrize("content", [b"a", b"a\n\n", b"\n\n"])
def test_text_ends_with_one_newline(faults_of: Faults, content: bytes) -> None:
    assert faults_of(content) == ["does not end with one newline"]


@pytest.mark.parametrize("content", [b"a \nb\n", b"a\r\nb\n", b"\t\n"])
def test_lines_have_no_blanks_at_their_ends(faults_of: Faults, content: bytes) -> None:
    assert faults_of(content) == ["has blanks at the end of a line"]


def test_a_large_file_is_told_whatever_it_is(faults_of: Faults) -> None:
    assert faults_of(b"\0" * 500_001) == ["is larger than 500,000 bytes"]
