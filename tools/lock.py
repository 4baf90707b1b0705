#!/usr/bin/env python3
"""Write requirements.lock: one exact version for each package that any supported Python needs.

pip resolves all extras of pyproject.toml for each Python version without installing anything; the results are joined.
The file is a constraints file (`pip install -c`), names versions only and no address.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORM = {"sys_platform": "linux", "platform_machine": "x86_64"}
HEADER = "# Exact versions for every supported Python; `make lock` renews this file. Used with `pip install -c`.\n"


def main() -> None:
    pins: dict[str, dict[str, str]] = {}
    for python in PYTHONS:
        for name, version in resolve(python, wanted()):
            pins.setdefault(name, {})[python] = version
    lines = [line for name in sorted(pins) for line in pin_lines(name, pins[name])]
    (ROOT / "requirements.lock").write_text(HEADER + "".join(f"{line}\n" for line in lines))


def pin_lines(name: str, versions: dict[str, str]) -> list[str]:
    """One line where all Pythons agree, else one for each, with its marker."""
    if len(set(versions.values())) == 1:
        return [f"{name}=={next(iter(versions.values()))}"]
    return [f'{name}=={version} ; python_version == "{python}"' for python, version in versions.items()]


def wanted() -> list[str]:
    """All requirements of the project and its extras, but the project itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return [line for lines in lists for line in lines if not line.startswith(project["name"])]


def resolve(python: str, requirements: list[str]) -> list[tuple[str, str]]:
    """(name, version) of everything that pip would install for this Python."""
    fitting = [line.split(";")[0] for line in requirements if _fits(line, python)]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
            *("--only-binary", ":all:", "--python-version", python, "--target", folder),
            *("--report", str(report), *fitting),
        ]
        subprocess.run(command, check=True)  # noqa: S603  # our own arguments
        installs = json.loads(report.read_text())["install"]
    return [(item["metadata"]["name"].lower().replace("_", "-"), item["metadata"]["version"]) for item in installs]


def _fits(requirement: str, python: str) -> bool:
    """pip judges markers by the Python and the machine that run it; the lock is made for Linux on x86-64."""
    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate({"python_version": python, **PLATFORM})


if __name__ == "__main__":
    main()
