"""Write the tables of rooms in CONTRIBUTING.md anew, from the lists in each package's ``ROOMS``."""

import importlib
from pathlib import Path

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
PACKAGES = ("worker", "realtime", "api")


def table(package: str) -> str:
    """The package's rooms in their order, a row each."""
    rooms: dict[str, str] = importlib.import_module(package).ROOMS
    rows = [f"| `{_path(package, room)}` | {subject} |" for room, subject in rooms.items()]
    return "\n".join(["| room | subject |", "|---|---|", *rows])


def _path(package: str, room: str) -> str:
    return f"{room}/" if (PAGE.parent / package / room).is_dir() else f"{room}.py"


def written(page: str) -> str:
    """The page with each table between its two marks as the lists have it now."""
    for package in PACKAGES:
        start, rest = page.split(f"<!-- rooms of {package} -->\n", 1)
        end = rest.split("<!-- end -->", 1)[1]
        page = f"{start}<!-- rooms of {package} -->\n\n{table(package)}\n\n<!-- end -->{end}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
