"""What an import is asked to take, from a request: a manifest that is stored first, or a folder's name."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, TypeAdapter

from api.http.bodies import checked
from api.http.dependencies import Dependencies
from api.requests.options import read_options
from worker.archive_rules import rules_of
from worker.errors import InvalidRequest
from worker.imports.estimate import ListingCounts, expect
from worker.imports.listing import FolderFields, check_folder, manifest_source
from worker.imports.manifests import NEWLINE, check_head
from worker.imports.rows import ManifestRow
from worker.shapes.archives import ImportEstimate
from worker.shapes.fields import Name
from worker.shapes.options import JobOptions, SpecOptions
from worker.strict_json import parse_json
from worker.views.archives import estimate_import

NOT_OF_AN_IMPORT = JobOptions.model_fields.keys() - SpecOptions.model_fields.keys()
NAME: TypeAdapter[str | None] = TypeAdapter(Name | None)
TRUE = frozenset({"true", "1", "yes"})


class ImportFields(FolderFields):
    """A folder, and what is to be done with its recordings."""

    transcribe: dict[str, Any] | None = Field(
        None, description="Options of the jobs, as a submission has them; {} for the archive's own. Left out: no jobs."
    )
    dry_run: bool = Field(False, description="Say what would be taken, and take nothing.")


def read_import_fields(body: bytes) -> ImportFields:
    """Raises InvalidRequest that names the fields."""
    fields = parse_json(body)
    if not isinstance(fields, dict):
        raise InvalidRequest("Send a JSON object with a folder, or a manifest as JSON lines or CSV.")
    return checked(ImportFields.model_validate, fields)


def folder_source(folder: FolderFields, deps: Dependencies, *, settle_s: float = 0) -> dict[str, Any]:
    """As an import's row has it. Raises InvalidRequest, SourceMissing, SourceForbidden."""
    source = FolderFields.model_validate(folder.model_dump(include=set(FolderFields.model_fields), by_alias=True))
    check_folder(folder.folder, deps.settings)
    return source.source(settle_s=settle_s)


def job_options(archive: str, transcribe: Mapping[str, Any] | None, deps: Dependencies) -> dict[str, Any] | None:
    """The options of an import's jobs as its row keeps them. Raises what such a job would be refused for."""
    if transcribe is None:
        return None
    if wrong := sorted(NOT_OF_AN_IMPORT & transcribe.keys()):
        raise InvalidRequest(f"transcribe: {', '.join(wrong)} cannot be given for an import's jobs.")
    options = read_options({**transcribe, "archive": archive})
    _check_spec(options, deps)
    return options.model_dump(mode="json", include=set(options.of_spec()))


def _check_spec(options: JobOptions, deps: Dependencies) -> None:
    with deps.database.reading() as session:
        rules_of(session, options.archive).requested(options.of_spec(), deps.services)


def expected(
    deps: Dependencies, archive: str, source: Mapping[str, Any], options: Mapping[str, Any] | None
) -> ImportEstimate:
    """Look at the folder, for a while at most. Raises what the import would meet at its beginning."""
    return priced(deps, archive, expect(source, deps.settings, deps.store), options)


def priced(deps: Dependencies, archive: str, seen: ListingCounts, options: Mapping[str, Any] | None) -> ImportEstimate:
    """What was seen, with what jobs with these options would cost."""
    with deps.database.reading() as session:
        rules = rules_of(session, archive)
        spec = None if options is None else rules.requested(options, deps.services).spec
        return estimate_import(session, deps.services, archive, seen, spec)


class ManifestUpload:
    """A manifest on its way into the media store; its lines are counted as they pass."""

    def __init__(self, deps: Dependencies, kind: str, query: Mapping[str, str]) -> None:
        self.transcribe = _query_options(query)
        self._name = checked(NAME.validate_python, query.get("name"))
        self._deps = deps
        self._kind = kind
        self._query = query
        self._lines = 0
        self._begun = False

    def keep(self, body: Iterator[bytes]) -> tuple[dict[str, Any], int, str]:
        """The import's source, how many lines there are at most, and their SHA-256. Raises InvalidManifest."""
        saved = self._deps.store.save(self._counted(body), self._deps.settings.max_upload_bytes)
        check_head(saved.head, self._kind, ManifestRow.model_fields)
        copy = self._query.get("copy", "").lower() in TRUE
        source = manifest_source(saved.key, self._kind, copy=copy, name=self._name)
        return source, self._lines, saved.digest

    def _counted(self, body: Iterator[bytes]) -> Iterator[bytes]:
        last = b""
        for chunk in body:
            if not self._begun:
                check_head(chunk, self._kind, ManifestRow.model_fields)
                self._begun = True
            self._lines += chunk.count(NEWLINE)
            last = chunk or last
            yield chunk
        self._lines += 0 if last.endswith(NEWLINE) or not last else 1


def _query_options(query: Mapping[str, str]) -> dict[str, Any] | None:
    """`transcribe=true`, beside which the query's other fields are options; or a JSON object of them."""
    wish = query.get("transcribe", "")
    if wish.lstrip().startswith("{"):
        read: dict[str, Any] = parse_json(wish)
        return read
    if wish and wish.lower() not in TRUE | {"false", "0", "no"}:
        raise InvalidRequest("transcribe: true, false, or a JSON object of options.")
    return {} if wish.lower() in TRUE else None
