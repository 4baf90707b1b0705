"""What `longhand submit --dry-run` says: recordings, hours, hours to send, money, time. Nothing is sent or written.

Lengths are read from the files' heads here. The server knows earlier jobs, prices and limits; without one the settings
of this machine must do.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from api.cli.configure import configured
from api.cli.exits import Exit, ServerUnreachable
from api.cli.output.formats import clock, hours, money, percent
from api.cli.output.printing import Output, note
from api.cli.sources import MissingSource, Source
from api.cli.target import open_client
from worker.audio.lengths import said_length_ms
from worker.services.lookup import Services
from worker.shapes.spending import Estimate
from worker.spending.estimates import SAMPLE, WHOLE, estimate
from worker.spending.sampling import sampled_send_ratio
from worker.states import Channels, Segmentation

HEADS_AT_ONCE = 4
MANY = 200  # files whose heads take a while
ESTIMATED_BY = ("archive", "service", "model", "segmentation")


def say_dry_run(
    sources: list[Source], urls: list[str], missing: list[MissingSource], options: Mapping[str, str], out: Output
) -> int:
    """Say it; the exit code. ``urls`` are shown as they are; ``missing`` is what gives nothing."""
    if len(sources) > MANY:
        note(f"Reading the heads of {len(sources):,} files.")
    with ThreadPoolExecutor(HEADS_AT_ONCE) as pool:
        lengths = list(pool.map(lambda source: said_length_ms(source.path), sources))
    readable = [length for length in lengths if length is not None]
    unknown = len(lengths) - len(readable) + len(urls)
    made = _estimate(sources, options, {"recordings": len(readable), "audio_ms": sum(readable)})
    view = {**made.as_json(), "unknown": unknown, "missing": [str(one.path) for one in missing]}
    out.item(view, _lines(dict(zip(sources, lengths, strict=True)), urls, missing, made, unknown))
    return Exit.SOME_FAILED if missing else Exit.OK


def _estimate(sources: Sequence[Source], options: Mapping[str, str], counted: Mapping[str, int]) -> Estimate:
    services = Services(configured())
    query = {**counted, **{name: options[name] for name in ESTIMATED_BY if name in options}}
    try:
        with open_client() as client:
            made = client.estimate(query)
            if made.ratio_from == WHOLE and (ratio := _sampled(services, sources, options)) is not None:
                made = client.estimate({**query, "sampled": ratio})
            return made
    except ServerUnreachable:
        note("No server was asked: prices and limits are those of this machine.")
    service = services.find(options.get("service"))
    model = options.get("model", service.model)
    ratio = _sampled(services, sources, options)
    here = estimate(
        **counted,
        send_ratio=1.0 if ratio is None else ratio,
        ratio_from=WHOLE if ratio is None else SAMPLE,
        service=service,
        price=services.price(service, model),
    )
    return Estimate(service=service.name, model=model, **asdict(here))


def _sampled(services: Services, sources: Sequence[Source], options: Mapping[str, str]) -> float | None:
    segmentation = Segmentation(options.get("segmentation", Segmentation.DOCUMENT))
    if segmentation is Segmentation.SERVER_VAD:
        return None
    channels = Channels(options.get("channels", Channels.AUTO))
    service = services.find(options.get("service"))
    paths = [source.path for source in sources]
    return sampled_send_ratio(paths, service, channels=channels, segmentation=segmentation)


def _lines(
    lengths: Mapping[Source, int | None], urls: list[str], missing: list[MissingSource], made: Estimate, unknown: int
) -> Iterator[str]:
    sizes = [source.path.stat().st_size for source in lengths]
    for (source, length), size in zip(lengths.items(), sizes, strict=True):
        yield f"{clock(length and round(length, -3)):>10}  {size:>14,} bytes  {source.path}"
    for url in urls:
        yield f"{'?':>10}  {'in place':>20}  {url}"
    for one in missing:
        note(f"{one.path}: {one.message}")
    files = f"{len(sizes)} files of {sum(sizes):,} bytes"
    yield f"Would submit {files} and {len(urls)} URLs: {hours(made.audio_ms)} of audio."
    if unknown:
        yield f"Not in it: {unknown} whose length is not known before they are decoded."
    whence = made.ratio_from if made.ratio_from == WHOLE else f"by {made.ratio_from}"
    share = f"{percent(made.send_ratio, form='.0%')} of the length, {whence}"
    yield f"To send: {hours(made.to_send_ms)} ({share}), less what was answered before."
    time = "" if made.time_s is None else f", in {made.time_s / 3600:.1f} h at the present limits"
    yield f"To {made.service}, {made.model}: {money(made.cost_usd, 'at a price that is not known')}{time}."
    yield "Nothing was sent."
