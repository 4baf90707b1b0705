"""Errors as `application/problem+json` (RFC 9457), with a code that programs decide on and a hint for people."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from realtime.protocol.errors import CodedError
from worker import errors
from worker.database import DATABASE_AWAY
from worker.hints import hint_of, message_of
from worker.shapes.base import Problem
from worker.shapes.fields import sentence

RETRY_AFTER_S = 2
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class RouteUnknown(errors.NotFound):
    code = "route_unknown"
    hint = "There is nothing at this path: /docs lists the routes."


class MethodNotAllowed(errors.RequestError):
    code = "method_not_allowed"
    hint = "The path is right, the method is not: /docs lists the routes."


class HostUnknown(errors.RequestError):
    code = "host_unknown"
    hint = "No server of this name is here: ask for 127.0.0.1 or localhost, or add the name to LONGHAND_ALLOWED_HOSTS."


class ForeignOrigin(errors.RequestError):
    code = "foreign_origin"
    hint = "A page of another origin asked for this: no page but the server's own may, open the address yourself."


class MediaTypeUnsupported(errors.RequestError):
    code = "media_type_unsupported"
    hint = "The Content-Type is none that the route takes: send application/json, or what /docs lists for it."


class BodyTooSlow(errors.RequestError):
    code = "body_too_slow"
    retryable = True
    hint = "The body came too slowly: send it over a better line, or submit a URL and let it be fetched."


class UploadsBusy(errors.RequestError):
    code = "uploads_busy"
    retryable = True
    hint = "Too many uploads are under way, or too many from this address: come again in a moment."


# The first class that an error is one of gives its status; what is not here is a fault of ours.
STATUSES: dict[type[CodedError], int] = {
    errors.UploadTooLarge: 413,
    errors.NotAudio: 415,
    errors.PlaylistRefused: 415,
    errors.IdempotencyMismatch: 422,
    errors.KeyMissing: 401,
    errors.KeyUnknown: 401,
    errors.ScopeMissing: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    MethodNotAllowed: 405,
    HostUnknown: 421,
    ForeignOrigin: 403,
    MediaTypeUnsupported: 415,
    BodyTooSlow: 408,
    UploadsBusy: 503,
    errors.RequestError: 400,
    errors.RecordingError: 400,
    errors.DatabaseUnavailable: 503,
    errors.StorageFailed: 503,
}
STRANGERS = (errors.KeyMissing, errors.KeyUnknown, errors.ScopeMissing)  # of whose bodies nothing is read
FRAMEWORK: dict[int, type[CodedError]] = {404: RouteUnknown, 405: MethodNotAllowed}

log = structlog.get_logger()


def status_of(kind: type[CodedError]) -> int:
    """HTTP's status for an error at the door."""
    return next((status for known, status in STATUSES.items() if issubclass(kind, known)), 500)


def problem(error: CodedError) -> Problem:
    """The error's body; also what stands for an item of a batch that was refused."""
    return Problem(
        type=f"urn:longhand:error:{error.code}",
        title=error.code.replace("_", " ").capitalize(),
        status=status_of(type(error)),
        detail=message_of(error),
        code=error.code,
        hint=hint_of(type(error)),
        retryable=error.retryable,
    )


def problem_response(error: CodedError, headers: dict[str, str] | None = None) -> JSONResponse:
    """The error as an answer; one that says when to come again where that helps."""
    body = problem(error)
    more = {"Retry-After": str(RETRY_AFTER_S)} if body.status in {409, 503} and error.retryable else {}
    if body.status == HTTPStatus.UNAUTHORIZED:
        more = {"WWW-Authenticate": "Bearer"}
    return JSONResponse(body.as_json(), body.status, {**more, **(headers or {})}, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Let every error leave as a problem."""
    app.add_exception_handler(CodedError, _coded)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(ClientDisconnect, _gone)
    for away in DATABASE_AWAY:
        app.add_exception_handler(away, _database_away)
    app.add_exception_handler(Exception, _unexpected)


async def _coded(_request: Request, error: Exception) -> Response:
    assert isinstance(error, CodedError)  # noqa: S101  # registered for it
    return problem_response(error, {"Connection": "close"} if isinstance(error, STRANGERS) else None)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for it
    return problem_response(errors.InvalidRequest(sentence(error.errors())))


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for it
    kind = FRAMEWORK.get(error.status_code, errors.InvalidRequest)
    allow = {"Allow": ", ".join(_allowed(request))} if kind is MethodNotAllowed else {}
    return problem_response(kind(), {**(error.headers or {}), **allow})


def _allowed(request: Request) -> list[str]:
    """All methods of the path: the framework names those of the first route only."""
    routes = request.app.router.routes
    asked = {method: {**request.scope, "method": method} for method in METHODS}
    return [method for method, scope in asked.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)]


async def _gone(_request: Request, _error: Exception) -> Response:
    return problem_response(errors.InvalidRequest("The client left before the request was whole."))


async def _database_away(request: Request, error: Exception) -> Response:
    log.warning("the database does not answer; 503 was answered", path=request.url.path, error=type(error).__name__)
    return problem_response(errors.DatabaseUnavailable())


async def _unexpected(request: Request, error: Exception) -> Response:
    """The process's edge: nothing of the error leaves the house but that there was one. The server logs its trace."""
    log.error("a request met a defect; 500 was answered", path=request.url.path, error=type(error).__name__)
    return problem_response(errors.UnexpectedError("Something went wrong here; the server's log has the details."))
