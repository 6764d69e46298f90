"""Putting a bundle together: named entries in memory, which are looked at as they will be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from agent.config import Config
from agent.problems import UserError
from agent.support import logline
from agent.support.bundle import forms, sources
from agent.support.bundle.forms import Known
from agent.support.masking import WITHHELD, mask_bytes
from agent.support.trace.record import Record, Trace
from agent.support.trace.ring import FOLDER, folders
from agent.support.trace.sources import about_jobs, segments_of
from drivers.registry import DRIVERS
from protocol.crm.jobs import whole

FORM = 1
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Of a reference code: none is taken for another when it is read out over the telephone."""
LINES = 1000
"""Of the log."""
TAIL = 300
"""Records of a device whose exchange no affected job explains."""
MOST_TRACE = 8 * 1024 * 1024
"""Bytes of all traces in one bundle; the newest are kept."""

TITLES: Mapping[str, tuple[str, str]] = {
    "manifest.json": ("Опись: что внутри", "What is inside"),
    "versions.json": ("Версии программ", "Versions of the programs"),
    "config.json": ("Настройки без адресов и имён", "Configuration without addresses and names"),
    "identity.json": ("Номер этого ПК на сервере, без ключей", "This PC's number at the server, without keys"),
    "journal.json": ("Последние задания: номера, состояния, чеки", "The last jobs: ids, states, proofs"),
    "doctor.json": ("Отчёт проверки", "The doctor's report"),
    "log.jsonl": ("Последние строки протокола", "The last log lines"),
}
MASKED = (
    "Скрыто: номера карт, ПИН, пароли, ключи, имена, телефоны, почта, адреса, пути к файлам.",
    "Hidden: card numbers, PINs, passwords, keys, names, telephones, e-mail, addresses, paths of files.",
)
"""Told beside every preview; what exactly, and how it is known, stands in ``docs/traces.md``."""
TRACE_TITLE = ("Запись обмена с кассой", "Exchange with the register")


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    content: bytes

    @property
    def title(self) -> tuple[str, str]:
        """Russian, English."""
        return TITLES.get(self.name, TRACE_TITLE)


@dataclass(frozen=True, slots=True)
class Bundle:
    """``reference`` is what the cashier tells support; it stands in the log, too."""

    reference: str
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        return sum(len(entry.content) for entry in self.entries)

    def listing(self) -> list[dict[str, Any]]:
        """The preview: names, sizes in bytes, what it is."""
        return [
            {"name": e.name, "size": len(e.content), "title": e.title[0], "title_en": e.title[1]} for e in self.entries
        ]

    def content(self, name: str) -> bytes | None:
        """What will be sent under this name, to the byte."""
        return next((entry.content for entry in self.entries if entry.name == name), None)


@dataclass(frozen=True, slots=True)
class Request:
    """``config``: the configuration, or why there is none. ``doctor``: its report, where there is one. ``jobs``: what
    the question is about, of a sale with its parts; without them, every job that did not simply end as done."""

    data_dir: Path
    config: Config | UserError
    doctor: Mapping[str, Any] | None = None
    jobs: frozenset[str] = frozenset()


def new_reference(choice: Callable[[str], str]) -> str:
    """``choice`` draws one of the letters: ``random.SystemRandom().choice``."""
    drawn = [choice(LETTERS) for _ in range(8)]
    return f"KB-{''.join(drawn[:4])}-{''.join(drawn[4:])}"


def collect(request: Request, reference: str, now: datetime) -> Bundle:
    """Reads only. Whatever cannot be read is told in its entry; nothing is raised for it."""
    journal = sources.journal(request.data_dir / "journal.sqlite3", request.jobs)
    known = Known(journal.names)
    entries = [
        _document("versions.json", sources.versions(journal.schema)),
        _document("config.json", sources.configuration(request.config, known)),
        _document("identity.json", sources.identity(request.data_dir)),
        _document("journal.json", journal.document),
    ]
    if request.doctor is not None:
        entries.append(_document("doctor.json", sources.doctor(request.doctor, known)))
    if lines := logline.newest(request.data_dir, known, LINES):
        entries.append(
            Entry("log.jsonl", b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines))
        )
    entries += _traces(request.data_dir, journal.affected, known)
    jobs = sorted({whole(job) for job in journal.affected if known.name(job) == job})
    return Bundle(reference, (_manifest(reference, now, entries, jobs), *entries))


def _document(name: str, value: Any) -> Entry:
    text = json.dumps(forms.masked(value), ensure_ascii=False, indent=1, sort_keys=True, default=str)
    return Entry(name, text.encode("utf-8", "replace"))


def _manifest(reference: str, now: datetime, entries: list[Entry], jobs: list[str]) -> Entry:
    """``jobs``: those whose exchange was looked for; what stands beside it of others is no whole."""
    files = [{"name": e.name, "size": len(e.content), "sha256": sha256(e.content).hexdigest()} for e in entries]
    made_at = now.astimezone(UTC).isoformat(timespec="seconds")
    told = {"bundle": FORM, "reference": reference, "made_at": made_at, "jobs": jobs, "files": files}
    text = json.dumps(told, indent=1)
    return Entry("manifest.json", text.encode())


# --- traces ----------------------------------------------------------------------------------------------------------


def _traces(data_dir: Path, jobs: frozenset[str], known: Known) -> Iterator[Entry]:
    """Of every device the exchanges about ``jobs``, and its last records."""
    left = MOST_TRACE
    for number, folder in enumerate(folders(data_dir / FOLDER), start=1):
        chosen: list[Entry] = []
        for newest, (path, trace) in enumerate(reversed(list(segments_of(folder)))):
            about = about_jobs(trace, jobs)
            if not about.records and newest == 0:
                about = replace(trace, records=trace.records[-TAIL:])
            content = _trace(about, known)
            if not about.records or len(content) > left:
                continue
            left -= len(content)
            chosen.append(Entry(f"traces/{number}/{path.name}", content))
        yield from reversed(chosen)


def _trace(trace: Trace, known: Known) -> bytes:
    header = replace(
        trace.header,
        kkm_id=str(known.name(trace.header.kkm_id)),
        driver=trace.header.driver if trace.header.driver in DRIVERS else WITHHELD,
        address=forms.address(trace.header.address),
    )
    return header.to_line() + b"".join(_record(record, known).to_line() for record in trace.records)


def _record(record: Record, known: Known) -> Record:
    """Once more through the filter: a trace may have been written by an older version."""
    return replace(
        record, data=mask_bytes(record.data, packed=False), fields=forms.masked(record.fields),
        job=known.name(record.job),
    )  # fmt: skip
