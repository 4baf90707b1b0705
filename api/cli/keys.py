"""`longhand key …`: who may come in. It works on the database itself, since it makes the first key too."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.configure import configured
from api.cli.exits import UsageProblem
from api.cli.options import grouped
from api.cli.output.printing import Output, note, put
from api.cli.stack.private_home import only_owner
from worker.shapes.access import Key
from worker.states import KeyScope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.keys import MadeKey

LENGTHS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
MOST_NAME = 200
LONGEST_MS = 100 * 366 * 86_400_000
Id = Annotated[str, typer.Argument(help="The eight characters behind lh_.", show_default=False)]
app = typer.Typer(
    no_args_is_help=True,
    help="""Make keys of the API, list, rotate and revoke them, in the database that the settings name.

    \b
    longhand key create ci --scope submit --scope read --expires 90d
    longhand key list
    longhand key rotate 4fz0c1qa
    longhand key revoke 4fz0c1qa
    """,
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, or what for.", show_default=False)],
    scope: Annotated[list[KeyScope], typer.Option(help="What it allows; several times for several.")],
    expires: Annotated[str, typer.Option(help="For how long, as 30d, 12h or 45m; left out: for ever.")] = "",
) -> None:
    """Make a key and print it, once: only its digest is kept.

    longhand key create ci --scope submit --scope read --expires 90d
    """
    from worker import keys  # noqa: PLC0415  # SQLAlchemy would cost every other command time

    if not 0 < len(name.strip()) <= MOST_NAME or not name.isprintable():
        raise UsageProblem(f"A name has 1 to {MOST_NAME} printable characters.")
    lasts_ms = length_ms("--expires", expires) if expires else None
    with _transaction() as session:
        made = keys.make(session, name.strip(), scope, lasts_ms=lasts_ms)
    _show(made)


@app.command("list")
@grouped
def list_all(
    *, every: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False, out: Output
) -> None:
    """Show the keys that hold, without their secrets."""
    from worker.views.keys import list_keys  # noqa: PLC0415  # as above

    with _transaction() as session:
        found = list_keys(session, also_ended=every)
    for key in found:
        out.item(key, _line(key))
    if not found:
        out.note("There is no key: `longhand key create` makes one.")


@app.command()
def rotate(
    key_id: Id,
    overlap: Annotated[str, typer.Option(help="How long the old one holds from now on.")] = "1d",
) -> None:
    """Make a new key for all that this one is for, and print it; the old one holds for another day.

    longhand key rotate 4fz0c1qa --overlap 12h
    """
    from worker import keys  # noqa: PLC0415  # as above

    overlap_ms = length_ms("--overlap", overlap)
    with _transaction() as session:
        made = keys.rotate(session, key_id, overlap_ms=overlap_ms)
    _show(made)


@app.command()
def revoke(key_id: Id) -> None:
    """End a key: within a second no server lets it in."""
    from worker import keys  # noqa: PLC0415  # as above

    with _transaction() as session:
        keys.revoke(session, key_id)
    put(f"The key {key_id} is revoked.")


def length_ms(option: str, text: str) -> int:
    """From ``30d``, ``12h`` or ``45m``; raises UsageProblem."""
    found = re.fullmatch(r"(\d{1,9})([mhd])", text.strip())
    length = int(found[1]) * LENGTHS_MS[found[2]] if found else -1
    if not 0 <= length <= LONGEST_MS:
        raise UsageProblem(f"{option} wants a length such as 30d, 12h or 45m.")
    return length


@contextmanager
def _transaction() -> "Iterator[Session]":
    """A session of a database with the newest schema, committed where nothing is raised."""
    from api.cli.stack.first_keys import opened  # noqa: PLC0415  # as above

    with only_owner(), opened(configured()) as database, database.writing() as session:
        yield session
        session.commit()


def _show(made: "MadeKey") -> None:
    """The key alone on stdout, for scripts."""
    note(f"The key {made.id}, shown this once:")
    put(made.text)


def _line(key: Key) -> str:
    ended = f"revoked {key.revoked_at}" if key.revoked_at else f"expires {key.expires_at or 'never'}"
    return f"{key.id}  {key.name}  {','.join(key.scopes)}  {ended}  last used {key.last_used_at or 'never'}"
