"""Money at one card terminal without a server: the same lane, journal, lock and procedure as the agent's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from agent.app import open_journal, system_clock
from agent.config import Config, Device, machine_data_dir
from agent.devices.lock import device_lock
from agent.devices.terminals.lane import TerminalLane
from agent.devices.terminals.place import expected_id, place_of
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.jobs.transitions import is_open
from agent.journal.rows import LOCAL, DeviceRow
from agent.journal.store import Journal, Transaction, utc_now
from agent.one_job import PATIENCE, OneJob, id_conflict
from agent.problems import UserError
from agent.support.trace.tracing import Traces
from drivers.address import parse_address
from drivers.registry import Opening, open_with, terminal_named
from drivers.terminal_api import CardTerminal, TerminalIdentity
from drivers.transports.base import Clock as TransportClock
from drivers.transports.base import SystemClock
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk


@contextmanager
def till(
    config: Config | None, driver: str, address: str, *, clock: TransportClock | None = None
) -> Iterator[TerminalBench]:
    """The terminal behind ``address``, locked, with the agent's own journal. Raises ``SetupError``, ``DeviceLocked``,
    ``JournalFailed``; nothing is sent to the terminal yet."""
    data_dir = config.data_dir if config is not None else machine_data_dir()
    configured = next((d for d in config.devices if d.address == address), None) if config is not None else None
    trace = Traces(data_dir, utc_now).of(Device(LOCAL, driver, address))
    opening = Opening(
        parse_address(address), clock or SystemClock(), configured.profile if configured is not None else None, trace
    )
    terminal = open_with(terminal_named(driver), opening)
    with device_lock(data_dir, address):
        journal = open_journal(data_dir)
        try:
            known_as = configured.kkm_id if configured is not None else None
            yield TerminalBench(
                terminal, journal, system_clock(), place=place_of("", driver, address), known_as=known_as
            )
        finally:
            terminal.disconnect()
            journal.close()


class TerminalBench:
    """One terminal on the command line. What moves money goes through the lane and its procedure."""

    def __init__(
        self, terminal: CardTerminal, journal: Journal, clock: Clock, *, place: str, known_as: str | None = None
    ) -> None:
        """``place`` stands for a terminal that tells who it is only with an operation; ``known_as``: the KKM_ID under
        which the agent's configuration has this address."""
        self.terminal = terminal
        self._journal = journal
        self._clock = clock
        self._place = place
        self._known_as = known_as

    def require_no_intent(self, identity: TerminalIdentity, *, but: str | None = None) -> None:
        """Nothing may act on a terminal while the outcome of something earlier is open, save the job ``but``, which is
        to be resolved. Raises ``UserError``."""
        names = self._names(identity)
        rows = self._journal.read(lambda tx: [row for name in names for row in tx.live_jobs(name)])
        left = next((row.job_id for row in rows if is_open(row) and row.job_id != but), None)
        if left is None:
            return
        raise UserError(
            "intent_open",
            f"На этом терминале не выяснено, чем кончилось «{left}». Повторите ту команду device с --job-id {left}: "
            "она спросит терминал. До этого ничего делать нельзя.",
            f"What became of “{left}” at this terminal is not known yet. Repeat that device command with --job-id "
            f"{left}: it asks the terminal. Until then nothing may act.",
            exit_code=1,
        )

    def run(self, kind: JobKind, job_id: str, payload: dict[str, Any], *, patience: float = PATIENCE) -> dict[str, Any]:
        """Carry one job out and return its answer. The payload is valid. The same id again never moves money a second
        time: it returns, or resolves, what is there. Raises ``UserError`` and the driver's errors before anything has
        started."""
        job = OneJob(self._journal, self._clock, kind, job_id, payload)
        if job.answered:
            return job.answer()
        identity = self.terminal.connect()
        names = self._names(identity)
        if job.row is not None and job.row.kkm_id not in names:  # begun at another terminal, which alone can tell
            raise id_conflict(job_id)
        self.require_no_intent(identity, but=job_id)
        device = self._device(identity, job.row.kkm_id if job.row is not None else names[0])
        lane, book = self._lane(device, job_id)
        job.carry_out(device, book, lane, patience)
        return job.answer()

    def _device(self, identity: TerminalIdentity, name: str) -> DeviceRow:
        def work(tx: Transaction) -> DeviceRow:
            device = tx.device(name)
            if device.binding_epoch == 0:
                desk = Desk().model_dump(mode="json")
                serial = identity.terminal_id or self._place
                device = replace(device, register_serial=serial, binding_epoch=1, desk=desk)
                tx.write_device(device, "local")
            return device

        return self._journal.commit(work)

    def _names(self, identity: TerminalIdentity) -> list[str]:
        """Every row of this terminal, the agent's own first."""
        known = self._journal.read(lambda tx: tx.devices())
        ours = [f"local:{name}" for name in (identity.terminal_id, self._place) if name]
        bound = [d.kkm_id for d in known if self._is_bound(d, identity)]
        return list(dict.fromkeys([*(name for name in bound if name not in ours), *ours]))

    def _is_bound(self, device: DeviceRow, identity: TerminalIdentity) -> bool:
        """By its id, or, where that is not told, by its place in the configuration."""
        if device.register_serial is None or device.binding_epoch == 0:
            return False
        expected = expected_id(device.register_serial)
        if expected and identity.terminal_id:
            return expected == identity.terminal_id
        return device.kkm_id == self._known_as or device.register_serial == self._place

    def _lane(self, device: DeviceRow, job_id: str) -> tuple[TerminalLane, JobBook]:
        book = JobBook(
            self._journal, self._clock, tenant_id=LOCAL, agent_id=LOCAL, verified=lambda *_: True,
            devices=[device.kkm_id], only=job_id,
        )  # fmt: skip
        book.allow_starts(True)
        lane = TerminalLane(
            device.kkm_id, self.terminal, book, on_progress=lambda *_: None, on_crash=lambda _: None, patient=False
        )
        return lane, book
