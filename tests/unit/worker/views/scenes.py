"""Jobs half done, for tests of what is shown of them."""

from realtime.protocol.errors import ContentRefused
from tests.fixtures.rows import claim, new_answer, submit
from worker.claims.claim import Claim
from worker.database import Database
from worker.queue import jobs
from worker.results import segments
from worker.split.spans import Span

SPANS = [Span(0, 0, 4000), Span(0, 6000, 8000), Span(0, 8000, 9000)]
AUDIO_MS = 10_000


def cut(database: Database, number: int = 1, *, complete: bool = True) -> tuple[Claim, list[int]]:
    """A claimed job with 7 s in three segments of 10 s; the segments' numbers."""
    submit(database, number)
    claimed = claim(database)
    stored = segments.store_spans(database, claimed, SPANS, channels=1, cut_ms=AUDIO_MS)
    if complete:
        segments.complete_cut(database, claimed, AUDIO_MS)
    return claimed, [segment.id for segment in stored]


def finished(database: Database, number: int = 1) -> Claim:
    """A succeeded job: one segment answered, one reused, one a gap."""
    claimed, (first, second, third) = cut(database, number)
    answer_id = segments.answered(database, claimed, first, new_answer("Good morning."), sent_ms=4000)
    segments.reuse(database, claimed, second, answer_id)
    segments.gap(database, claimed, third, ContentRefused(), sent_ms=1000)
    jobs.finish(database, claimed)
    return claimed
