"""Reading a register's archive as evidence: what it holds that the journal does not know of, and whether it holds the
document of a job that another journal may have begun."""

from __future__ import annotations

from agent.devices.performer import Performer
from agent.devices.work import Work, work_of
from agent.jobs.book import JobBook
from agent.jobs.transitions import ADOPTED, SEARCH_ABOVE
from agent.journal.rows import DeviceRow, JobWithOffer
from agent.procedures.asks import Answer, Commit, ReadDocument, ReadStatus, Seen
from agent.procedures.evidence import Proven, decide
from drivers.api import FiscalDocument, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.messages import Archive, ArchiveEntry
from protocol.crm.outcomes import Reason
from protocol.ffd.money import format_kopecks


def archive_above(performer: Performer, device: DeviceRow) -> Archive | None:
    """Every document above the highest that the journal knows; ``None`` when the register does not answer now. Only
    queries are sent."""
    performer.work = Work()
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


def search(performer: Performer, book: JobBook, device: DeviceRow, chosen: JobWithOffer) -> Reason | None:
    """Look for the document of a job that may have been made already (``unsearched``); what is found is done. The
    reason when the register could not be asked.

    Only an imprint names the job: one without (a shift, cash, a slip) waits for a person, as it came.
    """
    work = work_of(device, chosen)
    performer.work = work
    if work.plan is not None and work.plan.imprint is not None:
        looked = performer.perform(ReadStatus())
        if looked.kind is not Answer.OK:
            return looked.reason or reason("device_offline")
        status: Status = looked.value
        if status.register_serial != device.register_serial:
            return reason("wrong_device", detail=status.register_serial)
        seen: list[Seen] = []
        told = chosen.row.outcome
        since = told[SEARCH_ABOVE] if SEARCH_ABOVE in told else told.get(ADOPTED)
        for fd in range((since if since is not None else status.last_fd) + 1, status.last_fd + 1):
            read = performer.perform(ReadDocument(fd))
            if read.kind is not Answer.OK:
                return read.reason or reason("device_offline")
            if read.value is not None and read.value.document.imprint is not None:
                seen.append(read.value)
        verdict = decide(seen, work.plan, exclusive=False)
        if isinstance(verdict, Proven):
            performer.perform(Commit(JobEvent.FOUND, {"document": verdict.document}))
            return None
    book.searched(chosen.row.job_id)
    return None


def _entry(document: FiscalDocument) -> ArchiveEntry:
    return ArchiveEntry(
        fd=document.fd,
        kind=document.kind.value,
        at=document.at.isoformat(),
        total=format_kopecks(document.total) if document.total is not None else None,
        imprint=document.imprint,
        fpd=document.fpd,
    )
