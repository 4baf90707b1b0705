"""The lock files pin everything that is installed to the hashes of its files, and say nothing of where it is from."""

import re
import tomllib

import pytest

from tests.fixtures.paths import ROOT

ALL = "requirements.lock"
SUBSETS = {"requirements-embedded.lock": ["embedded"], "requirements-server.lock": ["postgres", "s3"]}
PIN = re.compile(r"([a-z0-9][a-z0-9.-]*)==[0-9][A-Za-z0-9.+!]*( ; [a-z_0-9 '=<>!.*()-]+)?", re.ASCII | re.IGNORECASE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, list[str]]:
    """The hashes by the pin that they are for."""
    text = (ROOT / lock).read_text()
    lines = " ".join(line for line in text.replace("\\\n", "").splitlines() if not line.startswith("#"))
    found: dict[str, list[str]] = {}
    pin = ""
    for part in re.split(r" +(?=--hash)| (?=[a-z0-9][a-z0-9.-]*==)", lines.strip()):
        if not part.startswith("--hash"):
            pin = part.strip()
        found.setdefault(pin, []).extend([part.strip()] if part.startswith("--hash") else [])
    return found


@pytest.mark.parametrize("lock", [ALL, *SUBSETS])
def test_each_pin_is_a_package_and_its_exact_version_with_hashes_and_without_an_address(lock: str) -> None:
    assert len(pins(lock)) > 50
    assert [pin for pin in pins(lock) if not PIN.fullmatch(pin)] == []
    assert [pin for pin, hashes in pins(lock).items() if not hashes] == []
    assert [one for hashes in pins(lock).values() for one in hashes if not HASH.fullmatch(one)] == []


@pytest.mark.parametrize("lock", [ALL, *SUBSETS])
def test_no_comment_has_an_address_either(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()


def names(lines: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines}


def locked(lock: str) -> set[str]:
    return {pin.partition("==")[0] for pin in pins(lock)}


@pytest.mark.parametrize(("lock", "extras"), [(ALL, ["embedded", "postgres", "s3", "dev"]), *SUBSETS.items()])
def test_whatever_the_project_asks_for_is_pinned(lock: str, extras: list[str]) -> None:
    parts = project()
    own, builds = parts["project"], parts["dependency-groups"]
    assert isinstance(own, dict)
    assert isinstance(builds, dict)
    lists = [own["dependencies"], builds["build"], *(own["optional-dependencies"][extra] for extra in extras)]
    assert names([line for lines in lists for line in lines]) - {own["name"]} <= locked(lock)


@pytest.mark.parametrize("lock", SUBSETS)
def test_a_part_of_it_has_the_versions_and_hashes_of_the_whole(lock: str) -> None:
    def plain(found: dict[str, list[str]]) -> dict[str, list[str]]:
        return {pin.partition(" ;")[0]: hashes for pin, hashes in found.items()}

    assert plain(pins(lock)).items() <= plain(pins(ALL)).items()


def test_what_makes_our_package_is_what_is_locked() -> None:
    parts = project()
    builds, system = parts["dependency-groups"], parts["build-system"]
    assert isinstance(builds, dict)
    assert isinstance(system, dict)
    assert builds["build"] == system["requires"]


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_nothing_is_installed_past_the_hashes(file: str) -> None:
    text = (ROOT / file).read_text().replace("$(PIP)", "pip")
    found = re.findall(r"pip install (.*)", text)
    assert len(found) >= 3
    past = [line for line in found if not re.match(r"--require-hashes -r|--no-deps --no-build-isolation |'uv", line)]
    assert past == []
