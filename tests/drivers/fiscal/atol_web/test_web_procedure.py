"""The receipt's procedure over the web server: whatever is lost, one receipt or a proof that there is none.

The lane's part is played here: it tells the driver the attempt's name, and tells it again after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Protocol
from uuid import UUID, uuid5

import pytest

from agent.procedures.asks import Answered, Ask, Begin, Fence, NotReady, Wait
from drivers.api import Paper
from drivers.errors import DeviceError, NotSent
from drivers.fiscal.atol_web import AtolWebRegister, HttpClient, WebRunner, load_profile
from drivers.transports.base import Clock
from drivers.transports.memory import VirtualClock
from protocol.crm.job_machine import JobEvent
from protocol.wire.atol import web
from protocol.wire.atol.json_receipt import receipt_task
from tests.bytes.faulty import Direction, Fault, FaultyTransport, Strike
from tests.drivers.fiscal.atol_json.library import Library
from tests.drivers.fiscal.atol_json.test_procedure import Till
from tests.drivers.fiscal.atol_web.server import Server, ServerTransport
from tests.protocol.wire.atol.json_samples import SALE

JOB = UUID("00000000-0000-4000-8000-00000000000a")


class World:
    """A register behind a server, and what a lane does about attempts."""

    def __init__(self, *, generation: int = 2, strike: Strike | None = None) -> None:
        self.clock = VirtualClock()
        self.library = Library(can_cancel=False, ffd="1.2" if generation == 2 else "1.05")
        self.library.receipt = None
        self.library._carried_out("openShift", {"type": "openShift"})
        self.server = Server(self.library, self.clock, generation=generation)
        self.line = FaultyTransport(ServerTransport(self.server, self.clock), self.clock, strike)
        self.register = self.started()
        self.attempt = 0

    def started(self) -> AtolWebRegister:
        """A new process."""
        numbers = count(1)
        http = HttpClient(self.line, self.clock, "127.0.0.1:16732")
        runner = WebRunner(http, load_profile(), self.clock, new_id=lambda: str(uuid5(JOB, f"own {next(numbers)}")))
        return AtolWebRegister(runner, load_profile().times)

    @property
    def name(self) -> str:
        return str(uuid5(JOB, str(self.attempt)))

    @property
    def receipts(self) -> int:
        return len(self.library.documents) - 1


class Place(Protocol):
    """Where a till stands."""

    register: AtolWebRegister
    attempt: int

    @property
    def clock(self) -> Clock: ...

    @property
    def library(self) -> Any: ...

    @property
    def name(self) -> str: ...


class WebTill(Till):
    def __init__(self, world: Place) -> None:
        super().__init__(world.library, world.register)
        self.world = world
        self.asked: list[Ask] = []

    def _answer(self, ask: Ask) -> Answered:
        self.asked.append(ask)
        clock = self.world.clock
        if isinstance(ask, Wait):
            clock.sleep(ask.seconds)
        if isinstance(ask, Begin):
            self.world.attempt += 1
            self.register.attempt(self.world.name)
        answer = super()._answer(ask)
        return Answered(answer.kind, clock.now(), answer.value, answer.reason, answer.remaining)

    def until_made(self) -> list[JobEvent]:
        """The job's attempts, three at most, as the lane goes on; what was committed."""
        for _ in range(3):
            self.register.attempt(None)
            for _ in range(20):
                try:
                    self.register.connect()
                except DeviceError:
                    self.world.clock.sleep(5.0)
                    continue
                end = self.sell()
                if not isinstance(end, NotReady):
                    break
            if self.events[-1] is not JobEvent.PROVEN_NONE:
                return self.events
        return self.events


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def till(world: World) -> WebTill:
    return WebTill(world)


def test_a_sale_is_one_request_and_is_proven(till: WebTill, world: World) -> None:
    assert till.until_made() == [JobEvent.CLOSING, JobEvent.PROVEN]
    assert world.server.posted.count(world.name) == 1
    assert (till.commits[-1].data["document"].fd, world.receipts) == (2, 1)


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("code", [2, 15, 115, 142, 159])
def test_blocked_is_waited_for_and_never_fenced(till: WebTill, world: World, code: int, made: bool) -> None:
    """The server cannot say whether a receipt is open: nothing waits for that, and nothing is cancelled."""
    ends = world.library.after if made else world.library.before
    ends["sell"] = [code]
    began, sleep = world.clock.now(), world.clock.sleep

    def sleep_on(seconds: float) -> None:
        sleep(seconds)
        if world.server.blocked and world.clock.now() > began + 120:
            world.server.unblock(made=made)

    world.clock.sleep = sleep_on  # type: ignore[method-assign]
    events = till.until_made()
    assert events[:2] == [JobEvent.CLOSING, JobEvent.DOUBT]
    assert events[-1] is JobEvent.PROVEN
    assert (JobEvent.PROVEN_NONE in events) != made
    assert world.receipts == 1
    assert not any(isinstance(ask, Fence) for ask in till.asked)
    assert world.clock.now() < began + 240


