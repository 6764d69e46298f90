"""A trace for people: one line per frame, the line's own courtesies (ENQ, ACK, …) left out unless asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from agent.support.trace.record import Record, Trace
from protocol.ffd.tlv import TlvError, decode_document

ARROWS: Mapping[str, str] = {"tx": "→", "rx": "←", "open": "┌", "close": "└"}
COURTESIES = frozenset({"ENQ", "ACK", "NAK", "fill", "acknowledge", "clear", "waiting", "at work", "ask for task"})
REQUISITES = frozenset({"tlv", "block", "data", "value"})
"""Fields of bytes that may hold the tags of a document."""
LONGEST_VALUE = 160


def shown(trace: Trace, *, everything: bool = False, job: str | None = None) -> Iterator[str]:
    """Text lines."""
    header = trace.header
    yield f"# {header.kkm_id} · {header.driver} · {header.address} · {header.program} · {header.clock}"
    busy: str | None = None
    for record in trace.records:
        if job is not None and record.job != job:
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
        {**asdict(record), "data": record.data.hex(), "tags": _tags(record.fields)}
        for record in trace.records
        if job is None or record.job == job
    ]
    return {"header": asdict(trace.header), "records": records, "torn": trace.torn}


def _line(record: Record, everything: bool) -> str:
    words = [record.at[11:23], ARROWS[record.way]]
    if record.way in ("open", "close"):
        words.append(record.way)
    else:
        words.append(record.command or ("" if record.result else f"{len(record.data)} bytes"))
        if record.result is not None and record.result != "ok":
            words.append(f"[{record.result}]")
        words += [f"{name}={_value(value)}" for name, value in record.fields.items() if name != "password"]
        words += [f"#{tag}={_value(value)}" for tag, value in _tags(record.fields).items()]
        if record.masked:
            words.append(f"({', '.join(record.masked)}: ***)")
        if everything or not record.fields:
            words.append(_bytes(record))
    return " ".join(word for word in words if word)


def _tags(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The tags that stand whole in a field of bytes."""
    for name, value in fields.items():
        if name in REQUISITES and isinstance(value, str) and len(value) >= 10:
            try:
                return decode_document(bytes.fromhex(value))
            except (TlvError, ValueError):
                continue
    return {}


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
