"""A job book over a real journal and a real server key, with clocks that a test turns by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.jobs.transitions import because
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow, JobRow, Snapshot
from agent.journal.store import Journal
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass
from protocol.crm.machine import Refusal
from protocol.crm.messages import Bind, Binding, Cancel, Desk, Offer, OpenJob, Release, Renew, Resolve, Update
from protocol.crm.outcomes import Value
from protocol.crm.signing import signature_is_good
from tests.support.crm import AGENT, FN, KID, KKM, NOW, SERIAL, TENANT, JobKey, ed25519, offer
from tests.support.journals import opened

K, V = Known, JobEvent
T = TypeVar("T", bound=Value)
SNAPSHOT = Snapshot(SERIAL, FN, 11, 3, 4, "2026-07-01T15:00:00")


class Hands:
    """All clocks of the PC, turned together; ``sleeps`` turns the wall alone."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept = 0.0

    def turn(self, seconds: float) -> None:
        self.passed += seconds

    def sleeps(self, seconds: float) -> None:
        self.slept += seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed + self.slept)

    def clock(self) -> Clock:
        return Clock(lambda: 100.0 + self.passed, lambda: self.now().timestamp(), self.now)


class Bench:
    """An agent's book, seen from the server's side and from the lane's."""

    def __init__(
        self,
        journal: Journal,
        hands: Hands,
        *,
        devices: tuple[str, ...] = (KKM, "18"),
        classes: Mapping[str, DeviceClass] = MappingProxyType({}),
    ) -> None:
        self.journal, self.hands, self.key = journal, hands, JobKey()
        keys = {KID: self.key.public}
        self.book = JobBook(
            journal, hands.clock(), tenant_id=TENANT, agent_id=AGENT, devices=devices, classes=classes,
            verified=lambda type_, body: signature_is_good(type_, body, keys, ed25519),
        )  # fmt: skip
        self.woken: list[str | None] = []
        self.book.on_change(self.woken.append)

    # --- the server says

    def say(self, type_: str, body: T, *, acting: bool = True, signed: bool = True) -> bool:
        return self.book.receive(type_, self.key.signed(type_, body) if signed else body, acting=acting)

    def binds(self, epoch: int = 1, *, kkm_id: str = KKM, **more: Any) -> None:
        desk = more.pop("desk", Desk())
        binding = Binding(kkm_id=kkm_id, register_serial=SERIAL, binding_epoch=epoch, desk=desk)
        known: dict[str, Any] = {"agent_id": AGENT, "binding": binding, "kid": KID}
        assert self.say("bind", Bind(**known | more))

    def offers(self, job_id: str = "j1", **more: Any) -> Offer:
        made = self.key.signed("offer", offer(job_id, **more))
        assert self.book.receive("offer", made, acting=True)
        return made

    def cancels(self, job_id: str = "j1", **more: Any) -> None:
        assert self.say("cancel", Cancel(**{"job_id": job_id, "agent_id": AGENT, "kid": KID, **more}))

    def renews(self, lease_no: int = 2, *, job_id: str = "j1", seconds: float = 600, **more: Any) -> None:
        start_by = self.hands.now() + timedelta(seconds=seconds)
        known = {"job_id": job_id, "agent_id": AGENT, "lease_no": lease_no, "binding_epoch": 1, "start_by": start_by}
        assert self.say("renew", Renew(**{**known, "kid": KID, **more}))

    def resolves(self, rev: int, *, job_id: str = "j1", **more: Any) -> None:
        known = {"job_id": job_id, "agent_id": AGENT, "rev": rev, "decision": "done", "person": "Иванова"}
        assert self.say("resolve", Resolve(**{**known, "reason": "чек у покупателя", "kid": KID, **more}))

    def releases(self, epoch: int = 1, **more: Any) -> None:
        known = {"agent_id": AGENT, "kkm_id": KKM, "binding_epoch": epoch, "kid": KID}
        assert self.say("release", Release(**{**known, **more}))

    def open_job(self, job_id: str = "j1", rev: int = 5, **more: Any) -> OpenJob:
        signed = self.key.signed("offer", offer(job_id, **more))
        return OpenJob(offer=signed, rev=rev, imprint="A" * 13)

    def pongs(self) -> None:
        """A pong that has just come, and permission to start."""
        self.book.pong(self.hands.now(), self.hands.clock().monotonic())
        self.book.allow_starts(True)

    # --- the lane does

    def lane(self, *events: JobEvent, job_id: str = "j1") -> JobRow:
        for event in events:
            changes: dict[str, Any] = {}
            if event is V.INTENT:
                changes = {"outcome": {}, "snapshot": SNAPSHOT, "first_snapshot": SNAPSHOT}
            elif event in (V.UNDECIDABLE, V.PROVEN_NONE, V.DOUBT):
                changes = {"outcome": because(reason("device_silent"))}
            moved = self.book.transition(job_id, event, **changes)
            assert not isinstance(moved, Refusal), (event, moved)
        return self.row(job_id)

    # --- what is there now

    def row(self, job_id: str = "j1") -> JobRow:
        found = self.journal.read(lambda tx: tx.job(job_id))
        assert found is not None, job_id
        return found

    def has(self, job_id: str) -> bool:
        return self.journal.read(lambda tx: tx.job(job_id)) is not None

    def device(self, kkm_id: str = KKM) -> DeviceRow:
        return self.journal.read(lambda tx: tx.device(kkm_id))

    def outbox(self) -> list[Value]:
        return [body for _, _, body in self.journal.read(lambda tx: tx.outbox(1000))]

    def told(self) -> list[Value]:
        """What has come into the outbox since the last call, taken out as if the server had lost it."""
        entries = self.journal.read(lambda tx: tx.outbox(1000))
        self.journal.commit(lambda tx: [tx.remove_outgoing(msg_id) for msg_id, _, _ in entries])
        return [body for _, _, body in entries]

    def update(self) -> Update:
        """The one message that was told, which is an update."""
        (said,) = self.told()
        assert isinstance(said, Update)
        return said

    def acks(self) -> None:
        """The server acknowledges everything."""
        self.book.acknowledged([msg_id for msg_id, _, _ in self.journal.read(lambda tx: tx.outbox(1000))])

    def notes(self) -> list[dict[str, Any]]:
        records = self.journal.read(lambda tx: list(tx.records()))
        return [r.body for r in records if r.kind is RecordKind.NOTE and r.body is not None]

    def hash_at(self, n: int) -> str:
        found = self.journal.read(lambda tx: tx.hash_at(n))
        assert found is not None
        return found

    def head(self) -> int:
        return self.journal.read(lambda tx: tx.head())[0]


@contextmanager
def bench(
    folder: Path, *, bound: bool = True, classes: Mapping[str, DeviceClass] = MappingProxyType({})
) -> Iterator[Bench]:
    """A paired agent; with ``bound`` its register is bound under epoch 1, and a fresh pong allows starts."""
    hands = Hands()
    with opened(folder / "journal.sqlite", hands.now) as journal:
        made = Bench(journal, hands, classes=classes)
        if bound:
            made.binds(fn_serial=FN, last_fd=11)
        made.pongs()
        made.woken.clear()
        yield made
