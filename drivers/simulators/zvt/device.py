"""A simulated ZVT terminal: its case, and what each command of the cash register begins.

Choices where the text leaves one: what cannot be read is 9A, a wrong password 83, a payment in another currency 6F;
what needs a registration and has none is 6B; a receipt that the terminal does not know, or of another day, is B5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random

from drivers.simulators.bank import Declined, Entry, Kind, Origin, Settlement, Standing
from drivers.simulators.bank.terminal import ALIEN, PACE, Terminal
from drivers.simulators.clock import Clock
from drivers.simulators.faults import Fault, FaultSpecError, parse
from drivers.simulators.line import Connection, Level
from drivers.simulators.store import Store
from drivers.simulators.zvt import codes, commands, messages, procedures
from drivers.simulators.zvt.apdu import ACCEPTED, Apdu, refused
from drivers.simulators.zvt.commands import Asked
from drivers.simulators.zvt.fields import BadData, bcd, digits, tag
from drivers.simulators.zvt.levels import NetworkLevel, SerialLevel
from drivers.simulators.zvt.procedures import Operation
from drivers.simulators.zvt.session import Procedure, Session
from drivers.simulators.zvt.state import Registration, ZvtState, new_state

Begun = tuple[Apdu, Callable[[], Procedure] | None]
NARROWEST, WIDEST, USUAL = 24, 48, 32
"""Characters of a slip's line."""
ON_SERIAL_LINES = frozenset({"checksum", "nak"})
"""Faults of frames, which a network does not have."""
FREE = frozenset({codes.REGISTRATION, codes.STATUS_ENQUIRY, codes.DIAGNOSIS, codes.INITIALISATION, codes.LOG_OFF})
"""Commands that need no registration."""


@dataclass(frozen=True, slots=True)
class Options:
    network: bool = True
    """Bare units; otherwise serial frames."""
    steer: bool = True
    pace: float = PACE
    password: str = ""
    """The only one taken; "": any."""
    vending: bool = False
    unacknowledged: str = "reverse"
    """``later``: a payment whose result nobody acknowledged stays until the next command's number tells (1F1F)."""
    reversed_shows: str = "aborted"
    """``nothing``: of a payment that it took back by itself the terminal tells nothing."""


def new_device(
    clock: Clock,
    random: Random,
    *,
    state: ZvtState | None = None,
    faults: Iterable[Fault | str] = (),
    store: Store[ZvtState] | None = None,
    options: Options | None = None,
) -> ZvtTerminal:
    """A terminal switched on. Without ``state`` a fresh one in roubles."""
    return ZvtTerminal(
        new_state(random) if state is None else state,
        clock,
        random,
        faults=[parse(fault) if isinstance(fault, str) else fault for fault in faults],
        store=Store(None, ZvtState) if store is None else store,
        options=Options() if options is None else options,
    )


