"""Reading a register's archive as evidence for a person: what it holds that the journal does not know of."""

from __future__ import annotations

from agent.devices.performer import Performer, Work
from agent.journal.rows import DeviceRow
from agent.procedures.asks import Answer, ReadDocument, ReadStatus
from drivers.api import FiscalDocument, Status
from protocol.crm.messages import Archive, ArchiveEntry
from protocol.ffd.money import format_kopecks


def archive_above(performer: Performer, device: DeviceRow) -> Archive | None:
    """Every document above the highest that the journal knows; ``None`` when the register does not answer now. Only
    queries are sent."""
    performer.work = Work(None, None)
    looked = performer.perform(ReadStatus())
    if looked.kind is not Answer.OK:
        return None
    status: Status = looked.value
    same_drive = device.fn_serial == status.fn_serial and device.highest_fd is not None
    known = device.highest_fd or 0 if same_drive else status.last_fd
    entries = []
    for fd in range(known + 1, status.last_fd + 1):
        read = performer.perform(ReadDocument(fd))
        if read.kind is not Answer.OK:
            return None
        if read.value is not None:
            entries.append(_entry(read.value.document))
    return Archive(
        kkm_id=device.kkm_id,
        register_serial=status.register_serial,
        fn_serial=status.fn_serial,
        last_fd=status.last_fd,
        documents=entries,
    )


def _entry(document: FiscalDocument) -> ArchiveEntry:
    return ArchiveEntry(
        fd=document.fd,
        kind=document.kind.value,
        at=document.at.isoformat(),
        total=format_kopecks(document.total) if document.total is not None else None,
        imprint=document.imprint,
        fpd=document.fpd,
    )
