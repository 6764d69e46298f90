"""What a bundle tells of the exchange of one job. Pure: from the bytes of a zip that a stranger has made.

Everything has an end: parts, bytes, lines, records, letters. What cannot be read is named beside what can; nothing is
raised for it. The form of a record: ``docs/traces.md``.
"""

from __future__ import annotations

import heapq
import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from protocol.crm.exchange import COURTESIES, tags_of
from protocol.crm.jobs import JOB_ID

MANIFEST = "manifest.json"
MOST_ENTRIES = 500
MOST_DIRECTORY = 256 * 1024
MOST_MANIFEST = 256 * 1024
MOST_BYTES = 16 * 1024 * 1024
"""Of all traces of one bundle, unpacked. A PC puts 8 MiB into one."""
MOST_LINE = 256 * 1024
MOST_RECORDS = 20_000
"""Of one job."""
MOST_JOBS = 200
MOST_DAMAGES = 50
LONGEST = 2_000  # letters of one value that are told
WIDEST, DEEPEST = 64, 6  # of a value that is made of values
_CHUNK = 64 * 1024
_TRACE = re.compile(r"traces/([0-9]{1,4})/([0-9A-Za-z._-]{1,64})\.jsonl")
_END, _END_SIZE, _END64, _END64_SIZE = b"PK\x05\x06", 22, b"PK\x06\x07", 20
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, letters that turn the line round, halves of letters."""

Way = Literal["open", "close", "tx", "rx"]
Damage = Literal["no_bundle", "unreadable", "too_large", "bad_lines", "too_many_records"]
Short = Annotated[str, StringConstraints(max_length=200)]


class BadZip(ValueError):
    """These bytes are no zip of a bundle."""


def _of_our_time(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2200:  # what lies at the ends of the calendar cannot be told in another time zone
        raise ValueError("no moment of ours")
    return at.astimezone(UTC)


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")
    at: Annotated[AwareDatetime, AfterValidator(_of_our_time)]
    way: Way
    command: Short | None = None
    fields: dict[str, Any] = {}
    result: Short | None = None
    job: Short | None = None
    attempt: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    masked: Annotated[list[Short], Field(max_length=WIDEST)] = []
    hex: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$")] | None = None
    text: str | None = None


class _Header(BaseModel):
    model_config = ConfigDict(extra="ignore")
    trace: Literal[1]
    kkm_id: Short
    driver: Short


class RecordView(BaseModel):
    """One thing that was said. ``way``: ``tx`` to the device, ``rx`` from it. ``part``: of a sale, its step. ``tags``:
    of a document, where they stand whole in a field. ``text`` or ``hex``: what went over the line, masked;
    ``bytes`` of it. A value that is too long ends with ``…``."""

    at: datetime
    way: Way
    kkm_id: str
    driver: str
    part: str | None
    attempt: int | None
    command: str | None
    fields: dict[str, Any]
    tags: dict[str, Any]
    result: str | None
    text: str | None
    hex: str | None
    bytes: int
    masked: list[str]


class DamageView(BaseModel):
    """What could not be read. ``count``: of lines or records, where it is about those."""

    part: str
    code: Damage
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """``total``: records of the job; ``records`` are some of them, in the order of what happened."""

    records: Sequence[RecordView] = ()
    total: int = 0
    damages: Sequence[DamageView] = ()


def jobs_of(content: bytes) -> list[str]:
    """The jobs that a bundle says it is about; none when it does not say so in a form that we know."""
    try:
        with _opened(content) as archive:
            data, _ = _read(archive, archive.getinfo(MANIFEST), MOST_MANIFEST)
        return [job for job in _Manifest.model_validate_json(data).jobs if JOB_ID.fullmatch(job)]
    except (BadZip, KeyError, ValidationError):
        return []


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore")
    jobs: Annotated[list[Short], Field(max_length=MOST_JOBS)] = []


def exchange_of(content: bytes, job_id: str, start: int, most: int, *, everything: bool = False) -> Exchange:
    """``most`` records of this job and its parts, from number ``start`` on. Without ``everything`` those are left out
    that say nothing of the work."""
    return recorded_of(content, job_id, everything=everything).page(start, most)


def recorded_of(content: bytes, job_id: str, *, everything: bool = False) -> Recorded:
    """The same, all of them."""
    search = _Search(job_id, everything)
    try:
        with _opened(content) as archive:
            found = list(heapq.merge(*search.devices(archive), key=lambda one: one.at))
    except BadZip:
        return Recorded(damages=[DamageView(part="", code="no_bundle")])
    return Recorded(found, search.damages[:MOST_DAMAGES])


# --- the zip ---------------------------------------------------------------------------------------------------------


def _opened(content: bytes) -> zipfile.ZipFile:
    """With few entries and a small directory, known before any of it is taken apart. Raises ``BadZip``."""
    end = content[-_END_SIZE:]
    far = content[-_END_SIZE - _END64_SIZE : -_END_SIZE]
    plain = len(end) == _END_SIZE and end.startswith(_END) and end.endswith(b"\0\0")  # no comment: nothing hides there
    if not plain or far.startswith(_END64):
        raise BadZip("no end of a plain zip")
    entries, size = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if entries > MOST_ENTRIES or size > MOST_DIRECTORY:
        raise BadZip("too large a directory")
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN as error:
        raise BadZip(type(error).__name__) from None


_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError,
           OverflowError, IndexError)  # fmt: skip
"""What Python's zipfile raises over damaged, encrypted and strangely packed files."""


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> tuple[bytes, Damage | None]:
    """At most ``most`` bytes; of a damaged part what stands before the damage."""
    data = bytearray()
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return b"", "unreadable"  # other ways of packing may need any amount of memory
    try:
        with archive.open(info) as part:
            while chunk := part.read(_CHUNK):
                data += chunk
                if len(data) > most:
                    return bytes(data[:most]), "too_large"
    except _BROKEN:
        return bytes(data), "unreadable"
    return bytes(data), None


