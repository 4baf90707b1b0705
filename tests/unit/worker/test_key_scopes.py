"""docs/security.md says of each scope what the code says."""

import re

from tests.fixtures.paths import DOCS
from worker.states import KeyScope


def test_the_page_has_each_scope_with_its_sentence() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", (DOCS / "security.md").read_text(), re.MULTILINE)
    assert [row for row in rows if row[0] in set(KeyScope)] == [(scope.value, scope.sentence) for scope in KeyScope]
