"""The bench of the driver ``atol-web``: over the simulated web server with its register in memory, both generations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from random import Random
from types import MappingProxyType
from typing import ClassVar

from drivers.api import FiscalRegister
from drivers.conformance.behaviours.verdicts import ENDS_WITH_ITS_STEP, QUESTIONS
from drivers.conformance.bench import Bench, Fate, Hand, NotOffered, Setting, Step, Truth
from drivers.fiscal.atol_json.runner import QUIET
from drivers.fiscal.atol_web import AtolWebRegister, HttpClient, WebRunner, load_profile
from drivers.simulators.atol_web import Options, WebDevice, WebState, new_state
from drivers.simulators.dump import dump
from drivers.simulators.faults import Fault
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FN_CAPACITY
from drivers.simulators.store import Store
from drivers.transports.base import Clock, Transport
from tests.conformance import atol_wire
from tests.conformance.atol_wire import NO_SUCH_SETTING
from tests.conformance.simulated import EVERYTHING, SMALL_DRIVE, SimulatedDesk, Watched, format_of

TASKS = (
    "open_shift", "close_shift", "x_report", "cash_in", "cash_out", "print_slip", "print_copy", "open_drawer",
    "close_receipt",
)  # fmt: skip


class WatchedWeb(Watched, WebDevice):
    """Commands are what a client asks over HTTP and what the library is asked in the queue; every one passes here."""

    def strikes(self, name: str, code: str) -> Fault | None:
        if name == "mute":
            self.came.append(code)
            if code in self.noisy_at:
                self.noisy_at.remove(code)
                self.noise = True
        return super().strikes(name, code)


class AtolWebDesk(SimulatedDesk):
    CODES = MappingProxyType({
        Step.STATUS: "post-queryDeviceInfo",
        Step.DOCUMENT: "getFnDocument",
        Step.OPEN: "sell",
        Step.LINE: "sell",
        Step.CLOSE: "sell",
        Step.CANCEL: "-",
        Step.OPEN_SHIFT: "openShift",
        Step.CLOSE_SHIFT: "closeShift",
        Step.X_REPORT: "reportX",
        Step.CASH_IN: "cashIn",
        Step.CASH_OUT: "cashOut",
        Step.TEXT: "nonFiscal",
        Step.COPY: "printLastReceiptCopy",
        Step.DRAWER: "openCashDrawer",
        Step.CONTINUE: "continuePrint",
    })  # fmt: skip
    REFUSAL = 71
    GENERATION: ClassVar[int] = 2
    RUNNER: ClassVar[type[WebRunner]] = WebRunner

    def _register(self, transport: Transport, clock: Clock) -> FiscalRegister:
        profile, numbers = replace(load_profile(), generation=self.GENERATION), count(1)
        http = HttpClient(transport, clock, "127.0.0.1:16732")
        runner = self.RUNNER(http, profile, clock, new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}")
        return AtolWebRegister(runner, profile.times, profile.library, cashless_details=True)

    def _device(self, settings: frozenset[Setting], seed: int) -> Watched:
        usual = "1.2" if self.GENERATION == 2 else "1.05"
        state = new_state(
            Random(seed),
            self._clock,
            ffd=format_of(settings, usual),
            tax_systems=1 if Setting.ONE_TAXATION in settings else ALL_TAX_SYSTEMS,
            fn_capacity=SMALL_DRIVE if Setting.SMALL_DRIVE in settings else FN_CAPACITY,
        )
        options = Options(generation=self.GENERATION)
        return WatchedWeb(
            state, self._clock, faults=(), store=Store(None, WebState), options=options, random=Random(seed)
        )

    def truth(self) -> Truth:
        device = self._wire.device
        held = dump(device.state.drive)
        strip = "\n".join(str(row) for row in device.state.printer.strip)
        return Truth(
            identity=held["register"],
            documents=held["documents"],
            shift_open=held["shift"]["open"],
            open_total=self._open_total(device),
            drawer=device.state.register.counters.drawer,
            printed=[slip.text() for slip in device.slips.slips] + ([strip] if strip else []),
            pulses=device.register.drawer_pulses,
        )

    def fate(self, step: Step, fate: Fate, *, nth: int = 1, seconds: float = 0.0) -> str | None:
        if fate is Fate.CUT:
            self._wire.device.inject(Fault("drop", {"command": self.CODES[step], "nth": nth}))
            return None
        if fate is Fate.REFUSED:
            self._wire.device.inject(Fault("fail", {"command": self.CODES[step], "nth": nth, "code": self.REFUSAL}))
            return str(self.REFUSAL)
        return super().fate(step, fate, nth=nth, seconds=seconds)

    def _open_total(self, device: Watched) -> int | None:
        receipt = device.state.register.receipt
        return receipt.sum if receipt else None if device.state.drive.current is None else 0

    def _of_this_make(self, hand: Hand, device: Watched) -> None:
        match hand:
            case Hand.NOT_A_REGISTER:
                device.inject("fail:command=post-queryDeviceInfo,code=404,times=always")
                device.inject("fail:command=getDeviceInfo,code=11,times=always")
            case _:
                raise NotOffered(str(hand))


class FirstGenerationDesk(AtolWebDesk):
    CODES = MappingProxyType({**AtolWebDesk.CODES, Step.STATUS: "getDeviceInfo"})
    GENERATION = 1


@dataclass(frozen=True)
class AtolWebBench(Bench):
    desk: type[AtolWebDesk] = AtolWebDesk

    def make(self, settings: frozenset[Setting]) -> AtolWebDesk:
        return self.desk(settings)


NOT_TOLD = "the task language does not tell what another program has left half printed"
NOBODY_TELLS = "nobody can tell of an open receipt through the web server"
ITS_LIBRARY = "which rates there are follows from the library's version, and the simulated server has a new one"
ASKED_FOR = "a result is asked for: a server that is silent by then has not answered"
MAY_BE_THIS = "the library's word for busy (55) may speak of this very task: it is doubt"
EXEMPT = MappingProxyType({
    **dict.fromkeys(
        (
            "identity.problem-vat20_autoreplace", "identity.problem-tax_by_host", "identity.problem-printing_off",
            "receipt.printing-off", "check.vat20-replaced", "check.tax-by-host",
        ),
        NO_SUCH_SETTING,
    ),
    **{name: atol_wire.EXEMPT[name] for name in ("status.busy", "status.clock-unset")},
    **dict.fromkeys(("identity.problem-vat_rate_missing", "check.vat-missing"), ITS_LIBRARY),
    **dict.fromkeys(("status.foreign-open", "refused.foreign-document"), NOBODY_TELLS),
    **dict.fromkeys(("status.paper-interrupted", "paper.refuses-while-interrupted", "paper.continues"), NOT_TOLD),
    **dict.fromkeys((f"continue_print.{question}" for question, *_ in QUESTIONS), NOT_TOLD),
    **dict.fromkeys((f"{name}.silence-after" for name in ENDS_WITH_ITS_STEP), ASKED_FOR),
    **dict.fromkeys((f"{name}.busy" for name in TASKS), MAY_BE_THIS),
    "doubt.garbage-after-close": "every exchange has a channel of its own: noise on one is asked again on the next",
})  # fmt: skip
EXEMPT_IN_THE_QUEUE = MappingProxyType(
    {**EXEMPT, "doubt.query-repeats": "damage between library and register is the library's to mend; it gives up: 2"}
)
LONGEST = MappingProxyType(dict.fromkeys(Step, QUIET))
"""A task is many commands and may take longer than one of them, which the register ends within this time."""
BENCHES = (
    AtolWebBench("atol-web", "api 2", EVERYTHING, EXEMPT, LONGEST),
    AtolWebBench("atol-web", "api 1", EVERYTHING, EXEMPT_IN_THE_QUEUE, LONGEST, desk=FirstGenerationDesk),
)
