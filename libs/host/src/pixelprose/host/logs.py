"""Logs as events with fields, one line each, on standard error."""

import logging
import sys

import structlog

from pixelprose.host.settings import LogSettings


def configure_logs(settings: LogSettings, *, service: str) -> None:
    """Send every event of this process, libraries' too, to standard error in the chosen form."""
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    level = getattr(logging, settings.level.upper())
    structlog.configure(
        processors=[*common, _process(service), render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, _process(service)],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    # Libraries talk about their own business at info; what we want of them is what went wrong.
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _process(service: str) -> structlog.typing.Processor:
    def add(
        _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["process"] = service
        return event

    return add
