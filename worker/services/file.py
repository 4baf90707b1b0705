"""Writing to the services file: what a person wrote there, comments included, stays as it is."""

from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from worker.errors import ConfigurationError
from worker.whole_files import write_whole

PRIVATE = 0o600  # an entry may hold a key


def change_entry(
    path: Path, name: str, changes: Mapping[str, float], *, if_new: Mapping[str, str] | None = None
) -> None:
    """Set fields of the service's table, which is made, with ``if_new`` in it, where there is none.

    Whole or not at all. Raises ConfigurationError where the file is no TOML, OSError where it cannot be written.
    """
    try:
        text = path.read_text() if path.exists() else ""
        changed = _changed(text, name, changes, if_new or {})
    except (TOMLKitError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{path} cannot be changed: {error}") from error
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else PRIVATE
    write_whole(target, changed.encode(), mode)


def _changed(text: str, name: str, changes: Mapping[str, float], if_new: Mapping[str, str]) -> str:
    document = tomlkit.parse(text)
    if name not in document:
        table = tomlkit.table()
        table.update(if_new)
        document.add(name, table)
    entry = document[name]
    if not isinstance(entry, dict):
        raise TypeError(f"{name} is no table")
    for field, value in changes.items():
        entry[field] = value
    return tomlkit.dumps(document)
