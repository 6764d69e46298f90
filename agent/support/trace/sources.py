"""Where a trace is read from: a file, or a device's segments, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.problems import UserError
from agent.support.trace.record import BadTrace, Record, Trace, read_trace
from agent.support.trace.ring import FOLDER, folder_of, segments


def trace_of_file(path: Path) -> Trace:
    """Raises ``UserError``: ``no_trace``, ``bad_trace``."""
    try:
        with path.open("rb") as lines:
            return read_trace(lines)
    except OSError as error:
        raise UserError(
            "no_trace",
            f"Файл {path} не читается: {error.strerror}.",
            f"The file {path} cannot be read: {error.strerror}.",
        ) from None
    except BadTrace as error:
        raise UserError(
            "bad_trace",
            f"{path} — не запись обмена: {error}. Нужен файл .jsonl из папки traces или из пакета поддержки.",
            f"{path} is no exchange trace: {error}. Expected: a .jsonl file of the folder traces or of a bundle.",
        ) from None


def traces_of_device(data_dir: Path, kkm_id: str) -> Iterator[tuple[Path, Trace]]:
    """``segments_of`` its folder."""
    return segments_of(folder_of(data_dir / FOLDER, kkm_id))


def segments_of(folder: Path) -> Iterator[tuple[Path, Trace]]:
    """Segments that can be read, oldest first; one that a process has only just begun has no header yet."""
    for path in segments(folder):
        try:
            with path.open("rb") as lines:
                yield path, read_trace(lines)
        except (OSError, BadTrace):
            continue


def about_jobs(trace: Trace, jobs: frozenset[str], around: int = 40) -> Trace:
    """The records of these jobs and the ``around`` records before and behind each of them."""
    near = [False] * len(trace.records)
    for at, record in enumerate(trace.records):
        if record.job in jobs:
            start, end = max(0, at - around), min(len(near), at + around + 1)
            near[start:end] = [True] * (end - start)
    return Trace(trace.header, _chosen(trace.records, near), trace.torn)


def _chosen(records: tuple[Record, ...], near: list[bool]) -> tuple[Record, ...]:
    return tuple(record for record, wanted in zip(records, near, strict=True) if wanted)
