"""A card terminal behind INPAS's service (DualConnector, SmartSale), or one that has the service inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from drivers.errors import InDoubt, NotSent, Refused
from drivers.terminal_api import (
    RUB,
    Attendant,
    CardTerminal,
    Found,
    Means,
    Operation,
    Order,
    Original,
    Outcome,
    Progress,
    ReportKind,
    SettlementResult,
    Slip,
    TerminalCapabilities,
    TerminalIdentity,
    TerminalStatus,
    Totals,
    Transaction,
    Verdict,
)
from drivers.terminals import masking
from drivers.terminals.inpas import judging
from drivers.terminals.inpas.profile import TERMINAL_ID, Profile
from drivers.terminals.inpas.service import Patience, Service
from drivers.terminals.orders import check_order, check_refund, check_void
from drivers.transports.base import Clock
from drivers.transports.http import HttpClient
from drivers.transports.tap import Trace
from protocol.wire.inpas import fields, sbp
from protocol.wire.inpas.fields import Answer

_REQUESTS = UUID("6f9c1b1e-0f53-4c0e-9a2e-5b1f8a4d7c36")
"""Names of QR requests are made of this, the terminal and the reference: a restart finds them again."""
_CARD_IDS = {"rrn": fields.RRN, "auth_code": fields.AUTH_CODE}
_QR_NEEDS = {"sbp_id": fields.AUTH_CODE, "number": fields.RRN}
"""What an original payment is known by, and the fields for it."""
_REPORTS = {ReportKind.SHORT: fields.SHORT_REPORT, ReportKind.FULL: fields.FULL_REPORT}
_ENDS = {
    sbp.End.APPROVED: (Outcome.APPROVED, None),
    sbp.End.DECLINED: (Outcome.DECLINED, "payment_declined"),
    sbp.End.CANCELLED: (Outcome.CANCELLED, "payment_cancelled"),
}


class InpasTerminal(CardTerminal):
    def __init__(self, http: HttpClient, profile: Profile, clock: Clock, trace: Trace | None = None) -> None:
        """``http`` is not overheard by anybody else, its bytes hold card data; ``trace`` hears the fields without."""
        times, qr = profile.times, profile.qr
        self._profile = profile
        self._clock = clock
        self._service = Service(http, clock, trace)
        self._query = Patience(times.query, times.margin)
        self._money = Patience(times.money, times.margin)
        self._settlement = Patience(times.settlement, times.margin)
        self._qr = Patience(qr.request, times.margin)
        longest = max(self._money.whole, qr.life + 2 * self._qr.whole) if profile.can.sbp else self._money.whole
        self.capabilities = TerminalCapabilities(
            finds=profile.can.sbp,
            reverses_last=profile.can.reverse_last,
            partial_refund=True,
            partial_void=profile.can.partial_void,
            void_needs=frozenset({"rrn", "auth_code"}),
            refund_needs=frozenset({"rrn"}),
            means=frozenset({Means.CARD, Means.SBP} if profile.can.sbp else {Means.CARD}),
            reprints=False,
            max_time={"query": self._query.whole, "money": longest, "settlement": self._settlement.whole},
        )

    # --- who is there ------------------------------------------------------------------------------------------------

    def connect(self) -> TerminalIdentity:
        try:
            answer = self._test()
        except InDoubt as error:  # the service alone is there, or something else
            raise NotSent("terminal_offline", error.detail, vendor=error.vendor) from error
        return TerminalIdentity(
            vendor="INPAS",
            interface="inpas",
            terminal_id=answer.text(fields.TERMINAL),
            merchant_id=answer.text(fields.MERCHANT),
        )

    def disconnect(self) -> None:
        """A connection ends with its request."""

    def status(self) -> TerminalStatus:
        answer = self._test()
        good = answer.status in (fields.APPROVED, fields.DONE)
        attention = "payment_no_bank" if answer.status == fields.NO_BANK else "terminal_not_ready"
        return TerminalStatus(
            answer.text(fields.TERMINAL), None if good else attention, None if good else judging.code_of(answer)
        )

    def glance(self) -> TerminalStatus | None:
        """Whether the service is there: its only question asks the bank."""
        self._service.reach()
        return None

    def _test(self) -> Answer:
        """Of the terminal's link with the bank: the only question that moves no money."""
        return self._service.ask(self._request(self._profile.operations.test), self._query)

    # --- money -------------------------------------------------------------------------------------------------------

    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        check_order(order, self.capabilities)
        if order.means is Means.SBP:
            started = {fields.FLAG: str(fields.CREATE_QR), fields.RRN: self._request_id(order)}
            return self._by_qr(Operation.PAYMENT, order, started, self._question(order), attendant)
        return self._operation(Operation.PAYMENT, self._profile.operations.sale, order, {}, attendant)

    def refund(self, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        if order.means is Means.SBP:
            check_refund(order, original, replace(self.capabilities, refund_needs=frozenset(_QR_NEEDS)))
            ids = _known(original, _QR_NEEDS)
            started = {fields.FLAG: str(fields.REFUND_QR), **ids}
            question = {fields.FLAG: str(fields.ASK_REFUND), **ids}
            return self._by_qr(Operation.REFUND, order, started, question, attendant)
        check_refund(order, original, self.capabilities)
        extra = _known(original, _CARD_IDS)
        return self._operation(Operation.REFUND, self._profile.operations.refund, order, extra, attendant)

    def void(self, order: Order, original: Original, attendant: Attendant) -> Transaction:
        if order.means is not Means.CARD:
            raise self._cannot(f"a void of {order.means}: refund it")
        check_void(order, original, self.capabilities)
        extra = _known(original, _CARD_IDS)
        if order.amount != original.amount:
            extra[fields.ORIGINAL_AMOUNT] = str(original.amount)
        return self._operation(Operation.VOID, self._profile.operations.void, order, extra, attendant)

    def reverse_last(self, order: Order, attendant: Attendant) -> Transaction:
        check_order(order, self.capabilities)
        if not self.capabilities.reverses_last or order.means is not Means.CARD:
            raise self._cannot("reverse_last")
        return self._operation(Operation.VOID, self._profile.operations.reversal, order, {}, attendant)

    def _operation(
        self, operation: Operation, code: int, order: Order, extra: Mapping[int, str], attendant: Attendant
    ) -> Transaction:
        request = self._ordered(code, order, extra)
        attendant.progress(Progress.CONNECTING)
        until = self._clock.now() + self._money.whole
        answer = self._service.ask(request, self._money)
        outcome, reason = self._verdict(answer, until)
        return self._told(judging.transaction(answer, outcome, reason, operation), attendant)

    def _verdict(self, answer: Answer, until: float) -> tuple[Outcome, str | None]:
        if answer.status not in judging.OUTCOMES:
            left = max(0.0, until - self._clock.now())
            what, code = f"status {answer.status} is no verdict", judging.code_of(answer)
            raise InDoubt("terminal_bad_reply", what, vendor=code, remaining=left)
        return judging.OUTCOMES[answer.status]

    def _told(self, transaction: Transaction, attendant: Attendant) -> Transaction:
        if transaction.outcome is Outcome.APPROVED:
            verdict = attendant.approved(transaction)
            if verdict is not Verdict.KEEP:
                raise ValueError(f"{verdict}: this terminal does not hold a payment")
        return transaction

    # --- QR codes ----------------------------------------------------------------------------------------------------

    def find(self, order: Order, operation: Operation) -> Transaction | Found:
        """A payment by QR code, whose request has a name of its own. Nothing else can be asked for by what is known of
        an order."""
        if order.means is not Means.SBP or operation is not Operation.PAYMENT or not self._profile.can.sbp:
            return Found.NOTHING
        answer = self._ask_state(order, self._question(order), operation)
        match sbp.hear(answer):
            case sbp.Heard.APPROVED:
                return self._by_qr_told(answer, sbp.End.APPROVED, order, operation)
            case sbp.Heard.DECLINED:
                return self._by_qr_told(answer, sbp.End.DECLINED, order, operation)
        in_progress = answer.text(fields.HOST_CODE) == fields.IN_PROGRESS
        return Found.IN_PROGRESS if in_progress else Found.NOTHING

    def _by_qr(
        self,
        operation: Operation,
        order: Order,
        started: Mapping[int, str],
        question: Mapping[int, str],
        attendant: Attendant,
    ) -> Transaction:
        qr = self._profile.qr
        code = self._profile.operations.sale if operation is Operation.PAYMENT else self._profile.operations.refund
        request = self._ordered(code, order, started)
        attendant.progress(Progress.CONNECTING)
        until = self._clock.now() + qr.life
        answer: Answer | None = self._lived(lambda: self._service.ask(request, self._qr), until)
        course = sbp.Course(qr.pause)
        step = course.answered(answer)
        if step.end is None and operation is Operation.PAYMENT:
            attendant.progress(Progress.SCAN_QR)
        while step.end is None:
            if step.ask:
                answer = self._state_or_none(order, question, operation)
                step = course.answered(answer)
            else:
                self._clock.sleep(step.pause)
                step = course.rested(expired=self._clock.now() >= until)
        if step.end is sbp.End.DOUBT or answer is None:
            raise InDoubt("terminal_no_reply", f"{operation} by QR code: no end within its life")
        return self._told(self._by_qr_told(answer, step.end, order, operation), attendant)

    def _lived(self, ask: Callable[[], Answer], until: float) -> Answer:
        """The answer; a doubt about a QR code lasts as long as the code."""
        try:
            return ask()
        except InDoubt as error:
            error.remaining = max(error.remaining, until - self._clock.now())
            raise

    def _state_or_none(self, order: Order, question: Mapping[int, str], operation: Operation) -> Answer | None:
        """A question that fails is asked again by the course."""
        try:
            return self._ask_state(order, question, operation)
        except (NotSent, InDoubt):
            return None

    def _ask_state(self, order: Order, question: Mapping[int, str], operation: Operation) -> Answer:
        code = self._profile.operations.sale if operation is Operation.PAYMENT else self._profile.operations.refund
        return self._service.ask(self._ordered(code, order, question), self._qr)

    def _question(self, order: Order) -> Mapping[int, str]:
        return {fields.FLAG: str(fields.ASK_SALE), fields.AUTH_CODE: self._request_id(order)}

    def _request_id(self, order: Order) -> str:
        return str(uuid5(_REQUESTS, f"{self._profile.terminal_id}/{order.reference}"))

    def _by_qr_told(self, answer: Answer, end: sbp.End, order: Order, operation: Operation) -> Transaction:
        outcome, reason = _ENDS[end]
        request_id = self._request_id(order) if operation is Operation.PAYMENT else ""
        return judging.transaction(answer, outcome, reason, operation, by_qr=True, request_id=request_id)

    # --- the day -----------------------------------------------------------------------------------------------------

    def settle(self) -> SettlementResult:
        request = self._request(self._profile.operations.settlement, {fields.CURRENCY: RUB})
        answer = self._service.ask(request, self._settlement)
        outcome = self._without_money(answer)
        totals = answer.totals
        return SettlementResult(
            outcome=outcome,
            totals=Totals.UNKNOWN,
            code=judging.code_of(answer),
            text=masking.mask(answer.text(fields.TEXT)),
            count=totals[0] if totals else None,
            amount=totals[1] if totals else None,
            slips=judging.slips(answer),
        )

    def report(self, kind: ReportKind) -> Sequence[Slip]:
        request = self._request(self._profile.operations.report, {fields.MODE: str(_REPORTS[kind])})
        answer = self._service.ask(request, self._settlement)
        if self._without_money(answer) is not Outcome.APPROVED:
            raise Refused("terminal_refused", f"report {kind}", vendor=judging.code_of(answer))
        return judging.slips(answer)

    def _without_money(self, answer: Answer) -> Outcome:
        if answer.status == fields.DONE:
            return Outcome.APPROVED
        return self._verdict(answer, self._clock.now())[0]

    # --- requests ----------------------------------------------------------------------------------------------------

    def _request(self, code: int, extra: Mapping[int, str] | None = None) -> dict[int, str]:
        """Raises ``Refused`` (``terminal_setup``) without the terminal's number, which every request needs."""
        terminal_id = self._profile.terminal_id
        if TERMINAL_ID.fullmatch(terminal_id) is None:
            raise Refused("terminal_setup", "terminal.id of the profile: the terminal's eight digits are missing")
        return {fields.OPERATION: str(code), fields.TERMINAL: terminal_id, **(extra or {})}

    def _ordered(self, code: int, order: Order, extra: Mapping[int, str]) -> dict[int, str]:
        told = {
            fields.AMOUNT: str(order.amount),
            fields.CURRENCY: order.currency,
            fields.REFERENCE: str(order.reference),
        }
        return self._request(code, {**told, **extra})


def _known(original: Original | None, names: Mapping[str, int]) -> dict[int, str]:
    return {number: value for name, number in names.items() if (value := getattr(original, name, ""))}
