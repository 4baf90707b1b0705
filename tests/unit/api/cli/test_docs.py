"""The pages about commands and settings, held to the program in both directions."""

import re

import typer

from api.cli.commands import app
from api.cli.exits import Exit
from tests.fixtures.paths import DOCS
from worker.settings import Settings

ROW = re.compile(r"^\| `LONGHAND_(\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def documented_settings() -> dict[str, tuple[str, str]]:
    rows = ROW.findall((DOCS / "settings.md").read_text())
    return {name.lower(): (default, sentence) for name, default, sentence in rows}


def shown_default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.default_factory is not None:
        return "the user's data folder"
    return "unset" if field.default in {None, ""} else f"`{field.default}`"


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    assert documented_settings().keys() == Settings.model_fields.keys()


def test_the_page_shows_each_setting_s_own_default_and_sentence() -> None:
    of_the_program = {name: (shown_default(name), field.description) for name, field in Settings.model_fields.items()}
    assert documented_settings() == of_the_program


def test_every_command_is_documented_and_every_documented_command_exists() -> None:
    documented = re.findall(r"^### `longhand (\w+)`$", (DOCS / "commands.md").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group


def test_every_exit_code_is_documented() -> None:
    documented = re.findall(r"^\| (\d) \|", (DOCS / "commands.md").read_text(), re.MULTILINE)
    assert [int(code) for code in documented] == list(Exit)