@pytest.mark.parametrize(
    "losses",
    [[("POST", "answer")], [("POST", "answer"), ("GET", "request"), ("GET", "answer")], [("GET", "answer")] * 3],
)
def test_an_answer_that_is_lost_around_the_one_request_costs_no_doubt(
    till: WebTill, world: World, losses: list[tuple[str, str]]
) -> None:
    _when_sold(world, lambda: world.server.broken.extend(losses))
    assert till.until_made() == [JobEvent.CLOSING, JobEvent.PROVEN]
    assert world.receipts == 1


@pytest.mark.parametrize("how", ["request", "late"])
@pytest.mark.parametrize("then", [[], [("GET", "answer")], [("GET", "answer"), ("POST", "answer")]])
def test_a_request_that_did_not_arrive_costs_an_attempt(
    till: WebTill, world: World, how: str, then: list[tuple[str, str]]
) -> None:
    _when_sold(world, lambda: world.server.broken.extend([("POST", how), *then]))
    began = world.clock.now()
    first, second = [JobEvent.CLOSING, JobEvent.DOUBT, JobEvent.PROVEN_NONE], [JobEvent.CLOSING, JobEvent.PROVEN]
    assert till.until_made() == first + second
    _deliver_late(world.server)
    assert world.receipts == 1
    assert world.clock.now() < began + 10


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("how", ["dies", "died"])
def test_a_server_that_dies_with_the_request_is_asked_when_it_is_back(
    till: WebTill, world: World, method: str, how: str
) -> None:
    _when_sold(world, lambda: world.server.broken.append((method, how)))
    events = till.until_made()
    assert events[:2] == [JobEvent.CLOSING, JobEvent.DOUBT]
    assert events[-1] is JobEvent.PROVEN
    assert events.count(JobEvent.CLOSING) == (2 if (method, how) == ("POST", "died") else 1)
    assert world.receipts == 1


def test_an_attempt_is_settled_by_a_process_that_has_not_seen_it(world: World) -> None:
    """The agent dies with its request still on the way: whoever comes after takes the name."""
    world.attempt = 1
    restarted = world.started()
    restarted.attempt(world.name)
    restarted.connect()
    late = web.request(world.name, [receipt_task(SALE, "1.2", "10.10.8.0")]).encode()
    assert world.server.answer("POST", "/api/v2/requests", late, None)[0] == 409
    assert world.receipts == 0


def test_a_register_that_waits_for_its_server_says_so(world: World) -> None:
    world.register.connect()
    world.server.takes = 30.0
    world.server.answer("POST", "/api/v2/requests", b'{"uuid":"theirs","request":[{"type":"reportX"}]}', None)
    world.server.answer("POST", "/api/v2/requests", b'{"uuid":"theirs2","request":[{"type":"reportX"}]}', None)
    with pytest.raises(NotSent) as caught:
        world.register.status()
    assert caught.value.code == "device_busy"
    world.clock.sleep(100.0)
    assert not world.register.status().busy


def test_paper_that_ran_out_is_owed(till: WebTill, world: World) -> None:
    _when_sold(world, lambda: setattr(world.library, "paper", False))
    till.until_made()
    assert till.events[-1] is JobEvent.PROVEN
    world.register.connect()
    assert world.register.status().paper is Paper.INTERRUPTED


# --- one byte ---------------------------------------------------------------------------------------------------------


def spans() -> tuple[range, range]:
    """Bytes from the request that makes the receipt to the end of the job, out and in."""
    world = World()
    till = WebTill(world)
    marks: list[tuple[int, int]] = []
    _when_sold(world, lambda: marks.append((world.line.sent, world.line.received)))
    till.until_made()
    sent, received = marks[0]
    return range(sent, world.line.sent), range(received, world.line.received)


def struck(fault: Fault, step: int) -> Iterator[Strike]:
    out, into = spans()
    yield from (Strike(Direction.OUT, at, fault) for at in out[::step])
    yield from (Strike(Direction.IN, at, fault) for at in into[::step])


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.DELAY, Fault.LATE])
@pytest.mark.parametrize("generation", [2, 1])
def test_a_byte_that_does_not_arrive_makes_no_second_receipt(fault: Fault, generation: int) -> None:
    """A sample: ``python -m tests.bytes`` tries every byte."""
    for strike in struck(fault, 307):
        world = World(generation=generation, strike=strike)
        till = WebTill(world)
        events = till.until_made()
        assert (events[-1], world.receipts) == (JobEvent.PROVEN, 1), (strike, events)


@pytest.mark.parametrize("fault", [Fault.FLIP, Fault.DOUBLE])
def test_a_damaged_answer_makes_no_second_receipt(fault: Fault) -> None:
    """TCP lets none pass; nothing else protects a body. What goes out damaged is another task, and is not tried."""
    for strike in struck(fault, 173):
        if strike.direction is Direction.OUT:
            continue
        world = World(strike=strike)
        till = WebTill(world)
        events = till.until_made()
        assert (events[-1], world.receipts) == (JobEvent.PROVEN, 1), (strike, events)


# --- means ------------------------------------------------------------------------------------------------------------


def _when_sold(world: World, happens: Any) -> None:
    """Just before the request leaves."""
    close = AtolWebRegister.close_receipt
    once = [happens]

    def then(receipt_: Any) -> Any:
        if once:
            once.pop()()
        return close(world.register, receipt_)

    world.register.close_receipt = then  # type: ignore[method-assign, assignment]


def _deliver_late(server: Server) -> None:
    for method, target, body in server.late:
        server.answer(method, target, body, None)
