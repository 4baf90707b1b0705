"""How there comes to be a first key: in the file of a home, from LONGHAND_FIRST_KEY_FILE, or by `longhand key create`.

Who listens beyond this machine does not start before there is one.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog

import migrations
from api.cli.exits import UsageProblem
from api.cli.stack.home import read_key
from realtime.hosts import is_loopback
from worker import keys
from worker.database import DATABASE_AWAY, Database
from worker.errors import DatabaseUnavailable
from worker.settings import Settings
from worker.states import KeyScope
from worker.whole_files import write_whole

OWNER_ONLY = 0o600
ADMIN = (KeyScope.ADMIN,)
HOW = "`longhand key create NAME --scope admin` makes one, or LONGHAND_FIRST_KEY_FILE names a file with one."

log = structlog.get_logger(__name__)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database with the newest schema. Raises UsageProblem where it has an older one, DatabaseUnavailable."""
    with database_errors(), closing(Database(settings.resolved_database_url, pool_size=1)) as database:
        if not migrations.is_current(database):
            raise UsageProblem("The database has not the newest schema: run `longhand migrate`.")
        yield database


@contextmanager
def database_errors() -> Iterator[None]:
    """Raises DatabaseUnavailable, with what the driver said, where the database is away."""
    try:
        yield
    except DATABASE_AWAY as error:
        raise DatabaseUnavailable(f"{DatabaseUnavailable.hint} It said: {str(error).splitlines()[0]}") from error


def keep_key_in(path: Path, settings: Settings, name: str = "up") -> None:
    """Have the file hold a key that may do everything: the one that it has, where that holds, or a new one.

    The file is its owner's alone from the moment at which it is there.
    """
    with opened(settings) as database:
        text = read_key(path)
        if text and keys.find_valid(database, text):
            return
        with database.writing() as session:
            made = keys.make(session, name, ADMIN)
            session.commit()
    write_whole(path, f"{made.text}\n".encode(), OWNER_ONLY)


def look_for_keys(settings: Settings, host: str) -> None:
    """Before something listens at ``host``: take in the first key of the settings, and see that there is one.

    Raises UsageProblem where others could reach the host and no key holds. Where the database is away only its users
    wait: without it nobody's key can be looked up.
    """
    if is_loopback(host) and settings.first_key_file is None:
        return
    try:
        with opened(settings) as database:
            _look(database, settings.first_key_file, host)
    except DatabaseUnavailable as error:
        log.warning("the database is away: whether there are keys is not known", error=str(error))


def _look(database: Database, first: Path | None, host: str) -> None:
    if keys.are_there(database):
        return
    if first is not None:
        _take_in(database, first)
    elif not is_loopback(host):
        raise UsageProblem(f"To listen on {host} there must be a key, or anybody could come: {HOW}")


def _take_in(database: Database, path: Path) -> None:
    try:
        text = path.read_text().strip()
        with database.writing() as session:
            keys.keep(session, text, "first", ADMIN)
            session.commit()
    except (OSError, ValueError) as error:
        raise UsageProblem(f"LONGHAND_FIRST_KEY_FILE cannot be used: {error}") from error
    if keys.find_valid(database, text) is None:
        raise UsageProblem("The key of LONGHAND_FIRST_KEY_FILE was revoked or has expired: put another one there.")
