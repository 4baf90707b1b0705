"""An outage of the service and a refused key fail no job: each says what it waits for, and all succeed afterwards."""

from pathlib import Path

import pytest

from tests.fixtures.stacks.outage import SETTLE_S, count, endure_outage, endure_refusal, submit_all
from tests.fixtures.stacks.stack import running_stack

JOBS = 12
TURNS = 6
TROUBLE_S = 10.0
END_S = 600.0  # a probe comes after a minute; the rest is for a slow machine


@pytest.mark.timeout(1500)
def test_an_outage_and_a_refused_key_fail_nothing(tmp_path: Path, figures: list[str]) -> None:
    service = ("--speed", "2", "--latency-ms", "100")
    with running_stack(tmp_path, f"sqlite:///{tmp_path / 'longhand.db'}", options=service) as stack:
        submitter = submit_all(stack, tmp_path / "recordings", JOBS, TURNS)
        outage = endure_outage(stack, away_s=TROUBLE_S)
        refusal, handshakes = endure_refusal(stack, refused_s=TROUBLE_S)
        verdict = count(stack, submitter, END_S)
    figures.append(
        f"outage: {outage}; refused key: {refusal}, handshakes after {[round(at_s, 1) for at_s in handshakes]} s"
    )
    assert (outage.failed, outage.codes) == (0, frozenset({"service_unreachable"}))
    assert (refusal.failed, "key_refused" in refusal.codes, "refused" in refusal.states) == (0, True, True)
    assert sum(at_s > SETTLE_S for at_s in handshakes) <= 1, "a refused key is tried once a minute"
    assert (verdict.lost, verdict.unsuccessful, verdict.wrong, verdict.extra_rows) == (0, 0, 0, 0)
