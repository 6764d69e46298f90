"""Logs: structured events to stderr, for people or as JSON lines. Stdout belongs to the commands' answers."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog


def set_up_logging(level: str = "info", format_: str = "console", stream: TextIO | None = None) -> None:
    """Called once by a command. ``level`` and ``format_`` are those of ``[agent]`` in config.toml."""
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if format_ == "json":
        shown: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        shown = [structlog.dev.ConsoleRenderer(colors=stream.isatty() and sys.platform != "win32")]
    structlog.configure(
        processors=[*shared, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
