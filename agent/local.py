"""A job without a server: the same lane, journal, lock and procedures as the agent's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent.app import open_journal, system_clock
from agent.config import Config, Device, machine_data_dir
from agent.devices.facts import device_facts
from agent.devices.lane import Lane
from agent.devices.lock import device_lock
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.jobs.sale_rows import is_left
from agent.jobs.transitions import is_open
from agent.journal.rows import LOCAL, DeviceRow
from agent.journal.store import Journal, Transaction, utc_now
from agent.one_job import PATIENCE, OneJob, id_conflict
from agent.problems import UserError
from agent.support.trace.recorder import DeviceTrace
from agent.support.trace.tracing import Traces
from drivers.api import FiscalRegister, Identity
from drivers.registry import open_register
from drivers.transports.base import Clock as TransportClock
from drivers.transports.base import SystemClock
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk


@contextmanager
def workbench(
    config: Config | None, driver: str, address: str, *, clock: TransportClock | None = None
) -> Iterator[Workbench]:
    """The device behind ``address``, locked, with the agent's own journal. Raises ``SetupError``, ``DeviceLocked``,
    ``JournalFailed``; nothing is sent to the device yet."""
    data_dir = config.data_dir if config is not None else machine_data_dir()
    configured = next((d for d in config.devices if d.address == address), None) if config is not None else None
    profile = configured.profile if configured is not None else None
    kkm_id = configured.kkm_id if configured is not None else LOCAL
    trace = Traces(data_dir, utc_now).of(Device(kkm_id, driver, address))
    register = open_register(driver, address, clock=clock or SystemClock(), profile=profile, trace=trace)
    with device_lock(data_dir, address):
        journal = open_journal(data_dir)
        try:
            yield Workbench(register, journal, system_clock(), trace)
        finally:
            register.disconnect()
            journal.close()


class Workbench:
    """One device on the command line. What may act goes through the lane and its procedures."""

    def __init__(
        self, register: FiscalRegister, journal: Journal, clock: Clock, trace: DeviceTrace | None = None
    ) -> None:
        self.register = register
        self._trace = trace
        self._journal = journal
        self._clock = clock

    def require_no_intent(self, identity: Identity, *, but: str | None = None) -> None:
        """Nothing may act on a device while the outcome of something earlier is open, save the job ``but``, which is to
        be resolved. Raises ``UserError``."""
        devices = self._journal.read(lambda tx: _names(tx, identity))
        rows = self._journal.read(lambda tx: [row for device in devices for row in tx.live_jobs(device.kkm_id)])
        left = [row.job_id for row in rows if is_open(row) and not is_left(row) and row.job_id != but]
        left += [str(device.operation["operation"]) for device in devices if device.operation is not None]
        if not left:
            return
        what = left[0]
        raise UserError(
            "intent_open",
            f"На этой кассе не выяснено, чем кончилось «{what}». Запустите агента (или ту же команду device с этим "
            "--job-id): он спросит кассу. До этого ничего делать нельзя.",
            f"What became of “{what}” on this register is not known yet. Start the agent (or the same device command "
            "with this --job-id): it asks the register. Until then nothing may act.",
            exit_code=1,
        )

    def run(self, kind: JobKind, job_id: str, payload: dict[str, Any], *, patience: float = PATIENCE) -> dict[str, Any]:
        """Carry one job out and return its answer: ``{"job_id", "state", "attempt", "reason", "proof", …}``.

        The payload is valid. The same id again never does it a second time: it returns, or resolves, what is there.
        Raises ``UserError`` and the driver's errors before anything has started.
        """
        journal = self._journal
        job = OneJob(journal, self._clock, kind, job_id, payload)
        if job.answered:
            return job.answer()
        identity = self.register.connect()
        if job.row is not None and job.row.kkm_id not in journal.read(
            lambda tx: [d.kkm_id for d in _names(tx, identity)]
        ):
            raise id_conflict(job_id)
        if kind is not JobKind.RECEIPT:  # a receipt resolves what is open before it
            self.require_no_intent(identity, but=job_id)
        device = _device(journal, identity)
        if job.row is not None and job.row.kkm_id != device.kkm_id:
            known_by = job.row.kkm_id
            device = journal.read(lambda tx: tx.device(known_by))
        book, lane = self._lane(device, only=job_id)
        job.carry_out(device, book, lane, patience)
        return job.answer()

    def facts(self, identity: Identity) -> dict[str, Any]:
        """State and health as ``device_status`` answers them; only queries are sent."""
        status, health = self.register.status(), self.register.health()
        return device_facts(
            identity, status, health, self._clock.now(), _device(self._journal, identity).settings.timezone
        )

    def _lane(self, device: DeviceRow, *, only: str | None) -> tuple[JobBook, Lane]:
        book = JobBook(
            self._journal,
            self._clock,
            tenant_id=LOCAL,
            agent_id=LOCAL,
            verified=lambda *_: True,
            devices=[device.kkm_id],
            only=only,
        )
        book.allow_starts(True)
        lane = Lane(
            device.kkm_id,
            self.register,
            book,
            on_claim=lambda *_: None,
            on_progress=lambda *_: None,
            on_archive=lambda _: None,
            on_crash=lambda _: None,
            patient=False,
        )
        if self._trace is not None:
            self._trace.busy = lane.busy
        return book, lane


def _device(journal: Journal, identity: Identity) -> DeviceRow:
    """The device's row, by the register's serial: the agent's own where it is bound here, else a local one."""

    def work(tx: Transaction) -> DeviceRow:
        known = _names(tx, identity)
        if known:
            return known[0]
        device = DeviceRow(
            kkm_id=_local_name(identity),
            register_serial=identity.register_serial,
            binding_epoch=1,
            desk=Desk().model_dump(mode="json"),
        )
        tx.write_device(device, "local")
        return device

    return journal.commit(work)


def _names(tx: Transaction, identity: Identity) -> list[DeviceRow]:
    """Every row of this register, the agent's own first: one of the command line may be older than the pairing."""
    found = [d for d in tx.devices() if d.register_serial == identity.register_serial]
    return sorted(found, key=lambda d: d.kkm_id == _local_name(identity))


def _local_name(identity: Identity) -> str:
    return f"local:{identity.register_serial}"
