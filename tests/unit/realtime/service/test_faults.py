"""The language of faults."""

import pytest

from realtime.service.faults import Absence, CommitFault, Faults, HandshakeFault, UnknownFault


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ()),
        ("fail", (CommitFault("fail"),)),
        ("fail:0.05", (CommitFault("fail", odds=0.05),)),
        ("fail:DataInspectionFailed", (CommitFault("fail", "DataInspectionFailed"),)),
        ("error:AccessDenied:0.5", (CommitFault("error", "AccessDenied", 0.5),)),
        ("error:Throttling.RateQuota:1", (CommitFault("error", "Throttling.RateQuota"),)),
        ("reset:0.01, drop", (CommitFault("reset", odds=0.01), CommitFault("drop"))),
        ("stall:1", (CommitFault("stall"),)),
        ("429", (HandshakeFault(429),)),
        ("401:0.5,5xx:0.1", (HandshakeFault(401, 0.5), HandshakeFault(503, 0.1))),
        ("away:30", (Absence(0.0, 30.0),)),
        ("away:30@5,away:1@60", (Absence(5.0, 35.0), Absence(60.0, 61.0))),
    ],
)
def test_the_language_is_read(text: str, faults: tuple[object, ...]) -> None:
    assert Faults.parse(text).faults == faults


@pytest.mark.parametrize("text", ["boom", "fail:2", "fail:0.1:AccessDenied", "fail:1.2.3", "200", "away", "reset:-1"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(UnknownFault):
        Faults.parse(text)


def test_without_faults_nothing_happens() -> None:
    faults = Faults.parse("")

    assert faults.at_commit() is None
    assert faults.at_handshake() is None


def test_a_seed_repeats_the_dice() -> None:
    drawn = [[Faults.parse("fail:0.5", seed).at_commit() for _ in range(1)] for seed in (1, 1, 2, 2)]

    assert drawn[0] == drawn[1]
    assert drawn[2] == drawn[3]


def test_the_odds_are_about_what_was_asked_for() -> None:
    faults = Faults.parse("fail:0.25", seed=7)

    hits = sum(faults.at_commit() is not None for _ in range(4_000))

    assert 850 < hits < 1_150


def test_each_kind_strikes_in_its_own_place() -> None:
    faults = Faults.parse("401,reset")

    assert faults.at_handshake() == 401
    assert faults.at_commit() == CommitFault("reset")
