"""Logs: structured events to stderr, for people or as JSON lines. Stdout belongs to the commands' answers."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import structlog


def set_up_logging(
    level: str = "info",
    format_: str = "console",
    stream: TextIO | None = None,
    keep: Callable[[Mapping[str, Any]], None] | None = None,
) -> None:
    """Called once by a command. ``level`` and ``format_`` are those of ``[agent]`` in config.toml. ``keep`` is given
    every event, too; it must not raise."""
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if keep is not None:

        def kept(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
            keep(event)
            return event

        shared.append(kept)
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
