"""`longhand reprocess …`: campaigns, from the plan to the promotion and back."""

import typer

from api.cli.campaigns import reprocess, review
from api.cli.options import Command

COMMANDS: dict[str, Command] = {
    "plan": reprocess.plan,
    "start": reprocess.start,
    "status": reprocess.status,
    "watch": reprocess.watch,
    "recordings": reprocess.recordings,
    "pause": reprocess.plain_verb("pause"),
    "resume": reprocess.plain_verb("resume"),
    "cancel": reprocess.plain_verb("cancel"),
    "promote": reprocess.promote,
    "rollback": reprocess.plain_verb("rollback"),
    "list": reprocess.list_campaigns,
    "compare": review.compare,
    "vote": review.vote,
}

app = typer.Typer(
    no_args_is_help=True,
    help="""Transcribe recordings again with another model or other options, beside daily work and within limits.

    \b
    longhand reprocess plan --archive calls --model new --dry-run      what it would do and cost
    longhand reprocess plan --archive calls --model new --name june    the same, and keep the plan
    longhand reprocess start june       a small sample goes first, and waits for a review
    longhand reprocess start june       go on with all
    longhand reprocess watch june
    longhand reprocess promote june     its transcripts are the current ones
    longhand reprocess rollback june    those from before are
    """,
)
for name, command in COMMANDS.items():
    app.command(name)(command)
