"""What a person at the desk may decide about a job that the register's records do not decide, and with whose word.

A decision is never a command: the lane asks the register first, and a record that contradicts it wins. "It was
not done" lets the receipt be made again, so one person's word is not enough for it; "it was done" is one person's word
where a document number is named, which is read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.jobs import sale_rows
from agent.jobs.deciding import Word
from agent.jobs.transitions import is_final
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from agent.problems import UserError
from protocol.crm.job_machine import Known
from protocol.crm.outcomes import Decision, SaleChoice


@dataclass(frozen=True, slots=True)
class Choice:
    """``fd``: the number of the document must be given. ``pin``: the manager's, too."""

    decision: Word
    fd: bool = False
    pin: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """``name``: of the kind of doubt, as support speaks of it. What the cashier is told: ``agent.tray.words``."""

    name: str
    choices: tuple[Choice, ...]


_ON, _BACK = Choice(SaleChoice.GO_ON), Choice(SaleChoice.GIVE_BACK, pin=True)
_OWED = Choice(SaleChoice.LEAVE_OWED, pin=True)
_IT_IS = Choice(Decision.DONE, fd=True)
_IT_WAS = Choice(Decision.DONE, pin=True)
_IT_IS_NOT = Choice(Decision.NOT_DONE, pin=True)

CASES: Mapping[str, Case] = MappingProxyType(
    {
        "looks_alike": Case("H1", (_IT_IS, _IT_IS_NOT)),
        "archive_unreadable": Case("H2", (_IT_IS, _IT_WAS, _IT_IS_NOT)),
        "device_silent": Case("H2", (_IT_IS, _IT_WAS, _IT_IS_NOT)),
        "fn_replaced": Case("H3", (_IT_WAS, _IT_IS_NOT)),
        "two_documents": Case("H4", (_IT_IS,)),
        "content_differs": Case("H5", (_IT_IS,)),
        "cash_unclear": Case("H1", (_IT_WAS, _IT_IS_NOT)),
        "shift_unclear": Case("H1", (_IT_WAS, _IT_IS_NOT)),
        "payment_unclear": Case("K", (_IT_WAS, _IT_IS_NOT)),
        "payment_amount_differs": Case("K", (_IT_WAS,)),
        "terminal_changed": Case("K", (_IT_WAS, _IT_IS_NOT)),
        "receipt_owed": Case("O", (_ON, _BACK, _OWED)),
        "money_not_returned": Case("O", (_ON, _OWED)),
        "continue_wanted": Case("O", (_ON, _BACK, _OWED)),
        "maybe_charged": Case("O", (_ON, _BACK, _OWED)),
        "maybe_returned": Case("O", (_ON, _BACK, _OWED)),
        "left_owed": Case("O", (_IT_IS,)),
    }
)
"""By the code under which a person was told."""


def case_of(row: JobRow) -> str | None:
    """The code under which a person is asked about a job; ``None`` when nobody is."""
    if row.state is Known.HUMAN:
        told: str | None = (row.outcome.get("evidence") or {}).get("case")
        return told
    return row.sale["waits"] if row.sale is not None and not is_final(row) else None


def asks_a_person(row: JobRow) -> bool:
    return row.part is None and (row.state is Known.HUMAN or case_of(row) is not None)


def offered(tx: Transaction, row: JobRow) -> tuple[Choice, ...]:
    """What may be decided at this PC about a job, as it stands."""
    known = CASES.get(case_of(row) or "")
    if known is None:
        return ()
    able = sale_rows.choices(tx, row)
    return tuple(c for c in known.choices if c.decision in able or not isinstance(c.decision, SaleChoice))


def chosen(case: str | None, decision: Word, *, fd: int | None, pin: bool) -> Choice:
    """The choice that this is. ``pin``: a PIN was given. Raises ``UserError``: ``not_to_decide``, ``fd_needed``,
    ``pin_needed``."""
    known = CASES.get(case or "")
    mine = [choice for choice in known.choices if choice.decision is decision] if known is not None else []
    if not mine:
        raise UserError(
            "not_to_decide",
            "Так решить на этом ПК нельзя: обратитесь в поддержку.",
            "This cannot be decided so at this PC: call support.",
            exit_code=1,
        )
    fitting = [choice for choice in mine if (fd is not None or not choice.fd) and (pin or not choice.pin)]
    if fitting:
        return fitting[0]
    if any(choice.fd for choice in mine) and not pin:
        raise UserError(
            "fd_needed",
            "Введите номер фискального документа (ФД) с бумажного чека.",
            "Enter the number of the fiscal document (ФД) from the paper receipt.",
        )
    raise UserError(
        "pin_needed",
        "Нужен ПИН-код управляющего: одного слова для этого решения мало.",
        "The manager's PIN is needed: one person's word is not enough for this decision.",
    )
