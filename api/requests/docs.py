"""What OpenAPI says beside what the routes' own types say."""

from typing import Any

from pydantic import BaseModel

from api.requests.imports import ImportFields
from api.requests.options import RetryOptions
from worker.imports.manifests import KINDS
from worker.imports.rows import DescribedFields
from worker.shapes.base import Problem
from worker.shapes.options import JobOptions, UrlOptions
from worker.shapes.selection import JobFields

MEANINGS = {
    400: "The request is wrong; the sentence names the field.",
    401: "There is no key, or none that holds.",
    403: "The key does not allow it, or a page of another origin asks.",
    404: "The id names nothing.",
    409: "The state does not allow it, or the first request with this Idempotency-Key has not ended.",
    413: "The upload is too large.",
    415: "The file is no recording.",
    422: "The Idempotency-Key was used for another request.",
    503: "The database is away, or no room is free for an upload.",
}


ANY_OTHER = (
    "Any other error. Each route may answer 403 to a page of another origin, 415 to a body of another type, and 421 "
    "where it is asked by a name that is not the server's."
)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route that wants a key."""
    return open_problems(401, 403, *statuses)


def open_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of any route. With a default one FastAPI does not add its own 422, which is never answered here."""
    return {**{status: _problem(MEANINGS[status]) for status in (*statuses, 503)}, **other_problems()}


def other_problems() -> dict[int | str, dict[str, Any]]:
    """What any route may answer."""
    return {"default": _problem(ANY_OTHER)}


def _problem(description: str) -> dict[str, Any]:
    body = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {"description": description, "content": body}


def _upload_schema(beside: type[BaseModel]) -> dict[str, Any]:
    schema = beside.model_json_schema()
    schema["properties"] = {"file": {"type": "string", "format": "binary"}, **schema["properties"]}
    return {**schema, "required": ["file"]}


def request_body(by_type: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A body that is described by hand, since it is read as a stream."""
    return {"requestBody": {"content": {name: {"schema": _whole(schema, {})} for name, schema in by_type.items()}}}


def _whole(schema: Any, defined: dict[str, Any]) -> Any:  # noqa: ANN401  # JSON
    """With what it refers to in its place: pydantic's `$defs` would have to stand at the document's root."""
    if isinstance(schema, list):
        return [_whole(item, defined) for item in schema]
    if not isinstance(schema, dict):
        return schema
    defined = {**defined, **schema.get("$defs", {})}
    rest = {name: _whole(part, defined) for name, part in schema.items() if name not in {"$defs", "$ref"}}
    named = schema.get("$ref", "").removeprefix("#/$defs/")
    return {**_whole(defined[named], defined), **rest} if named else rest


def json_request(kind: type[BaseModel]) -> dict[str, Any]:
    """A JSON body of this shape."""
    return request_body({"application/json": kind.model_json_schema()})


SUBMISSION = request_body(
    {"multipart/form-data": _upload_schema(JobOptions), "application/json": UrlOptions.model_json_schema()}
)
_MANIFEST: dict[str, Any] = {
    "type": "string",
    "description": "A manifest, a row a line. Its first line names a CSV's columns.",
}
IMPORT = request_body(
    {
        "application/json": ImportFields.model_json_schema(),
        **dict.fromkeys(KINDS, _MANIFEST),
    }
)
UPLOADED = request_body({"multipart/form-data": _upload_schema(DescribedFields)})
FILTER = json_request(JobFields)
RETRY = json_request(RetryOptions)
BATCH = request_body(
    {
        "application/json": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "items": {"type": "array", "items": UrlOptions.model_json_schema()},
            },
            "additionalProperties": True,
            "description": "Other fields are options of all items. A bare list of items will do as well.",
        },
        **dict.fromkeys(KINDS, _MANIFEST),
    }
)
