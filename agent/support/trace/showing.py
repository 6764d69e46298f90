"""A trace for people: one line per frame, the line's own courtesies (ENQ, ACK, …) left out unless asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from agent.support.trace.record import Record, Trace
from protocol.crm.exchange import COURTESIES, tags_of
from protocol.crm.jobs import whole

ARROWS: Mapping[str, str] = {"tx": "→", "rx": "←", "open": "┌", "close": "└"}
LONGEST_VALUE = 160


def shown(trace: Trace, *, everything: bool = False, job: str | None = None) -> Iterator[str]:
    """Text lines."""
    header = trace.header
    yield f"# {header.kkm_id} · {header.driver} · {header.address} · {header.program} · {header.clock}"
    busy: str | None = None
    for record in trace.records:
        if not _about(record, job):
            continue
        if record.job != busy:
            busy = record.job
            yield f"# {busy or '—'}" + (f", попытка / attempt {record.attempt}" if record.attempt is not None else "")
        if everything or record.command not in COURTESIES:
            yield _line(record, everything)
    if trace.torn:
        yield f"# оборванных строк / torn lines: {trace.torn}"


def as_json(trace: Trace, *, job: str | None = None) -> dict[str, Any]:
    records = [
        {**asdict(record), "data": record.data.hex(), "tags": tags_of(record.fields)}
        for record in trace.records
        if _about(record, job)
    ]
    return {"header": asdict(trace.header), "records": records, "torn": trace.torn}


def _about(record: Record, job: str | None) -> bool:
    """Of a sale also what its parts have said."""
    return job is None or record.job == job or (record.job is not None and whole(record.job) == job)


def _line(record: Record, everything: bool) -> str:
    words = [record.at[11:23], ARROWS[record.way]]
    if record.way in ("open", "close"):
        words.append(record.way)
    else:
        words.append(record.command or ("" if record.result else f"{len(record.data)} bytes"))
        if record.result is not None and record.result != "ok":
            words.append(f"[{record.result}]")
        words += [f"{name}={_value(value)}" for name, value in record.fields.items() if name != "password"]
        words += [f"#{tag}={_value(value)}" for tag, value in tags_of(record.fields).items()]
        if record.masked:
            words.append(f"({', '.join(record.masked)}: ***)")
        if everything or not record.fields:
            words.append(_bytes(record))
    return " ".join(word for word in words if word)


def _bytes(record: Record) -> str:
    if not record.data or len(record.data) == 1:
        return ""
    try:
        text = record.data.decode("utf-8")
    except UnicodeDecodeError:
        return record.data.hex(" ")
    return text.strip() if text.isprintable() or "\r\n" in text else record.data.hex(" ")


def _value(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
