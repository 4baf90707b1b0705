"""What a service's codes mean, wherever they come from."""

import pytest

from realtime.client.handshake import refused
from realtime.protocol.errors import (
    BillUnpaid,
    ContentRefused,
    KeyRefused,
    ModelUnknown,
    QuotaExceeded,
    RateLimited,
    RealtimeError,
    RequestRejected,
    ServiceFault,
    ServiceUnreachable,
)
from realtime.protocol.events import ErrorDetail
from realtime.protocol.refusals import refusal


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", KeyRefused),
        ("AccessDenied.Unpurchased", KeyRefused),
        ("InvalidApiKey", KeyRefused),
        (401, KeyRefused),
        ("Arrearage", BillUnpaid),
        ("ModelNotFound", ModelUnknown),
        ("DataInspectionFailed", ContentRefused),
        ("Throttling", RateLimited),
        ("Throttling.RateQuota", RateLimited),
        ("Throttling.AllocationQuota", QuotaExceeded),
        (429, RateLimited),
        ("Requests rate limit exceeded", RateLimited),
        ("Allocated quota exceeded", QuotaExceeded),
        ("Request rate increased too quickly", RateLimited),
        ("InvalidParameter", RequestRejected),
        ("invalid_value", RequestRejected),
        ("InternalError", ServiceFault),
        ("RequestTimeOut", ServiceFault),
        ("SomethingNew", ServiceFault),
        (None, ServiceFault),
    ],
)
def test_a_code_means_who_must_act(code: str | int | None, expected: type[RealtimeError]) -> None:
    error = refusal(ErrorDetail(type="server_error", code=code))
    assert type(error) is expected
    assert error.service_code == (str(code) if code is not None else "server_error")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("invalid_request_error", RequestRejected), ("server_error", ServiceFault), (None, ServiceFault)],
)
def test_the_type_tells_where_the_code_is_unknown(kind: str | None, expected: type[RealtimeError]) -> None:
    assert type(refusal(ErrorDetail(type=kind, code="Whatever"))) is expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Requests rate limit exceeded, please try again later.", RateLimited),
        ("Request rate increased too quickly, please slow down.", RateLimited),
        ("Allocated quota exceeded, please increase your quota limit.", QuotaExceeded),
    ],
)
def test_the_three_documented_sentences_are_signs_of_their_limits(sentence: str, expected: type[RealtimeError]) -> None:
    assert type(refusal(ErrorDetail(type="invalid_request_error", message=sentence))) is expected


def test_no_other_text_decides() -> None:
    detail = ErrorDetail(type="server_error", message="The rate limit and the quota, an invalid API key, Arrearage.")
    assert type(refusal(detail)) is ServiceFault


def test_the_services_words_are_passed_on_in_short_and_without_the_key() -> None:
    error = refusal(ErrorDetail(code="InvalidApiKey", message="Bad key sk-1!\n" + "x" * 10_000), hide="sk-1")
    assert "The service said: Bad key ***! x" in str(error)
    assert len(str(error)) < 700


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, "", KeyRefused),
        (403, "", KeyRefused),
        (403, '{"code":"AllocationQuota.FreeTierOnly","message":"The free tier is used up."}', QuotaExceeded),
        (403, '{"error":{"code":"x","message":"Allocated quota exceeded, please wait."}}', QuotaExceeded),
        (403, '{"code":"AccessDenied"}', KeyRefused),
        (400, '{"code":"Arrearage"}', BillUnpaid),
        (402, "", BillUnpaid),
        (404, '{"code":"ModelNotFound","message":"No such model."}', ModelUnknown),
        (400, '{"error":{"code":"model_not_supported"}}', ModelUnknown),
        (404, "<html>Not found</html>", ServiceUnreachable),
        (400, "{}", RequestRejected),
        (426, "", RequestRejected),
        (429, "", RateLimited),
        (429, '{"code":"Throttling.AllocationQuota"}', QuotaExceeded),
        (500, "", ServiceFault),
        (503, "[]", ServiceFault),
        (503, '{"error":"busy"}', ServiceFault),
        (599, "[" * 100_000, ServiceFault),
    ],
)
def test_a_refused_handshake_means_who_must_act(status: int, body: str, expected: type[RealtimeError]) -> None:
    assert type(refused(status, {}, body.encode())) is expected


def test_a_refused_handshake_says_when_to_come_again() -> None:
    assert refused(429, {"retry-after": "7"}, b"").retry_after_s == 7
    assert refused(429, {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, b"").retry_after_s == 0
    assert refused(429, {"retry-after": "soon"}, b"").retry_after_s is None
    assert refused(503, {}, b"").retry_after_s is None


def test_a_refused_handshake_does_not_quote_the_key() -> None:
    error = refused(401, {}, b'{"code":"sk-1","message":"sk-1 is not a key"}', hide="sk-1")
    assert "sk-1" not in str(error)
    assert error.service_code == "***"


def test_a_page_for_people_is_not_quoted() -> None:
    assert "html" not in str(refused(502, {}, b"<html>Bad gateway</html>"))
