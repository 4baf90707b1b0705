"""Every error of Longhand with a code, by who must act. `realtime.protocol.errors` has the service's and the network's.

CodedError
├── InputError                    whoever submitted must: trying again as it is cannot help
│   ├── RequestError              seen at the door
│   │   ├── InvalidRequest, UploadTooLarge, EmptyFile, PlaylistRefused, NotAudio
│   │   ├── UnknownLanguage, LanguageNotSupported, UnknownService, ServiceNotAllowed
│   │   ├── InvalidManifest, InvalidRow, NothingSelected, NothingNew, PriceUnknown
│   │   ├── NotFound: UnknownJob, UnknownBatch, UnknownRecording, UnknownArchive, UnknownTranscript, UnknownImport,
│   │   │   UnknownCampaign, UnknownBudget, UnknownKey
│   │   └── Conflict: NotReady, IllegalMove, DuplicateExternalId, AlreadyVoted, IdempotencyInFlight;
│   │       IdempotencyMismatch; KeyMissing, KeyUnknown, ScopeMissing
│   └── RecordingError            seen while working on the recording
│       ├── NoAudioStream, DamagedAudio, TruncatedFile, TooLong
│       └── SourceMissing, SourceForbidden, SourceChanged
├── SourceUnreachable             the network between us and a source must: tried again
├── DeadlineExceeded              whoever set the deadline: it passed while the job waited
├── BudgetExhausted               whoever set the budget: jobs wait for its next day, or for more
└── InternalError                 we must, or the machine
    ├── DecoderFailed, StorageFailed, DatabaseUnavailable, QueueUnavailable
    ├── SourcesBusy, WorkerLost, UnexpectedError
    └── ConfigurationError        the operator

`AttemptEnded` and its children are no errors: they are how a worker that may no longer work on a job is told.
"""

from realtime.protocol.errors import CodedError


class InputError(CodedError):
    """The recording's or the request's fault: it fails once."""


class RequestError(InputError):
    """Refused at the door; nothing was written."""


class InvalidRequest(RequestError):
    code = "invalid_request"
    hint = "Look at the named field, and at the API's description under /docs."


class UploadTooLarge(RequestError):
    code = "upload_too_large"
    hint = "The file is over LONGHAND_MAX_UPLOAD_BYTES: split it, or raise the limit."


class EmptyFile(RequestError):
    code = "empty_file"
    hint = "The file has no bytes: look at how it was written or uploaded."


class NotAudio(RequestError):
    code = "not_audio"
    hint = "The file is no audio or video that is known here: WAV, MP3, M4A, OGG, FLAC, WebM, AMR, AIFF, AU or CAF."


class PlaylistRefused(RequestError):
    code = "playlist_refused"
    hint = "The file is a playlist that points elsewhere: submit the recording itself."


class UnknownLanguage(RequestError):
    code = "unknown_language"
    hint = "Give a two-letter code such as en or zh, or leave the language out to have it detected."


class LanguageNotSupported(RequestError):
    code = "language_not_supported"
    hint = "The service cannot recognise this language: choose another service, or leave the language out."


class UnknownService(RequestError):
    code = "unknown_service"
    hint = "Known are local, intl, cn, and the names in LONGHAND_SERVICES_FILE."


class ServiceNotAllowed(RequestError):
    code = "service_not_allowed"
    hint = "The archive's recordings must not go to this service: choose one that it allows, or change its rules."


class InvalidManifest(RequestError):
    code = "invalid_manifest"
    hint = "The manifest must be UTF-8: JSON lines, or CSV whose first line names the columns."


class InvalidRow(RequestError):
    code = "invalid_row"
    hint = "The row is left out: look at the named field, and import the manifest again when it is right."


class NothingSelected(RequestError):
    code = "nothing_selected"
    hint = "No recording is all of what the selection asks for: leave a condition out."


class NothingNew(RequestError):
    code = "nothing_new"
    hint = "The same audio would be asked the same again: choose another model or language, or ask for a fresh run."


class PriceUnknown(RequestError):
    code = "price_unknown"
    hint = "The price table does not have this service and model: add them, or give the limit in audio."


class NotFound(RequestError):
    """The id names nothing."""


class UnknownJob(NotFound):
    code = "unknown_job"
    hint = "No job has this id: `longhand status` lists the jobs there are."


class UnknownBatch(NotFound):
    code = "unknown_batch"
    hint = "No batch has this id."


class UnknownRecording(NotFound):
    code = "unknown_recording"
    hint = "No recording has this id."


class UnknownArchive(NotFound):
    code = "unknown_archive"
    hint = "No archive with this name was set up: `longhand archive set` does that."


class UnknownTranscript(NotFound):
    code = "unknown_transcript"
    hint = "The recording has no transcript with this id."


class UnknownImport(NotFound):
    code = "unknown_import"
    hint = "No import has this id."


class UnknownCampaign(NotFound):
    code = "unknown_campaign"
    hint = "No campaign has this id or name: `longhand reprocess list` lists them."


