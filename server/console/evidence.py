"""What a person decides by: what was asked for beside what the device shows, and what may be said about it. Pure.

The cases of doubt are those of the PC's own page; a decision is no command: the device is asked first, and its records
win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from protocol.crm.jobs import JobState
from protocol.crm.outcomes import Decision, SaleChoice
from server.store.models import Job

DONE, NOT_DONE = Decision.DONE.value, Decision.NOT_DONE.value


@dataclass(frozen=True, slots=True)
class Choice:
    """``word``: of the table ``DECISIONS``. ``fd``: whether the number of the document is asked for, and must be."""

    decision: str
    word: str
    fd: str = ""  # "", "may", "must"


@dataclass(frozen=True, slots=True)
class Case:
    """``name``: as support speaks of it. ``ru`` and ``en``: what to look at before deciding."""

    name: str
    ru: str
    en: str
    choices: tuple[Choice, ...]


_IT_IS = Choice(DONE, DONE, "must")
_IT_MAY_BE = Choice(DONE, DONE, "may")
_IT_WAS = Choice(DONE, DONE)
_IT_IS_NOT = Choice(NOT_DONE, NOT_DONE)
_PAPER = ("Посмотрите на последний бумажный чек: это та продажа?", "Look at the last paper receipt: is it this sale?")
_REGISTER = (
    "Касса не отвечает или не читается. Не повторяйте продажу на другой кассе; сверьтесь с кабинетом ОФД.",
    "The register is silent or unreadable. Do not repeat the sale elsewhere; look it up at the OFD.",
)
_CARD = (
    "Не списывайте снова. Сверьте слип, сообщение банка покупателя и кабинет банка.",
    "Do not charge again. Compare the slip, the customer's bank message and the bank's own list.",
)

CASES: Mapping[str, Case] = MappingProxyType(
    {
        "looks_alike": Case("H1", *_PAPER, (_IT_IS, _IT_IS_NOT)),
        "archive_unreadable": Case("H2", *_REGISTER, (_IT_MAY_BE, _IT_IS_NOT)),
        "device_silent": Case("H2", *_REGISTER, (_IT_MAY_BE, _IT_IS_NOT)),
        "fn_replaced": Case(
            "H3",
            "Установлен другой накопитель. Прежнюю продажу ищите в кабинете ОФД по номеру прежнего ФН.",
            "Another fiscal drive is installed. Look for the sale at the OFD under the former drive's number.",
            (_IT_MAY_BE, _IT_IS_NOT),
        ),
        "two_documents": Case(
            "H4",
            "По одной продаже два чека. После решения оформите возврат на лишний.",
            "Two receipts exist for one sale. After the decision make a return of the one too many.",
            (_IT_IS,),
        ),
        "content_differs": Case(
            "H5",
            "Чек есть, но не такой, как просили. После решения нужен чек коррекции.",
            "The receipt exists and is not what was asked for. After the decision a correction is needed.",
            (_IT_IS,),
        ),
        "cash_unclear": Case(
            "H1", "Пересчитайте деньги в ящике.", "Count the cash in the drawer.", (_IT_WAS, _IT_IS_NOT)
        ),
        "shift_unclear": Case(
            "H1", "Посмотрите на последний отчёт кассы.", "Look at the register's last report.", (_IT_WAS, _IT_IS_NOT)
        ),
        "payment_unclear": Case("K", *_CARD, (_IT_WAS, _IT_IS_NOT)),
        "payment_amount_differs": Case("K", *_CARD, (_IT_WAS,)),
        "terminal_changed": Case(
            "K",
            "Подключён другой терминал. Верните прежний: ответ знает только он.",
            "Another terminal is connected. Put the former one back: it alone knows the answer.",
            (_IT_WAS, _IT_IS_NOT),
        ),
        "left_owed": Case(
            "O",
            "Деньги приняты, чека нет, и его решили не пробивать. Оформите чек коррекции и введите его номер.",
            "The money is taken, and it was decided to make no receipt. Make a correction receipt, enter its number.",
            (Choice(DONE, "corrected", "must"),),
        ),
    }
)
"""By the code under which a person is asked."""
_UNKNOWN = Case("H", *_PAPER, (_IT_MAY_BE, _IT_IS_NOT))
_SALE = (
    "Деньги и чек расходятся. Выберите, что делать с этой продажей.",
    "Money and receipt do not agree. Choose what becomes of this sale.",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document of the archive. ``total`` in kopecks."""

    kind: str
    fd: int | None
    at: datetime | None
    total: int | None
    same: bool
    """Its sum is the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a terminal, as it told it."""

    when: str  # approved, after, before
    outcome: str
    amount: int | None
    rrn: str
    card: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the device has shown, read from the job's evidence."""

    case: Case
    code: str
    candidates: tuple[Candidate, ...] = ()
    differences: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    drawer: tuple[str | None, str | None] = (None, None)
    snapshot: int | None = None
    last: str | None = None
    """The code of what the device said last."""


def case_of(row: Job) -> tuple[str, Case]:
    """What a person is asked, and what may be said to it. A sale that waits names its choices itself."""
    if row.state != JobState.HUMAN and row.waits is not None:
        words = tuple(
            Choice(choice, f"{choice}_{row.waits}" if choice == SaleChoice.GO_ON else choice)
            for choice in row.choices or ()
        )
        return row.waits, Case("O", *_SALE, words)
    code = str((row.evidence or {}).get("case") or (row.reason or {}).get("code") or "")
    return code, CASES.get(code, _UNKNOWN)


def shown(row: Job) -> Shown:
    code, case = case_of(row)
    told = row.evidence or {}
    before, after = _object(told.get("before")), _object(told.get("after"))
    return Shown(
        case=case,
        code=code,
        candidates=tuple(_candidate(one, row.total) for one in _list(told.get("candidates"))),
        differences=tuple(str(one) for one in told.get("differences") or ()),
        operations=tuple(
            _operation(when, _object(told.get(when)))
            for when in ("approved", "after", "before")
            if _object(told.get(when)).get("outcome") is not None
        ),
        drawer=(_text(before.get("drawer")), _text(after.get("drawer"))),
        snapshot=_whole(told.get("snapshot")),
        last=_text(told.get("last")),
    )


def _candidate(told: Mapping[str, Any], wanted: int) -> Candidate:
    total = _whole(told.get("total"))
    return Candidate(str(told.get("kind", "")), _whole(told.get("fd")), _moment(told.get("at")), total, total == wanted)


def _operation(when: str, told: Mapping[str, Any]) -> Operation:
    return Operation(
        when,
        str(told["outcome"]),
        _whole(told.get("amount")),
        str(told.get("rrn") or ""),
        str(told.get("card") or ""),
        _moment(told.get("at")),
    )


def _list(value: object) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return str(value) if value is not None else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
