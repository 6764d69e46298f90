"""What an agent's look at a device may say, each fact by itself.

Nothing here may fail for what an agent sends: a fact of the wrong type is dropped, one that nobody knows is ignored.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Short = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
Money = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,15}\.[0-9]{2}$")]
Number = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Seconds = Annotated[int, Field(strict=True, ge=-(10**10), le=10**10)]
Flag = Annotated[bool, Field(strict=True)]
Codes = Annotated[list[Word], Field(max_length=32)]


def _text_only(value: object) -> object:
    if not isinstance(value, str) or not "2000" <= value[:4] <= "2199":
        raise ValueError("a date or time as ISO text, of this age")
    return value


Moment = Annotated[datetime, BeforeValidator(_text_only)]
"""With its offset, or the register's local time without one."""
Day = Annotated[date, BeforeValidator(_text_only)]


class _Facts(BaseModel):
    """Each fact by itself; ``None`` where the register does not say."""

    model_config = ConfigDict(extra="ignore")


class ShiftFacts(_Facts):
    state: Literal["closed", "open", "expired"] | None = None
    number: Number | None = None
    receipts: Number | None = None
    opened_at: Moment | None = None
    age_s: Seconds | None = None
    """By the register's own clock; at the time of asking. ``None`` while no shift is open."""


class DriveFacts(_Facts):
    serial: Short | None = None
    expires: Day | None = None
    days_left: Seconds | None = None
    documents_left: Number | None = None
    registrations_left: Number | None = None
    warnings: Codes = []


class OfdFacts(_Facts):
    unsent: Number | None = None
    first_fd: Number | None = None
    first_at: Moment | None = None


class ClockFacts(_Facts):
    register_at: Annotated[Moment | None, Field(validation_alias=AliasChoices("register", "register_at"))] = None
    drift_s: Seconds | None = None
    """Ahead of the PC's clock."""
    unset: Flag | None = None


class TerminalFacts(_Facts):
    id: Short | None = None
    merchant_id: Short | None = None
    ready: Flag | None = None
    attention: Word | None = None
    """The code of what it wants from a person."""
    vendor: Short | None = None
    settled_at: Moment | None = None
    """Its last settlement that the PC knows of."""


class Facts(_Facts):
    answers: Flag | None = None
    reason: Word | None = None
    """Why it does not answer."""
    model: Short | None = None
    firmware: Short | None = None
    paper: Literal["present", "absent", "interrupted", "resumable"] | None = None
    cover_open: Flag | None = None
    busy: Flag | None = None
    blocked: Word | None = None
    document_open: Flag | None = None
    drawer: Money | None = None
    last_fd: Number | None = None
    shift: ShiftFacts = ShiftFacts()
    fn: DriveFacts = DriveFacts()
    ofd: OfdFacts = OfdFacts()
    clock: ClockFacts = ClockFacts()
    terminal: TerminalFacts = TerminalFacts()
    """Of a card terminal; the register's facts are ``None`` there, and these at a register."""
    setup_problems: Codes = []


def sane(facts: dict[str, Any]) -> tuple[Facts, list[str]]:
    """The facts that are what they should be, and the names of those that are not."""
    wrong: set[tuple[str, ...]] = set()
    try:
        return Facts.model_validate(facts), []
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            name, *inside = detail["loc"]
            nested = isinstance(facts[str(name)], dict) and len(inside) > 0
            wrong.add((str(name), str(inside[0])) if nested else (str(name),))
    kept: dict[str, Any] = {}
    for name, fact in facts.items():
        if (name,) in wrong:
            continue
        if isinstance(fact, dict):
            fact = {inner: value for inner, value in fact.items() if (name, inner) not in wrong}
        kept[name] = fact
    return Facts.model_validate(kept), sorted(".".join(path) for path in wrong)