class UnknownKey(NotFound):
    code = "unknown_key"
    hint = "No key that holds has this id: `longhand key list` lists them."


class UnknownBudget(NotFound):
    code = "unknown_budget"
    hint = "No such budget was set: `longhand budget list` lists them."


class Conflict(RequestError):
    """The request is right, the state is not."""


class DuplicateExternalId(Conflict):
    code = "duplicate_external_id"
    hint = "The archive has another recording under this external id: give one of them another."


class AlreadyVoted(Conflict):
    code = "already_voted"
    hint = "The voter has judged this passage otherwise before, and that stays: ask for the next passage."


class NotReady(Conflict):
    code = "not_ready"
    hint = "The job has not ended: wait for it, or ask with ?partial=true for what is there."


class IllegalMove(Conflict):
    code = "illegal_move"
    hint = "The state does not allow this: docs/states.md has the moves there are."


class IdempotencyInFlight(Conflict):
    code = "idempotency_in_flight"
    retryable = True
    hint = "The first request with this Idempotency-Key has not ended yet: try again in a second."


class IdempotencyMismatch(RequestError):
    code = "idempotency_mismatch"
    hint = "This Idempotency-Key was used for another request: use a new key."


class KeyMissing(RequestError):
    code = "key_missing"
    hint = "Send one key, once, as `Authorization: Bearer lh_…`; `longhand up` keeps one in the file `key` of its home."


class KeyUnknown(RequestError):
    code = "key_unknown"
    hint = "The key is none, was revoked or has expired: `longhand key list` shows those that hold, `create` makes one."


class ScopeMissing(RequestError):
    code = "scope_missing"
    hint = "The key does not allow this: use one with the named scope; `longhand key create --scope` makes it."


class RecordingError(InputError):
    """Seen while working on the recording: the job fails once."""


class NoAudioStream(RecordingError):
    code = "no_audio_stream"
    hint = "The file has no sound track: submit the recording that has one."


class DamagedAudio(RecordingError):
    code = "damaged_audio"
    hint = "The file cannot be decoded: try to play it, and export it again from where it came."


class TruncatedFile(RecordingError):
    code = "truncated_file"
    hint = "The file ends before the recording does: upload it again, whole."


class TooLong(RecordingError):
    code = "too_long"
    hint = "The recording is longer than LONGHAND_MAX_DURATION_S: split it, or raise the limit."


class SourceMissing(RecordingError):
    code = "source_missing"
    hint = "There is nothing at the source any more: look at the path or URL and submit it again."


class SourceForbidden(RecordingError):
    code = "source_forbidden"
    hint = "The source may not be read: look at its permissions, and whether its URL is allowed or has expired."


class SourceChanged(RecordingError):
    code = "source_changed"
    hint = "The source is not what was registered any more: submit it again."


class SourceUnreachable(CodedError):
    code = "source_unreachable"
    retryable = True
    hint = "The source's URL does not answer: look at it; the job is tried again a few times."


class DeadlineExceeded(CodedError):
    code = "deadline_exceeded"
    hint = "The job was not done by its deadline: retry it, or submit it with a later one."


class BudgetExhausted(CodedError):
    code = "budget_exhausted"
    retryable = True
    hint = "The budget is used up: raise it, or wait for its next day; the jobs go on by themselves."


class InternalError(CodedError):
    """Ours, or the machine's: tried again, at most five attempts."""

    retryable = True


class DecoderFailed(InternalError):
    code = "decoder_failed"
    hint = "ffmpeg could not be run or did not end: look at the worker's log and memory."


class StorageFailed(InternalError):
    code = "storage_failed"
    hint = "The media store cannot be read or written: look at the disk's space and permissions."


class DatabaseUnavailable(InternalError):
    code = "database_unavailable"
    hint = "The database does not answer: look at LONGHAND_DATABASE_URL and the server."


class QueueUnavailable(InternalError):
    code = "queue_unavailable"
    hint = "Redis does not answer: look at LONGHAND_REDIS_URL; accepted jobs are kept and go on when it is back."


class SourcesBusy(InternalError):
    code = "sources_busy"
    hint = "As many sources are fetched as half of the worker's slots may: the job goes on when one of them is done."


class WorkerLost(InternalError):
    code = "worker_lost"
    retryable = False
    hint = "The worker vanished three times on this job without one answer: look at its log, then retry the job."


class UnexpectedError(InternalError):
    code = "unexpected_error"
    hint = "A defect of Longhand: the worker's log has the details; please report it."


class ConfigurationError(InternalError):
    code = "configuration"
    retryable = False
    hint = "Look at the named setting; docs/settings.md lists them all."


class AttemptEnded(Exception):
    """The worker may not go on with this job. Not a failure: somebody else decides or has decided."""


class LeaseLost(AttemptEnded):
    """The lease ended or was taken over: not one more frame, not one more row."""


class JobCancelled(AttemptEnded):
    """Somebody cancelled the job."""


class Stopping(AttemptEnded):
    """This process is going down in good order."""
