"""What an HTTP recogniser's refusal means."""

import json

import pytest

from realtime.service.engines.gateway import RequestPace
from realtime.service.engines.gateway_refusals import read_refusal


def body(**error: object) -> bytes:
    return json.dumps({"error": error}).encode()


@pytest.mark.parametrize(
    ("status", "answer", "code", "temporary"),
    [
        (401, body(code="InvalidApiKey", message="No."), "InvalidApiKey", False),
        (401, body(code="invalid_api_key", type="invalid_request_error"), "InvalidApiKey", False),
        (400, body(code="Arrearage", message="Overdue."), "Arrearage", False),
        (403, body(code="Arrearage", message="Overdue."), "Arrearage", False),
        (403, body(code="AccessDenied"), "AccessDenied", False),
        (400, body(code="DataInspectionFailed"), "DataInspectionFailed", False),
        (400, body(code="data_inspection_failed"), "data_inspection_failed", False),
        (404, body(code="ModelNotFound"), "ModelNotFound", False),
        (404, body(code="model_not_found"), "ModelNotFound", False),
        (400, body(code="InvalidParameter"), "InvalidParameter", False),
        (429, body(code="Throttling.RateQuota"), "Throttling.RateQuota", True),
        (429, body(code="rate_limit_exceeded"), "Throttling", True),
        (429, body(code="insufficient_quota", type="insufficient_quota"), "Arrearage", False),
        (403, json.dumps({"code": "Throttling.AllocationQuota"}).encode(), "Throttling.AllocationQuota", True),
        (408, body(code="RequestTimeOut"), "RequestTimeOut", True),
        (500, body(code="InternalError.Algo"), "InternalError.Algo", True),
        (500, b"<html>oops", "InternalError", True),
        (502, b"", "InternalError", True),
        (401, b"", "InvalidApiKey", False),
        (402, b"", "Arrearage", False),
        (403, b"", "AccessDenied", False),
        (404, b"[]", "ModelNotFound", False),
        (413, b'"too large"', "InvalidParameter", False),
        (422, b'{"detail": []}', "InvalidParameter", False),
        (429, b"", "Throttling", True),
        (400, body(code=None, message="Requests rate limit exceeded, try later"), "Throttling.RateQuota", True),
        (400, body(code="odd", message="Request rate increased too quickly"), "Throttling.RateQuota", True),
        (403, body(message="Allocated quota exceeded"), "Throttling.AllocationQuota", True),
    ],
)
def test_a_refusal_is_read_in_the_codes_of_the_protocol(
    status: int, answer: bytes, code: str, *, temporary: bool
) -> None:
    refused = read_refusal(status, answer)

    assert (refused.code, refused.temporary) == (code, temporary)
    assert refused.message


def test_a_long_message_is_cut() -> None:
    assert len(read_refusal(400, body(message="x" * 10_000)).message) <= 300


def test_requests_wait_for_their_turn_within_the_minute() -> None:
    now_s = [0.0]
    pace = RequestPace(2, lambda: now_s[0])

    assert [pace.take() for _ in range(5)] == [0, 0, 60, 60, 120]
    now_s[0] = 130.0
    assert [pace.take(), pace.take()] == [0, 50]
    now_s[0] = 300.0
    assert pace.take() == 0
