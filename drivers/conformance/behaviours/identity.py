"""Who answers: ``connect``.

Identity is the register's serial; everything else is only where and how it was last seen.
"""

from __future__ import annotations

from drivers.api import Identity
from drivers.conformance.bench import Fate, Hand, Setting, Step
from drivers.conformance.catalogue import Behaviour, behaviour
from drivers.conformance.samples import SALE
from drivers.conformance.stage import Stage
from drivers.errors import DeviceError, InDoubt, NotSent
from protocol.ffd.vat import Vat


@behaviour("identity.who-answers", "connect tells serial, drive, registration number and INN as the device has them")
def who_answers(stage: Stage) -> None:
    found, truth = stage.connect(), stage.truth().identity
    told = (found.register_serial, found.fn_serial, found.registration_number, found.inn, found.ffd)
    assert told == tuple(truth[key] for key in ("serial", "fn", "rnm", "inn", "ffd"))
    assert found.model


def _format(setting: Setting, ffd: str) -> Behaviour:
    @behaviour(f"identity.format-{ffd}", f"a register of format {ffd} is told as such", setting)
    def of_format(stage: Stage) -> None:
        assert stage.connect().ffd == ffd == stage.truth().identity["ffd"]

    return of_format


FORMATS = (_format(Setting.FFD_105, "1.05"), _format(Setting.FFD_11, "1.1"), _format(Setting.FFD_12, "1.2"))


@behaviour("identity.changes-nothing", "connect changes nothing in the device and prints nothing")
def changes_nothing(stage: Stage) -> None:
    with stage.unchanged():
        stage.connect()


@behaviour("identity.nobody", "nobody at the address: NotSent device_offline", Hand.UNPLUG)
def nobody(stage: Stage) -> None:
    stage.hand(Hand.UNPLUG)
    with stage.in_time():
        stage.not_sent(stage.connect, "device_offline")


@behaviour("identity.comes-back", "a register that was not there is found when it is", Hand.UNPLUG, Hand.PLUG)
def comes_back(stage: Stage) -> None:
    stage.hand(Hand.UNPLUG)
    stage.not_sent(stage.connect)
    stage.hand(Hand.PLUG)
    assert stage.connect().register_serial == stage.truth().identity["serial"]


@behaviour("identity.port-busy", "a port that another program holds: NotSent port_busy", Hand.OCCUPY)
def port_busy(stage: Stage) -> None:
    stage.hand(Hand.OCCUPY)
    stage.not_sent(stage.connect, "port_busy")


@behaviour("identity.wrong-device", "another kind of device: NotSent wrong_device, before it is told anything",
           Hand.NOT_A_REGISTER)  # fmt: skip
def wrong_device(stage: Stage) -> None:
    stage.hand(Hand.NOT_A_REGISTER)
    with stage.unchanged():
        stage.not_sent(stage.connect, "wrong_device")


@behaviour("identity.same-again", "the same register is the same after a new connection")
def same_again(stage: Stage) -> None:
    first = stage.connect()
    assert stage.again() == first


@behaviour("identity.connect-twice", "connect while connected opens the channel anew and finds the same register")
def connect_twice(stage: Stage) -> None:
    first = stage.connect()
    assert stage.connect() == first
    assert stage.driver.status().register_serial == first.register_serial


@behaviour("identity.other-register", "another register at the address is told by its own serial", Hand.OTHER_REGISTER)
def other_register(stage: Stage) -> None:
    first = stage.connect()
    stage.hand(Hand.OTHER_REGISTER)
    second = stage.again()
    assert second.register_serial == stage.truth().identity["serial"] != first.register_serial


@behaviour("identity.other-register-behind-open-channel",
           "a register swapped behind an open channel never passes for the first one", Hand.OTHER_REGISTER)  # fmt: skip
def swapped(stage: Stage) -> None:
    first = stage.connect()
    stage.hand(Hand.OTHER_REGISTER)
    try:
        status = stage.driver.status()
    except (NotSent, InDoubt):
        return
    assert status.register_serial == stage.truth().identity["serial"] != first.register_serial


@behaviour("identity.new-drive", "a replaced fiscal drive is seen by status and by connect", Hand.NEW_DRIVE)
def new_drive(stage: Stage) -> None:
    first = stage.connect()
    stage.hand(Hand.NEW_DRIVE)
    fresh = stage.truth().identity
    assert fresh["fn"] != first.fn_serial
    status = stage.driver.status()
    assert (status.register_serial, status.fn_serial) == (first.register_serial, fresh["fn"])
    found = stage.again()
    assert (found.register_serial, found.fn_serial) == (first.register_serial, fresh["fn"])


@behaviour("identity.left-over-answer", "an answer that the device has kept is thrown away or its own command's, never "
           "a new one's", Fate.ANSWER_KEPT)  # fmt: skip
def left_over(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.fate(Step.CLOSE, Fate.ANSWER_KEPT)
    verdict = stage.verdict(lambda: driver.close_receipt(SALE))
    assert verdict is None or isinstance(verdict, InDoubt), f"{verdict!r} of a command that was carried out"
    found = stage.connect()
    assert found.register_serial == stage.truth().identity["serial"]
    status = driver.status()
    assert (status.document_open, status.last_fd) == (False, stage.truth().documents[-1]["fd"])


@behaviour("identity.taxation", "the registered taxation systems are told, or that the register does not tell them",
           Setting.ONE_TAXATION)  # fmt: skip
def taxation(stage: Stage) -> None:
    assert stage.connect().taxation in (1, None)


def _problem(setting: Setting, code: str) -> Behaviour:
    @behaviour(f"identity.problem-{code}", f"a setting that would make wrong documents is told: {code}", setting)
    def problem(stage: Stage) -> None:
        found: Identity = stage.connect()
        assert code in found.setup_problems

    return problem


PROBLEMS = (
    _problem(Setting.VAT20_REPLACED, "vat20_autoreplace"),
    _problem(Setting.VAT22_MISSING, "vat_rate_missing"),
    _problem(Setting.TAX_BY_HOST, "tax_by_host"),
    _problem(Setting.PRINTING_OFF, "printing_off"),
)


@behaviour("identity.no-problems", "a register in order has no problems, but for a rate that its interface lacks")
def no_problems(stage: Stage) -> None:
    found = stage.connect().setup_problems
    assert set(found) <= (set() if Vat.VAT22 in stage.driver.capabilities.rates else {"vat_rate_missing"})


@behaviour(
    "identity.noise", "a device that says only noise ends connect in time, with a verdict and no identity", Hand.NOISE
)
def noise(stage: Stage) -> None:
    stage.hand(Hand.NOISE)
    with stage.in_time(), stage.unchanged():
        verdict: DeviceError | None = stage.verdict(stage.connect)
    assert verdict is not None
