"""The options of a submission, the same for `transcribe` and `submit`."""

from typing import Annotated

import typer

from worker.states import Channels, Lane, Segmentation

Language = Annotated[str | None, typer.Option(help="Two-letter code such as en; left out: detected.")]
Context = Annotated[str, typer.Option(help="Names and terms that help the recogniser.")]
ChannelsOption = Annotated[
    Channels | None, typer.Option("--channels", help="Left out: the archive's, else auto, which splits unlike ones.")
]
SegmentationOption = Annotated[
    Segmentation, typer.Option("--segmentation", help="Short segments for subtitles; server_vad: the service cuts.")
]
ChannelLabelsOption = Annotated[
    str | None, typer.Option("--channel-labels", metavar="0=NAME,1=NAME", help="Who speaks on which channel.")
]
CutOption = Annotated[
    str | None, typer.Option("--cut", metavar="NAME=MS,…", help="Numbers of the segmentation, such as pause_ms=200.")
]
VoiceOption = Annotated[bool, typer.Option("--voice", help="Leave out music and noise: only speech is sent.")]
LaneOption = Annotated[Lane, typer.Option("--lane", help="interactive goes before, bulk behind the others.")]
ServiceOption = Annotated[str | None, typer.Option("--service", help="Who recognises; left out: the server's choice.")]
Model = Annotated[str | None, typer.Option(help="Model to ask for; left out: the service's own.")]
Archive = Annotated[str | None, typer.Option(help="Collection that the recordings belong to.")]
DeadlineOption = Annotated[
    str | None, typer.Option("--deadline", help="Seconds from now, or a time with its zone: queued then, it fails.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Recognise again, also what has been answered before.")]


def form_fields(**options: object) -> dict[str, str]:
    """The options as the API's form fields; those that were left out are not sent."""
    given = {name: value for name, value in options.items() if value not in {None, ""} and value is not False}
    return {name: "true" if value is True else str(value) for name, value in given.items()}
