"""Who answers: ``connect`` and ``disconnect``.

Identity is the terminal's id, as the bank gave it; everything else is only where and how it was last seen.
"""

from __future__ import annotations

from drivers.conformance.terminals.bench import Fate, Hand, Step
from drivers.conformance.terminals.catalogue import Able, behaviour
from drivers.conformance.terminals.stage import Stage
from drivers.errors import DeviceError, InDoubt, NotSent

GONE = ("terminal_offline", "terminal_program_missing")


@behaviour("identity.who-answers", "connect tells the terminal's id and its merchant's, or that it does not say")
def who_answers(stage: Stage) -> None:
    found, truth = stage.connect(), stage.truth()
    assert found.terminal_id in (truth.terminal_id, "")
    assert found.merchant_id in (truth.merchant_id, "")
    assert found.vendor
    assert found.interface


@behaviour("identity.told-with-a-payment", "an id that connect does not tell comes with the first payment")
def told_with_a_payment(stage: Stage) -> None:
    found = stage.connect().terminal_id
    told = stage.pay().terminal_id
    assert stage.truth().terminal_id in (found, told)
    assert {found, told} <= {stage.truth().terminal_id, ""}


@behaviour("identity.moves-nothing", "connect moves no money and closes no day")
def moves_nothing(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    before = stage.truth()
    stage.again()
    stage.connect()
    stage.same_book(before)


@behaviour(
    "identity.nobody", "nobody at the address: NotSent terminal_offline, or terminal_program_missing", Hand.UNPLUG
)
def nobody(stage: Stage) -> None:
    stage.hand(Hand.UNPLUG)
    with stage.paced("query"):
        stage.not_sent(stage.connect, *GONE)


@behaviour("identity.program-missing", "a program that was removed: NotSent terminal_program_missing, of a payment too",
           Hand.NO_PROGRAM, Hand.PROGRAM)  # fmt: skip
def program_missing(stage: Stage) -> None:
    stage.connect()
    stage.hand(Hand.NO_PROGRAM)
    stage.not_sent(stage.pay, "terminal_program_missing")
    stage.restart()
    stage.not_sent(stage.connect, "terminal_program_missing")
    stage.hand(Hand.PROGRAM)
    stage.connect()
    stage.paid()


@behaviour("identity.comes-back", "a terminal that was not there is found when it is", Hand.UNPLUG, Hand.PLUG)
def comes_back(stage: Stage) -> None:
    stage.hand(Hand.UNPLUG)
    stage.not_sent(stage.connect, *GONE)
    stage.hand(Hand.PLUG)
    stage.connect()
    stage.paid()


@behaviour("identity.port-busy", "a port that another program holds: NotSent terminal_port_busy", Hand.OCCUPY)
def port_busy(stage: Stage) -> None:
    stage.hand(Hand.OCCUPY)
    stage.not_sent(stage.connect, "terminal_port_busy")


@behaviour("identity.same-again", "the same terminal is the same after a new connection, and after a restart")
def same_again(stage: Stage) -> None:
    first = stage.connect()
    assert stage.again() == first
    stage.restart()
    assert stage.connect() == first


@behaviour("identity.connect-twice", "connect while connected finds the same terminal, and it pays")
def connect_twice(stage: Stage) -> None:
    first = stage.connect()
    assert stage.connect() == first
    stage.paid()


@behaviour("identity.other-terminal", "another terminal at the address never passes for the first one",
           Hand.OTHER_TERMINAL)  # fmt: skip
def other_terminal(stage: Stage) -> None:
    first = stage.connect().terminal_id or stage.pay().terminal_id
    assert first == stage.truth().terminal_id
    stage.hand(Hand.OTHER_TERMINAL)
    try:
        second = stage.again().terminal_id or stage.pay().terminal_id
    except (NotSent, InDoubt):
        return  # it is asked for by its own id
    assert second == stage.truth().terminal_id != first


@behaviour("identity.noise", "a terminal that says only noise ends connect in time, with a verdict and no identity",
           Hand.NOISE)  # fmt: skip
def noise(stage: Stage) -> None:
    stage.hand(Hand.NOISE)
    with stage.paced("query"):
        verdict: DeviceError | None = stage.verdict(stage.connect)
    assert verdict is not None


@behaviour("identity.busy", "while a payment in doubt is still being worked on, connect is NotSent terminal_busy",
           Able.FINDS, Fate.HANG)  # fmt: skip
def busy(stage: Stage) -> None:
    stage.connect()
    most = stage.driver.capabilities.max_time["money"]
    stage.fate(Step.PAYMENT, Fate.HANG, seconds=most + 600.0)
    stage.in_doubt(stage.pay)
    stage.driver.disconnect()
    stage.not_sent(stage.connect, "terminal_busy")
    stage.restart()
    stage.not_sent(stage.connect, "terminal_busy")
    stage.sleep(1200.0)
    stage.connect()


@behaviour("identity.disconnect", "disconnect never raises: before connect, twice, in trouble", Hand.UNPLUG)
def disconnect(stage: Stage) -> None:
    stage.driver.disconnect()
    stage.connect()
    stage.driver.disconnect()
    stage.driver.disconnect()
    stage.connect()
    stage.hand(Hand.UNPLUG)
    stage.driver.disconnect()
    stage.verdict(stage.connect)
    stage.driver.disconnect()


@behaviour("identity.capabilities", "capabilities say how long a query, an operation and a settlement may take")
def capabilities(stage: Stage) -> None:
    said = stage.driver.capabilities
    assert set(said.max_time) >= {"query", "money", "settlement"}
    assert all(0 < seconds < 3600 for seconds in said.max_time.values())
    assert said.hold >= 0
    assert said.reverses_unacknowledged >= 0
    known = {"rrn", "auth_code", "number", "terminal_id", "at", "sbp_id"}
    assert said.refund_needs | said.void_needs <= known
    assert said.means
