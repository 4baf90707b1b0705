"""What `longhand submit --dry-run` says: recordings, hours, hours to send, money, time. Nothing is sent or written.

Lengths are read from the files' heads here. The server knows earlier jobs, prices and limits; without one the settings
of this machine must do.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from api.cli.configure import configured
from api.cli.exits import Exit, ServerUnreachable
from api.cli.output.printing import note, put, put_json
from api.cli.sources import Missing, Source
from api.cli.target import open_client
from worker.audio.lengths import said_length_ms
from worker.services.lookup import Services
from worker.settings import Settings
from worker.spending.estimates import SAMPLE, WHOLE, estimate
from worker.spending.sampling import sampled_send_ratio
from worker.states import Channels, Segmentation

HOUR_MS = 3_600_000
HEADS_AT_ONCE = 4
MANY = 200  # files whose heads take a while
ASKED = ("archive", "service", "model", "segmentation")


@dataclass(frozen=True)
class Found:
    """What the command line named: files, URLs as they may be shown, and what gives nothing."""

    sources: Sequence[Source]
    urls: Sequence[str]
    missing: Sequence[Missing]


def say_dry_run(found: Found, options: Mapping[str, str], *, as_json: bool) -> int:
    """Say it; the exit code."""
    lengths = _lengths(found.sources)
    known_ms = sum(length for length in lengths if length)
    unknown = lengths.count(None) + len(found.urls)
    made = _estimate(found, options, recordings=len(lengths) - lengths.count(None), audio_ms=known_ms)
    if as_json:
        put_json({**made, "unknown": unknown, "missing": [str(one.path) for one in found.missing]})
    else:
        _say(found, lengths, made, unknown)
    return Exit.SOME_FAILED if found.missing else Exit.OK


def estimate_lines(made: Mapping[str, Any]) -> list[str]:
    """An estimate for people: what is sent and where the share is from, then money and time."""
    money = "at a price that is not known" if made["cost_usd"] is None else f"{made['cost_usd']:.2f} USD"
    time = "" if made["time_s"] is None else f", in {made['time_s'] / 3600:.1f} h at the present limits"
    share = f"{made['send_ratio']:.0%} of the length, {_whence(made['ratio_from'])}"
    return [
        f"To send: {made['to_send_ms'] / HOUR_MS:.2f} h ({share}), less what was answered before.",
        f"To {made['service']}, {made['model']}: {money}{time}.",
    ]


def _whence(ratio_from: str) -> str:
    return ratio_from if ratio_from == WHOLE else f"by {ratio_from}"


def _lengths(sources: Sequence[Source]) -> list[int | None]:
    if len(sources) > MANY:
        note(f"Reading the heads of {len(sources):,} files.")
    with ThreadPoolExecutor(HEADS_AT_ONCE) as pool:
        return list(pool.map(lambda source: said_length_ms(source.path), sources))


def _estimate(found: Found, options: Mapping[str, str], *, recordings: int, audio_ms: int) -> dict[str, Any]:
    settings = configured()
    asked = {name: options[name] for name in ASKED if name in options}
    length = {"recordings": str(recordings), "audio_ms": str(audio_ms)}
    try:
        with open_client(settings) as client:
            made = client.estimate({**asked, **length})
            if made["ratio_from"] == WHOLE and (ratio := _sampled(settings, found, options)) is not None:
                made = client.estimate({**asked, **length, "sampled": str(ratio)})
            return made
    except ServerUnreachable:
        note("No server was asked: prices and limits are those of this machine.")
        return _here(settings, found, options, recordings=recordings, audio_ms=audio_ms)


def _here(
    settings: Settings, found: Found, options: Mapping[str, str], *, recordings: int, audio_ms: int
) -> dict[str, Any]:
    service = Services(settings).find(options.get("service"))
    model = options.get("model", service.model)
    ratio = _sampled(settings, found, options)
    made = estimate(
        recordings=recordings,
        audio_ms=audio_ms,
        send_ratio=1.0 if ratio is None else ratio,
        ratio_from=WHOLE if ratio is None else SAMPLE,
        service=service,
        price=Services(settings).price(service, model),
    )
    return {"service": service.name, "model": model, **asdict(made)}


def _sampled(settings: Settings, found: Found, options: Mapping[str, str]) -> float | None:
    segmentation = Segmentation(options.get("segmentation", Segmentation.DOCUMENT))
    if segmentation is Segmentation.SERVER_VAD:
        return None
    channels = Channels(options.get("channels", Channels.AUTO))
    paths = [source.path for source in found.sources]
    service = Services(settings).find(options.get("service"))
    return sampled_send_ratio(paths, service, channels=channels, segmentation=segmentation)


def _say(found: Found, lengths: Sequence[int | None], made: Mapping[str, Any], unknown: int) -> None:
    for source, length in zip(found.sources, lengths, strict=True):
        put(f"{_clock(length):>10}  {source.path.stat().st_size:>14,} bytes  {source.path}")
    for url in found.urls:
        put(f"{'?':>10}  {'in place':>20}  {url}")
    for one in found.missing:
        note(f"{one.path}: {one.message}")
    size = sum(source.path.stat().st_size for source in found.sources)
    hours = f"{made['audio_ms'] / HOUR_MS:.2f} h"
    put(f"Would submit {len(found.sources)} files of {size:,} bytes and {len(found.urls)} URLs: {hours} of audio.")
    if unknown:
        put(f"Not in it: {unknown} whose length is not known before they are decoded.")
    for line in estimate_lines(made):
        put(line)
    put("Nothing was sent.")


def _clock(length_ms: int | None) -> str:
    if length_ms is None:
        return "?"
    seconds = round(length_ms / 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
