"""The service away for ten minutes in the middle of two hundred jobs, then its key refused for five."""

from pathlib import Path

import pytest

from tests.fixtures.stacks.outage import SETTLE_S, count, endure_outage, endure_refusal, submit_all
from tests.fixtures.stacks.stack import running_stack
from tests.soak.conftest import Number

TURNS = 8
SERVICE = ("--speed", "2", "--latency-ms", "100")  # slow enough that there are jobs left for the refusal


@pytest.mark.timeout(2 * 3600)
def test_an_outage_and_a_refused_key_fail_nothing(tmp_path: Path, number: Number, figures: list[str]) -> None:
    jobs, away_s, refused_s = int(number("JOBS", 200)), number("AWAY_S", 600), number("REFUSED_S", 300)
    with running_stack(tmp_path, f"sqlite:///{tmp_path / 'longhand.db'}", options=SERVICE, settings={}) as stack:
        submitter = submit_all(stack, tmp_path / "recordings", jobs, TURNS)
        outage = endure_outage(stack, away_s=away_s)
        refusal, handshakes = endure_refusal(stack, refused_s=refused_s)
        verdict = count(stack, submitter, 3600)
    figures += [f"  {outage}", f"  {refusal}", f"  handshakes after {[round(at_s, 1) for at_s in handshakes]} s"]
    figures.append(f"  {verdict.line()}")
    assert (outage.failed, refusal.failed) == (0, 0)
    assert sum(at_s > SETTLE_S for at_s in handshakes) <= refused_s / 60 + 1
    assert (verdict.lost, verdict.unsuccessful, verdict.wrong, verdict.extra_rows) == (0, 0, 0, 0)
