"""Who owns a register: binding, adoption, release. Functions over one transaction; ``JobBook`` commits them.

A binding has an epoch. Under a higher one this journal starts nothing that it had waiting; an open intent is never
abandoned, because nobody else can resolve it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agent.jobs.transitions import absent, apply, because, is_final, is_open, under_way, update_of
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow, JobRow
from agent.journal.store import Transaction
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass
from protocol.crm.messages import Bind, Offer, OpenJob, Release, Released
from protocol.crm.outcomes import Reason
from protocol.crm.payloads import device_of
from protocol.crm.sales import MONEY_KINDS

Genuine = Callable[[Offer], bool]
"""Whether an offer inside a bind was signed by the server."""


def bind(tx: Transaction, told: Bind, genuine: Genuine) -> None:
    """This agent owns the register under the epoch told. Repeating it is harmless."""
    binding = told.binding
    device = tx.device(binding.kkm_id)
    fresh = binding.binding_epoch > device.binding_epoch
    if not fresh and (device.released or binding.binding_epoch < device.binding_epoch):
        return  # an older word, said again: the register comes back only under a new epoch
    if not fresh:  # the desk has changed, or the word is repeated: of the device itself this journal knows more
        trusted_anew = binding.desk.exclusive and not device.settings.exclusive
        changed = replace(
            device,
            desk=binding.desk.model_dump(mode="json"),
            exclusive_lost=device.exclusive_lost and not trusted_anew,
        )
        if changed != device:
            tx.write_device(changed, "bind")
        return
    _give_up(tx, binding.kkm_id, binding.binding_epoch)
    same_fn = told.fn_serial is not None and told.fn_serial == device.fn_serial
    highest = max(device.highest_fd or 0, told.last_fd or 0) if same_fn else told.last_fd
    device = replace(
        device,
        register_serial=binding.register_serial,
        binding_epoch=binding.binding_epoch,
        released=False,
        releasing=False,
        doubted=False,
        desk=binding.desk.model_dump(mode="json"),
        fn_serial=told.fn_serial if told.fn_serial is not None else device.fn_serial,
        highest_fd=(highest if told.fn_serial is not None else device.highest_fd),
        exclusive_lost=False,
    )
    tx.write_device(device, "bind")
    for open_job in told.open_jobs:
        _adopt(tx, open_job, device, told.last_fd, genuine)


def _adopt(tx: Transaction, job: OpenJob, device: DeviceRow, last_fd: int | None, genuine: Genuine) -> None:
    """A job that another journal may have begun. It waits, held, for a person; what the archive shows wins. One that
    moves money is never begun anew: of a charge there is no archive."""
    offer, rev = job.offer, job.rev
    if not genuine(offer):
        tx.append(RecordKind.NOTE, {"event": "bad_signature", "type": "open_job", "job_id": offer.job_id})
        return
    row = tx.job(offer.job_id)
    if row is not None and row.state is not Known.ABSENT:
        # Ours, still open or ended before we heard of this epoch: what was said under an older one did not count.
        row = replace(row, rev=max(row.rev, rev) + 1, binding_epoch=device.binding_epoch, archived=False)
        tx.write_job(row, "adopt_own")
        tx.send(update_of(tx, row), "update", job_id=row.job_id, rev=row.rev)
        return
    fresh = absent(offer, row.seq if row is not None else tx.next_seq())
    fresh = replace(fresh, rev=row.rev if row is not None else 0, binding_epoch=device.binding_epoch)
    money = offer.kind in MONEY_KINDS
    told = because(reason("moved_money" if money else "moved_unconfirmed"), adopted_from=last_fd)
    if device_of(offer.kind) is DeviceClass.TERMINAL:
        told["searched"] = True  # it has no archive
    apply(tx, fresh, JobEvent.ADOPT, rev=rev, offer=offer, outcome=told)


def _give_up(tx: Transaction, kkm_id: str, epoch: int) -> None:
    """A new epoch: what waits on this register is no longer this journal's to start. An open intent stays: nobody
    else can resolve it, and nothing may abandon it."""
    for row in tx.live_jobs(kkm_id):
        if under_way(tx, row):
            tx.write_job(replace(row, binding_epoch=epoch), "epoch_raised")
        elif not is_final(row):
            _pass_on(tx, row)


def _pass_on(tx: Transaction, row: JobRow) -> None:
    """What waits is the new owner's. A part of a sale that has not begun is nobody's."""
    gone = replace(row, state=Known.ABSENT, archived=False)
    withdrawn = replace(row, state=Known.CANCELLED, archived=True)
    tx.write_job(gone if row.part is None else withdrawn, "epoch_passed")


def release(tx: Transaction, told: Release) -> None:
    """Start nothing more on the register, and let it go as soon as nothing on it is open."""
    device = tx.device(told.kkm_id)
    if told.binding_epoch < device.binding_epoch or device.released:
        body = Released(kkm_id=told.kkm_id, binding_epoch=told.binding_epoch, not_started=[])
        tx.send(body, "released")
        return
    if told.binding_epoch > device.binding_epoch:  # its ``bind`` was overtaken
        for row in [row for row in tx.live_jobs(told.kkm_id) if under_way(tx, row)]:
            tx.write_job(replace(row, binding_epoch=told.binding_epoch), "epoch_raised")
    device = replace(device, binding_epoch=told.binding_epoch, releasing=True)
    tx.write_device(device, "release_asked")
    finish_release(tx, told.kkm_id)


def finish_release(tx: Transaction, kkm_id: str) -> None:
    """Let the register go when nothing on it is open."""
    device = tx.device(kkm_id)
    rows = tx.live_jobs(kkm_id)
    if not device.releasing or device.operation is not None or any(under_way(tx, row) for row in rows):
        return
    if any(is_open(row) and row.sale is not None and row.sale["terminal"] == kkm_id for row in tx.live_jobs()):
        return  # a charge may have to be undone here
    not_started = []
    for row in rows:
        if row.part is not None:
            _pass_on(tx, row)
        elif isinstance(apply(tx, row, JobEvent.RELEASE), JobRow) and not row.unheard:
            not_started.append(row.job_id)
    tx.write_device(replace(device, releasing=False, released=True), "released")
    body = Released(
        kkm_id=kkm_id, binding_epoch=device.binding_epoch, not_started=not_started, last_fd=device.highest_fd
    )
    tx.send(body, "released")


def distrust(tx: Transaction) -> None:
    """The server takes this journal for an older copy. What waits here may have been done: the binding that follows
    once a person has lifted that holds it, and nothing begins in between."""
    for device in tx.devices():
        if device.binding_epoch and not device.doubted:
            tx.write_device(replace(device, doubted=True), "doubted")


def learned_epoch(tx: Transaction, kkm_id: str, epoch: int) -> None:
    """The server names a higher epoch than ours: the register has another owner, and nothing is executed on it any
    more. An open intent stays open: who owns the register has adopted the job."""
    device = tx.device(kkm_id)
    if 0 < device.binding_epoch < epoch and not device.released:
        for row in tx.live_jobs(kkm_id):
            if not is_final(row) and not under_way(tx, row):
                _pass_on(tx, row)
        tx.write_device(replace(device, released=True, releasing=False), "epoch_learned")


def begin_operation(tx: Transaction, kkm_id: str, intent: dict[str, Any], for_job: JobRow | None) -> Reason | None:
    """The intent of an operation that the desk's policy asks for, for itself or for a waiting job; the reason when the
    register is not ours to operate any more, or the job does not wait."""
    device = tx.device(kkm_id)
    if device.released or device.releasing or device.binding_epoch == 0:
        return reason("device_released")
    if for_job is not None:
        row = tx.job(for_job.job_id)
        if row is None or row.state is not Known.ACCEPTED:
            return reason("stale_rev")
    tx.write_device(replace(device, operation=intent), "operation_intent", RecordKind.OPERATION_INTENT)
    return None