# --- the records -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """``text``: the line itself. What it says may take thirty times its room: it is read again when it is shown."""

    at: datetime
    text: bytes
    kkm_id: str
    driver: str

    def view(self) -> RecordView:
        line = _Line.model_validate_json(self.text)
        _, _, part = (line.job or "").partition("/")
        raw = line.hex
        fields = _plain(line.fields)
        return RecordView(
            at=line.at,
            way=line.way,
            kkm_id=self.kkm_id,
            driver=self.driver,
            part=clean(part) or None,
            attempt=line.attempt,
            command=_told(line.command),
            fields=fields if isinstance(fields, dict) else {},
            tags=_tags(line.fields),
            result=_told(line.result),
            text=_told(line.text),
            hex=_told(raw),
            bytes=len(raw) // 2 if raw is not None else len((line.text or "").encode("utf-8", "replace")),
            masked=[clean(word) for word in line.masked],
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a bundle holds of one job, in the order of what happened: found, and not yet taken apart."""

    found: Sequence[_Found] = ()
    damages: Sequence[DamageView] = ()

    @property
    def bytes(self) -> int:
        """Of the lines that are held."""
        return sum(len(one.text) for one in self.found)

    def page(self, start: int, most: int) -> Exchange:
        return Exchange([one.view() for one in self.found[start : start + most]], len(self.found), self.damages)


@dataclass(slots=True)
class _Search:
    job_id: str
    everything: bool
    damages: list[DamageView] = field(default_factory=list)
    _left: int = MOST_BYTES
    _count: int = 0

    def devices(self, archive: zipfile.ZipFile) -> list[list[_Found]]:
        """Of each device what was found, in its own order: a PC's clock may be turned back, its lines stand as they
        were said."""
        parts = [(one, match) for one in archive.infolist() if (match := _TRACE.fullmatch(one.filename)) is not None]
        found: dict[str, list[_Found]] = {}
        for info, match in sorted(parts, key=lambda one: (one[1][1], one[1][2])):
            data, damage = _read(archive, info, self._left)
            self._left -= len(data)
            if damage is not None:
                self.damages.append(DamageView(part=info.filename, code=damage))
            found.setdefault(match[1], []).extend(self._of_part(info.filename, data))
        return list(found.values())

    def _of_part(self, name: str, data: bytes) -> Iterator[_Found]:
        head, *lines = data.split(b"\n")
        device = _header(head)
        if device is None:
            if data:
                self.damages.append(DamageView(part=name, code="bad_lines", count=1))
            device = _Header(trace=1, kkm_id="?", driver="?")
        sought, bad, over = self.job_id.encode(), 0, 0
        for text in lines:
            if sought not in text:  # nearly every line is about another job
                continue
            line = _line(text)
            if line is None:
                bad += 1
            elif self._wants(line):
                self._count += 1
                if self._count > MOST_RECORDS:
                    over += 1
                else:
                    yield _Found(line.at, text, clean(device.kkm_id), clean(device.driver))
        for code, count in (("bad_lines", bad), ("too_many_records", over)):
            if count:
                self.damages.append(DamageView.model_validate({"part": name, "code": code, "count": count}))

    def _wants(self, line: _Line) -> bool:
        job = line.job or ""
        mine = job == self.job_id or job.startswith(f"{self.job_id}/")
        return mine and (self.everything or line.command not in COURTESIES)


def _header(text: bytes) -> _Header | None:
    try:
        return _Header.model_validate_json(text) if len(text) <= MOST_LINE else None
    except ValidationError:
        return None


def _line(text: bytes) -> _Line | None:
    try:
        return _Line.model_validate_json(text) if len(text) <= MOST_LINE else None
    except ValidationError:
        return None


# --- values ----------------------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """As it may be shown and sent: no control characters, no halves of letters, not too long."""
    seen = _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))
    return seen if len(seen) <= LONGEST else f"{seen[:LONGEST]}…"


def _told(text: str | None) -> str | None:
    return clean(text) if text is not None else None


def _tags(fields: dict[str, Any]) -> dict[str, Any]:
    tags = _plain(tags_of(fields))
    return tags if isinstance(tags, dict) else {}


def _plain(value: Any, depth: int = 0) -> Any:
    """A value of JSON, with an end to its width, its depth and its letters."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < 2**63 else clean(str(value)) if abs(value) < 10**100 else "…"
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return clean(value)
        case _ if depth >= DEEPEST:
            return "…"
        case list():
            told = [_plain(one, depth + 1) for one in value[:WIDEST]]
            return told if len(value) <= WIDEST else [*told, "…"]
        case dict():
            first = list(value.items())[:WIDEST]
            members = {clean(str(name)): _plain(one, depth + 1) for name, one in first}
            return members if len(value) <= WIDEST else members | {"…": "…"}
        case _:
            return clean(str(value))
