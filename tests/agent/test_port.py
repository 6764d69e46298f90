"""``AgentPort`` keeps what ``agent.link.ports.LinkPort`` promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.link.ports import Greeting, LinkPort
from agent.port import AgentPort
from drivers.api import Identity
from drivers.terminal_api import TerminalIdentity
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass
from protocol.crm.lease import Lease
from protocol.crm.messages import (
    Accept,
    Archive,
    Bind,
    Binding,
    Bound,
    Cancel,
    Claim,
    ClaimedDevice,
    ClaimRefused,
    Desk,
    Health,
    JournalHead,
    KnownJob,
    Progress,
    Update,
    Welcome,
)
from protocol.crm.outcomes import Value
from protocol.crm.support import LOG_BATCH, Log, LogBegan, LogLines, LogStop, Report, ReportState
from tests.agent.desk.log_desk import Watching
from tests.support.crm import AGENT, FN, KID, KKM, NOW, SERIAL, offer
from tests.support.job_books import Bench, bench

IDENTITY = Identity("ШТРИХ-М-01Ф", SERIAL, FN, "0000000000012345", "7701234567", "1.2")
CLAIMED = ClaimedDevice(
    kkm_id=KKM, driver="shtrih", register_serial=SERIAL, fn_serial=FN, registration_number="0000000000012345",
    model="ШТРИХ-М-01Ф", ffd="1.2", last_fd=11, binding_epoch=1,
)  # fmt: skip
SILENT = ClaimedDevice(kkm_id="18", driver="shtrih")


@dataclass
class Lane:
    wanted: int = 0

    def want_archive(self) -> None:
        self.wanted += 1


@dataclass
class Station:
    """A port over a real book; ``wakes`` counts the calls of ``on_outgoing``."""

    b: Bench
    port: AgentPort
    log: Watching
    lane: Lane = field(default_factory=Lane)
    wakes: int = 0

    def connect(self, *known: KnownJob) -> None:
        self.port.greeting()
        self.port.started(known)

    def passed(self) -> list[Value]:
        return self.port.passing()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Station]:
    with bench(tmp_path) as b:
        log = Watching(b.hands, tmp_path)
        made = Station(b, AgentPort(b.book, {KKM: "shtrih", "18": "shtrih"}, watch=log.watch), log)
        made.port.lanes = (made.lane,)  # type: ignore[assignment]

        def wake() -> None:
            made.wakes += 1

        made.port.on_outgoing(wake)
        yield made


def test_it_is_a_port(desk: Station) -> None:
    port: LinkPort = desk.port
    assert isinstance(port.greeting(), Greeting)


# --- the greeting ---------------------------------------------------------------------------------------------------


def test_the_greeting_names_the_head_the_jobs_and_every_configured_device(desk: Station) -> None:
    desk.b.offers("j1")
    desk.b.offers("j2")
    desk.b.cancels("gone-before-its-offer")
    desk.port.claim(KKM, IDENTITY, 11)
    greeting = desk.port.greeting()
    assert greeting.journal_head == JournalHead(n=desk.b.head(), hash=desk.b.hash_at(desk.b.head()))
    assert greeting.jobs == (KnownJob(job_id="j1", rev=1), KnownJob(job_id="j2", rev=1))
    assert greeting.devices == (CLAIMED, SILENT)


def test_what_is_archived_or_given_back_is_not_named(desk: Station) -> None:
    desk.b.offers("j1")
    desk.b.cancels("j1")
    desk.b.acks()
    desk.b.offers("j2")
    desk.b.releases()
    assert desk.port.greeting().jobs == ()


def test_a_device_that_is_not_bound_claims_no_epoch(desk: Station) -> None:
    desk.port.claim("18", IDENTITY, 11)
    assert desk.port.greeting().devices[1].binding_epoch is None


def test_head_and_hashes_are_the_journals(desk: Station) -> None:
    head = desk.port.head()
    assert (head.n, head.hash) == (desk.b.head(), desk.port.hash_at(head.n))
    assert desk.port.hash_at(0) == ""
    assert desk.port.hash_at(head.n + 1) is None


def _welcome(*bindings: Binding) -> Welcome:
    return Welcome(
        tenant_id="t_1", session_epoch=1, server_time=NOW, heartbeat_s=20.0, acked_head=JournalHead(n=0, hash=""),
        jobs=[], bindings=list(bindings), keys=[],
    )  # fmt: skip


@pytest.mark.parametrize(("epoch", "taken"), [(1, True), (2, False)])
def test_welcome_brings_the_desks_of_our_epoch_and_no_permission_to_start(
    desk: Station, epoch: int, taken: bool
) -> None:
    desk.b.book.allow_starts(False)
    other = Desk(exclusive=False, imprint=False)
    desk.port.welcomed(_welcome(Binding(kkm_id=KKM, register_serial=SERIAL, binding_epoch=epoch, desk=other)))
    assert (desk.b.device().settings == other) is taken
    assert desk.b.book.judge(NOW + timedelta(hours=1)) is Lease.UNKNOWN


# --- starting -------------------------------------------------------------------------------------------------------


def test_ready_allows_starts_once_a_pong_has_come(desk: Station) -> None:
    soon = desk.b.hands.now() + timedelta(hours=1)
    desk.b.book.allow_starts(False)
    desk.b.hands.turn(100)  # the pong before is too old
    desk.connect()
    assert desk.b.book.judge(soon) is Lease.UNKNOWN
    desk.port.pong(desk.b.hands.now(), desk.b.hands.clock().monotonic())
    assert desk.b.book.judge(soon) is Lease.GOOD


def test_ready_puts_into_the_outbox_what_the_server_lacks(desk: Station) -> None:
    desk.b.offers("j1")
    desk.b.told()
    desk.connect(KnownJob(job_id="j1", rev=0))
    (said,) = desk.b.told()
    assert isinstance(said, Update)
    desk.connect(KnownJob(job_id="j1", rev=1))
    assert desk.b.told() == []


def test_quarantine_forbids_starts_and_reads_the_archives(desk: Station) -> None:
    desk.port.greeting()
    desk.port.quarantined()
    assert desk.b.book.judge(NOW + timedelta(hours=1)) is Lease.UNKNOWN
    assert desk.lane.wanted == 1
    archive = Archive(kkm_id=KKM, register_serial=SERIAL, fn_serial=FN, last_fd=11, documents=[])
    desk.port.archive(archive)
    assert desk.passed() == [archive]
    desk.port.started([])  # a person has lifted it
    desk.b.pongs()
    assert desk.b.book.judge(NOW + timedelta(hours=1)) is Lease.GOOD


# --- what passes ----------------------------------------------------------------------------------------------------


def test_a_claim_that_the_greeting_said_is_not_said_again(desk: Station) -> None:
    desk.port.claim(KKM, IDENTITY, 11)
    desk.connect()
    assert desk.passed() == []


@pytest.mark.parametrize("ready", ["started", "quarantined"])
def test_a_claim_made_between_greeting_and_ready_is_not_lost(desk: Station, ready: str) -> None:
    desk.port.greeting()
    desk.port.claim(KKM, IDENTITY, 11)
    assert desk.passed() == []  # not before the greeting is over
    desk.wakes = 0
    if ready == "started":
        desk.port.started([])
    else:
        desk.port.quarantined()
    assert desk.wakes > 0
    assert desk.passed() == [Claim(device=CLAIMED)]
    assert desk.passed() == []


def test_a_claim_that_changed_meanwhile_is_said(desk: Station) -> None:
    desk.port.claim(KKM, IDENTITY, 11)
    desk.port.greeting()
    desk.port.claim(KKM, IDENTITY, 12)
    desk.port.started([])
    assert desk.passed() == [Claim(device=CLAIMED.model_copy(update={"last_fd": 12}))]


def test_a_claim_on_a_living_connection_passes_at_once(desk: Station) -> None:
    desk.connect()
    desk.wakes = 0
    desk.port.claim(KKM, IDENTITY, 11)
    assert desk.wakes == 1
    assert desk.passed() == [Claim(device=CLAIMED)]


def test_nothing_passes_without_a_connection_and_nothing_old_after_it(desk: Station) -> None:
    desk.connect()
    desk.port.claim(KKM, IDENTITY, 11)
    desk.port.disconnected()
    assert desk.passed() == []
    desk.port.archive(Archive(kkm_id=KKM, register_serial=SERIAL, fn_serial=FN, last_fd=1, documents=[]))
    desk.connect()  # the greeting itself names the device
    assert desk.passed() == []


def test_the_registered_taxation_is_claimed(desk: Station) -> None:
    desk.connect()
    desk.port.claim(KKM, replace(IDENTITY, taxation=0b11), 11)
    assert desk.passed() == [Claim(device=CLAIMED.model_copy(update={"taxation": 3}))]


def health(paper: str) -> Health:
    return Health(kkm_id=KKM, at=NOW, facts={"paper": paper})


def test_of_a_devices_health_the_newest_look_passes_once(desk: Station) -> None:
    desk.connect()
    desk.wakes = 0
    desk.port.health(health("present"))
    desk.port.health(health("absent"))
    assert desk.wakes == 2
    assert desk.passed() == [health("absent")]
    assert desk.passed() == []


def test_a_new_connection_begins_with_the_newest_look(desk: Station) -> None:
    desk.port.health(health("present"))
    assert desk.passed() == []
    desk.connect()
    assert desk.passed() == [health("present")]
    desk.port.disconnected()
    desk.connect()
    assert desk.passed() == [health("present")]


def test_of_a_jobs_progress_the_last_word_passes(desk: Station) -> None:
    desk.connect()
    desk.port.progress("j1", "positions", 1, 3)
    desk.port.progress("j1", "positions", 2, 3)
    desk.port.progress("j2", "no_paper", None, None)
    assert desk.passed() == [
        Progress(job_id="j1", code="positions", done=2, of=3),
        Progress(job_id="j2", code="no_paper"),
    ]
    assert desk.passed() == []


def test_progress_that_says_nothing_new_wakes_nobody(desk: Station) -> None:
    desk.connect()
    desk.port.progress("j1", "no_paper", None, None)
    desk.wakes = 0
    desk.port.progress("j1", "no_paper", None, None)
    assert desk.wakes == 0


# --- what the server says -------------------------------------------------------------------------------------------


def test_an_offer_is_on_disk_when_it_is_received(desk: Station) -> None:
    signed = desk.b.key.signed("offer", offer())
    desk.wakes = 0
    assert desk.port.receive(signed, quarantined=False) is None
    assert desk.b.row().state is Known.ACCEPTED
    assert desk.wakes > 0
    ((_, _, accept),) = desk.port.outbox(10)
    assert isinstance(accept, Accept)


def refused(code: str) -> ClaimRefused:
    return ClaimRefused(kkm_id=KKM, code=code, text="…", advice="…")


def test_a_refused_claim_is_known_until_the_server_binds_or_the_claim_is_made_anew(desk: Station) -> None:
    desk.connect()
    assert desk.port.receive(refused("unknown_kkm_id"), quarantined=False) is None
    assert {kkm_id: why.code for kkm_id, why in desk.port.refusals().items()} == {KKM: "unknown_kkm_id"}
    desk.port.disconnected()
    assert set(desk.port.refusals()) == {KKM}, "it has not become better because the line is down"
    desk.connect()
    assert desk.port.refusals() == {}

    desk.port.receive(refused("register_changed"), quarantined=False)
    desk.port.claim(KKM, IDENTITY, 11)
    assert desk.port.refusals() == {}

    desk.port.receive(refused("device_already_bound"), quarantined=False)
    binding = Binding(kkm_id=KKM, register_serial=SERIAL, binding_epoch=4, desk=Desk())
    desk.port.receive(desk.b.key.signed("bind", Bind(agent_id=AGENT, binding=binding, kid=KID)), quarantined=False)
    assert desk.port.refusals() == {}


def test_a_bind_is_confirmed_at_once(desk: Station) -> None:
    binding = Binding(kkm_id=KKM, register_serial=SERIAL, binding_epoch=4, desk=Desk())
    bind = desk.b.key.signed("bind", Bind(agent_id=AGENT, binding=binding, kid=KID))
    assert desk.port.receive(bind, quarantined=False) == Bound(kkm_id=KKM, binding_epoch=4)
    assert desk.b.device().binding_epoch == 4


def test_in_quarantine_nothing_that_acts_is_taken(desk: Station) -> None:
    before = desk.b.head()
    binding = Binding(kkm_id=KKM, register_serial=SERIAL, binding_epoch=4, desk=Desk())
    messages: list[tuple[str, Any]] = [
        ("offer", offer()),
        ("bind", Bind(agent_id=AGENT, binding=binding, kid=KID)),
        ("cancel", Cancel(job_id="j1", agent_id=AGENT, kid=KID)),
    ]
    for type_, body in messages:
        assert desk.port.receive(desk.b.key.signed(type_, body), quarantined=True) is None
    assert desk.b.head() == before


def test_a_refused_claim_changes_nothing(desk: Station) -> None:
    before = desk.b.head()
    refused = ClaimRefused(kkm_id=KKM, code="register_already_bound", text="…", advice="…")
    assert desk.port.receive(refused, quarantined=False) is None
    assert desk.b.head() == before


def test_the_outbox_is_kept_until_it_is_acknowledged(desk: Station) -> None:
    for number in range(5):
        desk.b.offers(f"j{number}")
    first = desk.port.outbox(2)
    assert [body.job_id for _, _, body in first if isinstance(body, Accept)] == ["j0", "j1"]
    assert desk.port.outbox(2) == first
    desk.port.acknowledged([msg_id for msg_id, _, _ in first])
    assert [body.job_id for _, _, body in desk.port.outbox(2) if isinstance(body, Accept)] == ["j2", "j3"]


def test_whatever_comes_into_the_outbox_wakes_the_link(desk: Station) -> None:
    desk.b.offers()
    desk.wakes = 0
    desk.b.lane(JobEvent.INTENT)
    assert desk.wakes == 1


# --- card terminals -------------------------------------------------------------------------------------------------

ZVT = TerminalIdentity("ZVT", "zvt", "12345678", model="T 100")


def test_a_terminal_is_named_as_one_before_and_after_it_has_said_who_it_is(desk: Station) -> None:
    port = AgentPort(desk.b.book, {KKM: "shtrih", "t1": "zvt"}, terminals={"t1": "place:0123456789abcdef"})
    silent = ClaimedDevice(kkm_id="t1", driver="zvt", device=DeviceClass.TERMINAL)
    assert port.greeting().devices == (ClaimedDevice(kkm_id=KKM, driver="shtrih"), silent)
    port.claim_terminal("t1", ZVT)
    claimed = silent.model_copy(update={"register_serial": "12345678", "model": "ZVT T 100"})
    assert port.greeting().devices[1] == claimed


def test_a_terminal_that_tells_no_id_is_claimed_by_its_place(desk: Station) -> None:
    port = AgentPort(desk.b.book, {"t1": "arcus2"}, terminals={"t1": "place:0123456789abcdef"})
    port.claim_terminal("t1", TerminalIdentity("Ingenico", "arcus2", ""))
    assert port.greeting().devices[0].register_serial == "place:0123456789abcdef"


# --- the log as it is written ---------------------------------------------------------------------------------------


def _watched(desk: Station) -> None:
    desk.connect()
    desk.log.hears()
    desk.log.agrees()
    desk.passed()


def test_what_support_says_of_the_log_reaches_the_desk_also_in_quarantine(desk: Station) -> None:
    desk.connect()
    signed = desk.log.key.signed("log", Log(request_id="rq_1", agent_id=AGENT, lives_s=900, kid=KID))
    assert desk.port.receive(signed, quarantined=True) is None
    assert [ask.request_id for ask in desk.log.watch.asks()] == ["rq_1"]
    assert desk.passed()[-1] == Report(request_id="rq_1", state=ReportState.ASKED)
    assert desk.port.receive(LogStop(request_id="rq_1"), quarantined=True) is None
    assert desk.log.watch.asks() == ()


def test_ten_thousand_lines_put_one_batch_before_a_jobs_message(desk: Station) -> None:
    _watched(desk)
    for n in range(10_000):
        desk.log.writes("flood", fd=n)
    for _ in range(5):  # the link is slow
        desk.log.watch.tick()
    desk.b.offers("j1")
    leaves = [*desk.passed(), *(body for _, _, body in desk.port.outbox(32))]
    place = next(n for n, body in enumerate(leaves) if isinstance(body, Accept))
    before = leaves[:place]
    assert [type(body) for body in before] == [LogLines]
    assert all(len(body.lines) <= LOG_BATCH for body in before if isinstance(body, LogLines))


def test_a_log_is_told_to_nobody_once_its_connection_is_over(desk: Station) -> None:
    _watched(desk)
    desk.log.writes()
    desk.log.watch.tick()
    desk.port.disconnected()
    desk.log.writes()
    desk.connect()
    desk.log.watch.tick()
    told = [type(body) for body in desk.passed()]
    assert LogLines not in told
    assert LogBegan not in told
    assert desk.log.watch.watched() is None