class ZvtTerminal(Terminal[ZvtState]):
    ALIEN_FAULTS = ALIEN
    WORDS = frozenset(codes.WORDS.values()) | {"reversal"}

    def __init__(
        self,
        state: ZvtState,
        clock: Clock,
        random: Random,
        *,
        faults: Iterable[Fault],
        store: Store[ZvtState],
        options: Options,
    ) -> None:
        super().__init__(state, clock, store=store, random=random, steer=options.steer, pace=options.pace)
        self.options = options
        self.session = Session(self, network=options.network)
        self._level: Level | None = None
        self._boot()
        self.switched_on(faults)

    # --- the case ---

    def connection(self) -> Connection:
        """One cash register at a time: while a procedure runs for one, another is not let in."""
        self.tick()
        if self.options.network and self.session.running and self.session.linked:
            raise ConnectionRefusedError("the simulated terminal is in a procedure with somebody else")
        line = super().connection()
        self._level = NetworkLevel(line, self) if self.options.network else SerialLevel(line, self)
        return line

    def level_for(self, _line: Connection, _byte: int) -> Level | None:
        """There is one line at a time, and the terminal may be the first to speak on it."""
        return self._level

    def tick(self) -> None:
        self.session.look()
        super().tick()
        self.session.look()

    def forget(self) -> None:
        self.session.forget()

    def power_on(self) -> None:
        if not self.powered:
            super().power_on()
            self._boot()

    def mutes(self, word: str) -> bool:
        return self._muted(word)

    def damages(self, direction: str, word: str) -> bool:
        return self.strikes(f"checksum {direction}", word) is not None

    # --- for procedures ---

    @property
    def sequenced(self) -> bool:
        return self.state.registration is not None and self.state.registration.sequenced

    @property
    def width(self) -> int:
        wanted = 0 if self.state.registration is None else self.state.registration.width
        return min(max(wanted, NARROWEST), WIDEST) if wanted else USUAL

    def closed(self) -> None:
        """What was booked is final."""
        self.state.open = ""
        self.save()

    def take_back(self, entry: Entry, amount: int | None = None) -> None:
        """By itself; nothing to do for what has been brought back meanwhile."""
        with suppress(Declined):
            self.bank.reverse(entry, amount, origin=Origin.TERMINAL)
        self.closed()

    def settle(self, *, mismatch: bool) -> Settlement:
        self.state.bank.mismatch |= mismatch
        done = self.bank.settle()
        self.executed += 1
        self.save()
        return done

    def last_told(self) -> Entry | None:
        """The last transaction as the terminal tells it: its own reversals are none."""
        hidden = self.options.reversed_shows == "nothing"
        state = self.state.bank
        for entry in reversed(state.entries):
            if entry.terminal_id != state.terminal_id:
                return None
            if entry.origin is Origin.TERMINAL:
                continue
            if hidden and messages.result_of(self.bank, entry) == codes.KEY_OR_TIMEOUT:
                continue
            return entry
        return None

    # --- commands ---

    def obey(self, apdu: Apdu) -> Begun:
        """The answer to a command, and the procedure that begins with it."""
        if apdu.code not in codes.WORDS or apdu.code in NOT_COMMANDS:
            return refused(codes.IMPOSSIBLE), None
        try:
            if apdu.code == codes.REGISTRATION:
                return self._register(apdu)
            asked = commands.asked(apdu)
            if asked.password and self.options.password not in ("", asked.password):
                return refused(codes.IMPOSSIBLE), None
            if apdu.code not in FREE and self.state.registration is None:
                return refused(codes.NOT_REGISTERED), None
            return self._begin(apdu.code, asked)
        except BadData:
            return refused(codes.PROTOCOL), None

    def _begin(self, code: int, asked: Asked) -> Begun:
        service = asked.fields.bmps.get(0x03)
        match code:
            case codes.AUTHORISATION | codes.REFUND | codes.REVERSAL:
                return self._money(code, asked)
            case codes.LOG_OFF:
                self.state.registration = None
                self.save()
                return ACCEPTED, None
            case codes.STATUS_ENQUIRY:
                return ACCEPTED, partial(procedures.done, self._standing(service[0] if service else 0), 0.0)
            case codes.REPEAT:
                return ACCEPTED, partial(procedures.repeat, self, service[0] if service else None)
            case codes.END_OF_DAY:
                return ACCEPTED, partial(procedures.settlement, self)
            case codes.SEND_TOTALS | codes.PRINT_TOTALS:
                return ACCEPTED, partial(procedures.report, self, send=code == codes.SEND_TOTALS)
            case codes.INITIALISATION | codes.DIAGNOSIS:
                if code == codes.INITIALISATION:
                    self.state.needs_initialisation = False
                else:
                    self.state.needs_diagnosis = False
                self.save()
        return ACCEPTED, partial(procedures.done, messages.completion(), self.pace)

    def _money(self, code: int, asked: Asked) -> Begun:
        wrong = self._unfit(asked)
        if wrong:
            return refused(wrong), None
        amount = asked.fields.number(0x04)
        if code == codes.REVERSAL:
            number = asked.fields.number(0x87)
            if number is None:
                raise BadData("a receipt number was expected")
            order = Operation("void", Kind.VOID, amount, lambda _: self._void(number, amount), card=False)
            return ACCEPTED, partial(procedures.operation, self, order)
        if not amount:
            return refused(codes.BAD_FIELDS), None
        sync = asked.fields.tag(codes.SYNC)
        self._synchronise(sync)
        refund = code == codes.REFUND
        order = Operation(
            "refund" if refund else "payment",
            Kind.REFUND if refund else Kind.PAYMENT,
            amount,
            lambda booked: self.bank.refund(amount, booked=booked) if refund else self.bank.pay(amount, booked=booked),
            goods_timeout=self._goods_timeout(asked),
            most_results=asked.fields.bmps.get(0x02, b"\0")[0],
            synchronised=sync is not None,
        )
        return ACCEPTED, partial(procedures.operation, self, order)

    def _unfit(self, asked: Asked) -> int:
        """Why no money can be moved now; 0: it can."""
        registration, currency = self.state.registration, asked.fields.number(0x49)
        if currency is not None and currency != int(self.state.currency):
            return codes.WRONG_CURRENCY
        if self.state.needs_diagnosis:
            return codes.DIAGNOSIS_NEEDED
        if self.state.needs_initialisation:
            return codes.IMPOSSIBLE
        if self.state.bank.overdue:
            return codes.SETTLEMENT_NEEDED
        if self.state.bank.card_inside:
            return codes.CARD_INSIDE
        prints_itself = registration is None or not registration.config & codes.PRINTS_PAYMENTS
        return codes.NO_PAPER if prints_itself and not self.state.bank.paper else codes.OK

    def _goods_timeout(self, asked: Asked) -> float:
        """Seconds; of a value above 9 nobody knows how it is written, so it is refused."""
        value = asked.fields.bmps.get(0x01)
        if value is None:
            return codes.GOODS_TIMEOUT
        if not 0 < value[0] < 10:
            raise BadData("a goods time-out from 1 to 9 was expected")
        return float(value[0])

    def _synchronise(self, known: bytes | None) -> None:
        """A cash register that knows of all but the last payment has not got its result."""
        last = self.bank.last()
        if not known or last is None or last.kind is not Kind.PAYMENT or not last.approved:
            return
        if self.bank.standing(last) is Standing.TAKEN and digits(known) == (messages.receipt(last) - 1 or 9999):
            self.take_back(last)

    def _void(self, number: int, amount: int | None) -> Entry:
        for entry in self.bank.today():
            if messages.receipt(entry) == number and entry.kind in (Kind.PAYMENT, Kind.REFUND):
                left = entry.amount - self.bank.returned(entry)
                if amount is not None and left and amount != left:
                    raise procedures.Failed(codes.WRONG_AMOUNT)
                return self.bank.void(entry)
        raise procedures.Failed(codes.NO_REVERSAL)

    def _register(self, apdu: Apdu) -> Begun:
        asked = commands.registration(apdu)
        if self.options.password not in ("", asked.password):
            return refused(codes.IMPOSSIBLE), None
        if asked.currency not in ("", self.state.currency):
            return Apdu(0x84, 0x1E, bytes([codes.WRONG_CURRENCY]) + bcd(int(self.state.currency), 2)), None
        width = asked.fields.tag(codes.WIDTH)
        permitted = asked.fields.all(codes.PERMITTED_COMMAND)
        sequence = asked.fields.tag(codes.SEQUENCE)
        service = asked.fields.bmps.get(0x03)
        self.state.registration = Registration(
            asked.config,
            service[0] if service else 0,
            width[0] if width else 0,
            codes.PRINT_BLOCK.to_bytes(2, "big") in permitted,
            sequence is not None,
        )
        self.session.renumber()
        self.save()
        status = (
            codes.NEEDS_INITIALISATION * self.state.needs_initialisation
            | codes.NEEDS_DIAGNOSIS * self.state.needs_diagnosis
            | codes.VENDING * self.options.vending
        )
        objects = [messages.device(self.state, self._status_byte())] if asked.fields.has_container else []
        if sequence is not None:
            objects.append(tag(codes.SEQUENCE, sequence))
        return ACCEPTED, partial(procedures.done, messages.registered(self.state, status, *objects), 0.0)

    def _standing(self, service: int) -> Apdu:
        status = self._status_byte()
        objects = [messages.device(self.state, status)] if service & codes.SEND_TLV else []
        return messages.standing(status, version=not service & codes.NO_VERSION, objects=objects)

    def _status_byte(self) -> int:
        state = self.state
        if state.needs_initialisation:
            return codes.INITIALISATION_NEEDED
        if state.needs_diagnosis:
            return codes.DIAGNOSIS_NEEDED
        if state.bank.overdue:
            return codes.SETTLEMENT_NEEDED
        if state.bank.card_inside:
            return codes.CARD_INSIDE
        return codes.OK if state.bank.paper else codes.NO_PAPER

    # --- inside ---

    def _boot(self) -> None:
        """What was booked before the power failed and had not been acknowledged."""
        entry = self.bank.find(rrn=self.state.open) if self.state.open else None
        if entry is None:
            return
        if self.options.unacknowledged == "later" and not self.options.vending:
            self.closed()
        else:
            self.take_back(entry)

    def _add_fault(self, fault: Fault) -> None:
        if fault.name in ON_SERIAL_LINES and self.options.network:
            raise FaultSpecError(f"fault {fault.name!r}: a network line has no frames that could come damaged")
        if fault.name == "late" and fault.text("command") != "reversal":
            raise FaultSpecError("fault 'late': only command=reversal, what the terminal takes back by itself")
        super()._add_fault(fault)


NOT_COMMANDS = frozenset({
    codes.INTERMEDIATE, codes.STATUS_INFORMATION, codes.PRINT_LINE, codes.PRINT_BLOCK, codes.COMPLETION, codes.ABORTED,
})  # fmt: skip
"""Of the terminal alone."""
