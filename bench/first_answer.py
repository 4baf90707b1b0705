"""How soon the first answer of a long recording is stored: from the claim, by the database's own clock.

A whole stack with the scripted engine, which answers at once. Each round has a recording of its own. The aim: 2 s.

Run: python -m bench.first_answer [--hours 10] [--rounds 5]
"""

import argparse
from dataclasses import dataclass

from sqlalchemy import func, select

from bench.recordings import FORMS, Form, make_speech, over_again
from bench.report import Spread, keep, load, show, spread
from bench.stack import Stack, running_stack, until
from worker.models import Answer, Job, Segment

PART_S = 300.0
SHOWN = ("MP3", "AAC", "WAV")


@dataclass(frozen=True)
class Measured:
    """Seconds from the claim to the first stored answer."""

    form: str
    first_s: Spread


def measure(stack: Stack, name: str, hours: float, rounds: int) -> Measured:
    return Measured(name, spread([_round(stack, FORMS[name], hours, number) for number in range(rounds)]))


def _round(stack: Stack, form: Form, hours: float, number: int) -> float:
    part = make_speech(stack.folder / f"part.{form.ending}", form, PART_S, seed=number + 1)
    whole = over_again(part, stack.folder / f"whole.{form.ending}", hours * 3600)
    [job_id] = stack.submit([whole])
    until(lambda: first_answer_ms(stack, job_id))
    stack.client.cancel(job_id)
    return (first_answer_ms(stack, job_id) or 0) / 1000


def first_answer_ms(stack: Stack, job_id: str) -> int | None:
    """From the job's claim; None while there is none."""
    answered = select(func.min(Answer.created_ms)).join(Segment, Segment.answer_id == Answer.id)
    with stack.database.reading() as session:
        claimed_ms = session.scalar(select(Job.claimed_ms).where(Job.id == job_id))
        stored_ms = session.scalar(answered.where(Segment.job_id == job_id))
    return stored_ms - claimed_ms if stored_ms is not None and claimed_ms is not None else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    before = load()
    names = [name for name in FORMS if name.startswith(SHOWN)]
    with running_stack() as stack:
        found = [measure(stack, name, options.hours, options.rounds) for name in names]
    show([f"first answer of {options.hours:g} h", "s after the claim"], [(one.form, one.first_s) for one in found])
    keep("first_answer", {"hours": options.hours, "forms": found}, before)


if __name__ == "__main__":
    main()
