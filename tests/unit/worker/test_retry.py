import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.errors import (
    BillUnpaid,
    CodedError,
    ConnectionLost,
    ContentRefused,
    KeyRefused,
    ModelUnknown,
    QuotaExceeded,
    RateLimited,
    RequestRejected,
    ServiceFault,
    ServiceTimeout,
    ServiceUnreachable,
)
from worker.errors import (
    ConfigurationError,
    DamagedAudio,
    DatabaseUnavailable,
    DecoderFailed,
    NoAudioStream,
    SourceMissing,
    SourcesBusy,
    SourceUnreachable,
    TooLong,
    UnexpectedError,
)
from worker.retry import Decision, History, Kind, backoff_s, decide, too_many_gaps

OURS = (DatabaseUnavailable(), SourcesBusy())  # and come back by themselves
jitters = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize("error", [NoAudioStream(), DamagedAudio(), TooLong(), SourceMissing(), RequestRejected()])
def test_what_the_input_or_our_request_is_at_fault_for_fails_at_its_first_attempt(error: CodedError) -> None:
    assert decide(error, History(), jitter=0.5) == Decision(kind=Kind.FAIL, charge=True)


def test_a_wrong_setting_of_the_operator_fails_at_once() -> None:
    assert decide(ConfigurationError(), History(), jitter=0.5).kind == Kind.FAIL


@pytest.mark.parametrize("error", [DecoderFailed(), UnexpectedError()])
def test_an_internal_error_is_tried_five_times_and_charged_each_time(error: CodedError) -> None:
    decisions = [decide(error, History(attempts=attempts), jitter=0.5) for attempts in range(5)]

    assert [decision.kind for decision in decisions] == [Kind.AGAIN] * 4 + [Kind.FAIL]
    assert all(decision.charge for decision in decisions)
    assert [decision.due_in_s for decision in decisions[:4]] == [1.5, 3, 6, 12]


def test_an_unreachable_source_is_tried_a_few_times() -> None:
    kinds = [decide(SourceUnreachable(), History(attempts=attempts), jitter=0).kind for attempts in range(4)]

    assert kinds == [Kind.AGAIN, Kind.AGAIN, Kind.AGAIN, Kind.FAIL]


@pytest.mark.parametrize(
    "error",
    [
        ServiceFault(),
        ConnectionLost(),
        ServiceTimeout(),
        ServiceUnreachable(),
        RateLimited(),
        DatabaseUnavailable(),
        SourcesBusy(),
    ],
)
@given(jitter=jitters, stalls=st.integers(0, 100_000), attempts=st.integers(0, 1000))
def test_an_outage_fails_no_job_however_long(error: CodedError, jitter: float, stalls: int, attempts: int) -> None:
    decision = decide(error, History(attempts=attempts, stalls=stalls), jitter=jitter)

    assert decision.kind == Kind.AGAIN
    assert not decision.charge
    assert decision.waiting
    assert 0 <= decision.due_in_s < 60


def test_an_outage_is_asked_after_less_and_less_often() -> None:
    delays = [decide(ServiceFault(), History(stalls=stalls), jitter=0.5).due_in_s for stalls in range(7)]

    assert delays == [1, 2, 4, 8, 16, 30, 30]


def test_a_limit_is_never_asked_after_before_the_time_that_the_service_named() -> None:
    assert decide(RateLimited(retry_after_s=12), History(), jitter=0).due_in_s == 12
    assert decide(QuotaExceeded(retry_after_s=3600), History(), jitter=0.5).due_in_s == 3600


def test_a_quota_is_waited_for_without_a_charge() -> None:
    decision = decide(QuotaExceeded(), History(attempts=99), jitter=0)

    assert decision == Decision(kind=Kind.AGAIN, due_in_s=300, waiting=True)


@pytest.mark.parametrize("error", [KeyRefused(), BillUnpaid(), ModelUnknown()])
@given(jitter=jitters)
def test_a_refusing_service_is_waited_for_about_a_minute_at_a_time(error: CodedError, jitter: float) -> None:
    decision = decide(error, History(attempts=99), jitter=jitter)

    assert (decision.kind, decision.charge, decision.waiting) == (Kind.AGAIN, False, True)
    assert 60 <= decision.due_in_s <= 75


def test_refused_content_is_a_gap() -> None:
    assert decide(ContentRefused(), History(), jitter=0).kind == Kind.GAP


def test_a_share_of_the_speech_may_be_missing_and_no_more() -> None:
    assert not too_many_gaps(0, 0, 0.05)
    assert not too_many_gaps(50, 1000, 0.05)
    assert too_many_gaps(51, 1000, 0.05)
    assert too_many_gaps(1, 1000, 0)


@given(attempts=st.integers(0, 200), jitter=jitters)
def test_backoff_stays_between_one_second_and_a_minute(attempts: int, jitter: float) -> None:
    assert 1 <= backoff_s(attempts, jitter) <= 60
