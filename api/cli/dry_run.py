"""What `longhand submit --dry-run` says: recordings, hours, hours to send, money, time. Nothing is sent or written.

Lengths are read from the files' heads here. The server knows earlier jobs, prices and limits; without one the settings
of this machine must do.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from api.cli.configure import configured
from api.cli.exits import Exit, ServerUnreachable
from api.cli.output.formats import clock, hours, money, percent
from api.cli.output.printing import Output, note
from api.cli.sources import MissingSource, Source
from api.cli.target import open_client
from worker.audio.lengths import said_length_ms
from worker.services.lookup import Services
from worker.settings import Settings
from worker.shapes.spending import Estimate
from worker.spending.estimates import SAMPLE, WHOLE, estimate
from worker.spending.sampling import sampled_send_ratio
from worker.states import Channels, Segmentation

HEADS_AT_ONCE = 4
MANY = 200  # files whose heads take a while
ESTIMATED_BY = ("archive", "service", "model", "segmentation")


@dataclass(frozen=True)
class Submission:
    """What the command line named: files, URLs as they may be shown, and what gives nothing."""

    sources: Sequence[Source]
    urls: Sequence[str]
    missing: Sequence[MissingSource]


def say_dry_run(submission: Submission, options: Mapping[str, str], out: Output) -> int:
    """Say it; the exit code."""
    lengths = _lengths(submission.sources)
    readable = [length for length in lengths if length is not None]
    unknown = len(lengths) - len(readable) + len(submission.urls)
    made = _estimate(submission, options, {"recordings": len(readable), "audio_ms": sum(readable)})
    missing = [str(one.path) for one in submission.missing]
    out.item({**made.as_json(), "unknown": unknown, "missing": missing}, _lines(submission, lengths, made, unknown))
    return Exit.SOME_FAILED if missing else Exit.OK


def estimate_lines(made: Estimate) -> list[str]:
    """An estimate for people: what is sent and where the share is from, then money and time."""
    time = "" if made.time_s is None else f", in {made.time_s / 3600:.1f} h at the present limits"
    whence = made.ratio_from if made.ratio_from == WHOLE else f"by {made.ratio_from}"
    share = f"{percent(made.send_ratio, form='.0%')} of the length, {whence}"
    return [
        f"To send: {hours(made.to_send_ms)} ({share}), less what was answered before.",
        f"To {made.service}, {made.model}: {money(made.cost_usd, 'at a price that is not known')}{time}.",
    ]


def _lengths(sources: Sequence[Source]) -> list[int | None]:
    if len(sources) > MANY:
        note(f"Reading the heads of {len(sources):,} files.")
    with ThreadPoolExecutor(HEADS_AT_ONCE) as pool:
        return list(pool.map(lambda source: said_length_ms(source.path), sources))


def _estimate(submission: Submission, options: Mapping[str, str], counted: Mapping[str, int]) -> Estimate:
    settings = configured()
    query = {**counted, **{name: options[name] for name in ESTIMATED_BY if name in options}}
    try:
        with open_client() as client:
            made = client.estimate(query)
            if made.ratio_from == WHOLE and (ratio := _sampled(settings, submission, options)) is not None:
                made = client.estimate({**query, "sampled": ratio})
            return made
    except ServerUnreachable:
        note("No server was asked: prices and limits are those of this machine.")
        return _here(settings, submission, options, counted)


def _here(
    settings: Settings, submission: Submission, options: Mapping[str, str], counted: Mapping[str, int]
) -> Estimate:
    service = Services(settings).find(options.get("service"))
    model = options.get("model", service.model)
    ratio = _sampled(settings, submission, options)
    made = estimate(
        **counted,
        send_ratio=1.0 if ratio is None else ratio,
        ratio_from=WHOLE if ratio is None else SAMPLE,
        service=service,
        price=Services(settings).price(service, model),
    )
    return Estimate(service=service.name, model=model, **asdict(made))


def _sampled(settings: Settings, submission: Submission, options: Mapping[str, str]) -> float | None:
    segmentation = Segmentation(options.get("segmentation", Segmentation.DOCUMENT))
    if segmentation is Segmentation.SERVER_VAD:
        return None
    channels = Channels(options.get("channels", Channels.AUTO))
    paths = [source.path for source in submission.sources]
    service = Services(settings).find(options.get("service"))
    return sampled_send_ratio(paths, service, channels=channels, segmentation=segmentation)


def _lines(submission: Submission, lengths: Sequence[int | None], made: Estimate, unknown: int) -> Iterator[str]:
    sizes = [source.path.stat().st_size for source in submission.sources]
    for source, length, size in zip(submission.sources, lengths, sizes, strict=True):
        yield f"{clock(length and round(length, -3)):>10}  {size:>14,} bytes  {source.path}"
    for url in submission.urls:
        yield f"{'?':>10}  {'in place':>20}  {url}"
    for one in submission.missing:
        note(f"{one.path}: {one.message}")
    files = f"{len(sizes)} files of {sum(sizes):,} bytes"
    yield f"Would submit {files} and {len(submission.urls)} URLs: {hours(made.audio_ms)} of audio."
    if unknown:
        yield f"Not in it: {unknown} whose length is not known before they are decoded."
    yield from estimate_lines(made)
    yield "Nothing was sent."
