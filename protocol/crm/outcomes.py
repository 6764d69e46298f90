"""What a job ended with: a proof, a reason, the evidence for a person."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Value(BaseModel):
    """A message body: frozen, and a field nobody knows is refused (a dropped fiscal field is worse)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class ProofSource(StrEnum):
    DEVICE = "device"  # read back from the fiscal drive's archive
    PERSON = "person"  # a named person decided


class Differs(Value):
    """A word of the document that is not what was asked for; its sums, rates and payments are. ``line``: of tag 1059,
    the first is 1."""

    tag: int
    line: int | None
    asked: Any
    stands: Any


class Proof(Value):
    """Why ``done`` is true. Money as decimal roubles in text; ``printed_at`` with offset."""

    source: ProofSource
    fn: str | None = None
    fd: int | None = None
    fpd: str | None = None
    shift: int | None = None
    receipt_in_shift: int | None = None
    printed_at: AwareDatetime | None = None
    total: str | None = None
    drawer: str | None = None
    qr: str | None = None
    register_serial: str | None = None
    registration_number: str | None = None
    vat: dict[str, str] | None = None
    """VAT by rate as the archive shows it, keyed by the rate's name; the turnover for ``vat0`` and ``none``."""
    change: str | None = None
    differs: tuple[Differs, ...] = ()
    """Not empty: the receipt is made, and somebody should look whether what its words say can stay."""
    document_number: int | None = None
    """The register's own running number of a document without a fiscal sign (cash in, cash out)."""
    terminal_id: str | None = None
    """From here to ``sbp_id``: of money at a card terminal, as the terminal itself says. ``total`` is the sum."""
    merchant_id: str | None = None
    rrn: str | None = None
    auth_code: str | None = None
    number: str | None = None
    card: str | None = None
    """Masked: at most the last four digits."""
    card_system: str | None = None
    sbp_id: str | None = None
    person: str | None = None
    person_reason: str | None = None
    verified: bool | None = None
    """With ``source = person``: whether the device's records were read and agree."""


class Reason(Value):
    """Why a job is where it is. ``code`` decides; the words are from the table in ``codes``."""

    code: str
    text: str
    advice: str
    safe_to_repeat: bool
    vendor: str | None = None
    detail: str | None = None
    params: dict[str, Any] = {}


class Paper(StrEnum):
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOT_WANTED = "not_wanted"


class Decision(StrEnum):
    """What a person decides of a job that the records do not decide."""

    DONE = "done"
    NOT_DONE = "not_done"


class SaleChoice(StrEnum):
    """What a person chooses for a sale that waits."""

    GO_ON = "go_on"  # begin the next charge after a restart, try the receipt again, try the undoing again
    GIVE_BACK = "give_back"  # what was charged; the receipt is proven not to be made
    LEAVE_OWED = "leave_owed"  # for a correction receipt
