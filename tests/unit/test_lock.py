"""The lock file pins everything that is installed, and says nothing of where it is from."""

import re
import tomllib

from tests.fixtures.paths import ROOT

PIN = re.compile(r"([a-z0-9][a-z0-9.-]*)==[0-9][A-Za-z0-9.+!]*( ; [a-z_0-9 '=<>!.*()-]+)?", re.ASCII | re.IGNORECASE)


def pins() -> list[str]:
    return [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.strip().startswith("#")]


def test_each_line_is_a_package_and_its_exact_version_without_an_address() -> None:
    assert len(pins()) > 50
    assert [line for line in pins() if not PIN.fullmatch(line)] == []


def test_no_comment_has_an_address_either() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_whatever_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for lines in lists for line in lines}
    assert asked - {project["name"]} <= {line.partition("==")[0] for line in pins()}
