"""`make attack` in little: its quick rows run, and one that finds something says so by its status."""

import subprocess
import sys

import pytest

from tests.fixtures.paths import ROOT

QUICK = ("terminal", "tables", "page of a comparison", "names of exports", "mounted folders", "URLs, redirects, names")
WITH_A_FINDING = """
import sys
from tests.attack import __main__ as attack
attack.ROWS.clear()
attack.ROWS["bad"] = lambda assault: [assault.{finding} for _ in assault.inputs(3)]
sys.argv = ["attack", "--least", "3"]
sys.exit(attack.main())
"""


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)


def test_quick_rows_find_nothing() -> None:
    shown = python("-m", "tests.attack", "--least", "20", "--seconds", "0", *QUICK)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert sum(line.startswith("| ") for line in shown.stdout.splitlines()) == len(QUICK) + 2
    assert "seed 13" in shown.stdout


@pytest.mark.parametrize("finding", ["crashed('x')", "hung('x')", "reached('x')", "found('x')", "nothing_of_the_kind"])
def test_what_is_found_ends_it_with_1(finding: str) -> None:
    shown = python("-c", WITH_A_FINDING.format(finding=finding))
    assert shown.returncode == 1, shown.stdout + shown.stderr
    assert "| bad | " in shown.stdout
