"""Logging: one line an event, with ids as fields; JSON for machines, coloured text on a terminal.

A terminal is given what strangers have written as it can be shown; JSON escapes it anyway.
No secret gets into a line: keys are `SecretStr`, URLs of sources are named without their query where rows are made.
"""

import logging
import sys
from contextlib import suppress

import structlog

from worker.plain_text import shown_line, shown_text

SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)

# Two lines for each wake-up, of which there may be dozens a second; what they lead to is logged by us.
CHATTY = ("celery.worker.strategy", "celery.app.trace")


class StderrHandler(logging.Handler):
    """Writes to what is stderr at that moment. A line that a full disk does not take is lost: no work ends for it."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            sys.stderr.write(self.format(record) + "\n")


def _shown(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The fields as a terminal can show them; others than texts are shown by their `repr`, which escapes too."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = shown_text(value) if name == "exception" else shown_line(value)
    return event


def configure_logging(*, as_json: bool | None = None, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's logging to stderr; by default JSON where stderr is no terminal."""
    as_json = not sys.stderr.isatty() if as_json is None else as_json
    rendered = (
        [structlog.processors.JSONRenderer()]
        if as_json
        else [_shown, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    handler = StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
            foreign_pre_chain=SHARED,
        )
    )
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [other for other in root.handlers if not isinstance(other, StderrHandler)] + [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
