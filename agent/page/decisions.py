"""What is asked of a person about a job in doubt, beside what the register shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from agent.config import Language
from agent.desk.decisions import Choice
from agent.desk.service import Deciding
from agent.desk.waiting import Waiting
from agent.jobs.sale_rows import LEFT
from agent.page.gate import Response, Visit
from agent.page.markup import Element, Node, tag
from agent.page.sheet import box, field, form, sheet, table
from agent.page.words import say
from agent.problems import UserError
from agent.tray.text import money
from agent.tray.troubles import to_decide
from agent.tray.words import WORDS as TRAY_WORDS
from agent.tray.words import say as say_as_tray
from protocol.crm.codes import reason
from protocol.crm.messages import StepTold
from protocol.crm.outcomes import Decision, SaleChoice
from protocol.crm.payments import MONEY_PAYLOADS
from protocol.ffd.money import parse_kopecks

PATH = "/decide"


def page(
    waiting: Waiting, visit: Visit, language: Language, *, error: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    sentence, advice = to_decide(waiting.job, language)
    return sheet(
        sentence,
        tag("p", advice) if advice else None,
        box("bad", tag("p", error)) if error else None,
        tag(
            "section",
            tag("article", tag("h2", say("asked_for", language)), *_asked(waiting, language)),
            tag("article", *_evidence(waiting, language)),
            class_="pair",
        ),
        *_deciding(waiting, visit, language, typed or {}),
        language=language,
    )


def settled(language: Language) -> Response:
    return sheet(say("to_decide", language), tag("p", say("no_longer", language)), language=language)


def kept(language: Language) -> Response:
    said = box("good", tag("p", say("decided_next", language)))
    return sheet(say("decided", language), said, tag("p", tag("a", say("at_work", language), href="/")),
                 language=language)  # fmt: skip


def asked(job_id: str, given: Mapping[str, str]) -> Deciding:
    """What the form says. Raises ``UserError``: ``nothing_chosen``, ``fd_needed``."""
    decision, _, how = given.get("choice", "").partition(" ")
    known = {word.value: word for word in (*Decision, *SaleChoice)}
    if decision not in known:
        raise UserError("nothing_chosen", say("pick_one", "ru"), say("pick_one", "en"))
    number = given.get("fd", "").strip()
    if how == "fd" and not (number.isascii() and number.isdigit() and len(number) <= 10):
        raise UserError(
            "fd_needed",
            "Введите номер фискального документа (ФД) с бумажного чека: это число.",
            "Enter the number of the fiscal document (ФД) from the paper receipt: digits only.",
        )
    return Deciding(
        job_id=job_id,
        decision=known[decision],
        person=given.get("person", ""),
        why=given.get("why", ""),
        fd=int(number) if how == "fd" else None,
        pin=given.get("pin") or None,
    )


# --- what was asked for, what is there --------------------------------------------------------------------------------


def _asked(waiting: Waiting, language: Language) -> Iterator[Element]:
    job, plan = waiting.job, waiting.plan
    rows: list[tuple[Node, ...]] = [
        (say("job", language), tag("code", job.job_id)),
        (say("who", language), say("kkm", language, kkm_id=job.kkm_id)),
        (say("kind", language), _kind(job.kind, language)),
    ]
    if plan is not None:
        for line in plan.lines:
            what = f"{line.name}, {_quantity(line.quantity)} × {money(line.price, language)}"
            rows.append((what, money(line.total, language)))
        rows.append((tag("b", say("total", language)), tag("b", money(plan.total, language))))
        paid = asdict(plan.payments).items()
        rows += [(say(f"paid_{way}", language), money(sum_, language)) for way, sum_ in paid if sum_]
    elif job.total is not None:
        rows.append((say("sum", language), tag("b", money(job.total, language))))
    yield table(("", ""), rows)


def _quantity(quantity: Any) -> str:
    return f"{quantity.normalize():f}".replace(".", ",")


def _shown(evidence: Mapping[str, Any], language: Language) -> Iterator[Element]:
    candidates = evidence.get("candidates") or []
    if candidates:
        head = tuple(say(word, language) for word in ("number", "kind", "time", "sum"))
        yield table(head, [_candidate(one, language) for one in candidates])
    for word, name in (("drawer_before", "before"), ("drawer_after", "after")):
        counters = evidence.get(name) or {}
        if counters.get("drawer") is not None:
            yield table(("", ""), [(say(word, language), money(counters["drawer"], language))])
    differences = evidence.get("differences") or []
    if differences:
        yield tag("p", say("differences", language))
        yield tag("ul", [tag("li", tag("code", str(one))) for one in differences])
    if not candidates and not differences and not evidence.get("before"):
        yield tag("p", say("shows_nothing", language))


def _evidence(waiting: Waiting, language: Language) -> Iterator[Element]:
    if waiting.steps:
        yield tag("h2", say("sale_so_far", language))
        yield table(("", "", ""), [_step(step, language) for step in waiting.steps])
    if not waiting.evidence and waiting.steps:
        return
    if not _is_money(waiting):
        yield tag("h2", say("register_shows", language))
        yield from _shown(waiting.evidence, language)
        return
    yield tag("h2", say("terminal_shows", language))
    told = [(word, waiting.evidence.get(name)) for word, name in _LOOKS]
    for word, operation in told:
        if operation:
            yield tag("h3", say(word, language))
            yield table(("", ""), list(_operation(operation, language)))
    if not any(operation for _, operation in told):
        yield tag("p", say("terminal_silent", language))


def _step(told: StepTold, language: Language) -> tuple[Node, ...]:
    sum_ = money(parse_kopecks(told.amount), language) if told.amount is not None else ""
    why = reason(told.reason.code, language=language).text if told.reason is not None else ""
    return _kind(told.step, language), sum_, f"{say(f'step_{told.state.value}', language)} {why}".strip()


_LOOKS = (("said_approved", "approved"), ("last_now", "after"), ("last_before", "before"))


def _is_money(waiting: Waiting) -> bool:
    return waiting.job.kind in MONEY_PAYLOADS or waiting.evidence.get("step") in MONEY_PAYLOADS


def _operation(told: Mapping[str, Any], language: Language) -> Iterator[tuple[Node, ...]]:
    yield say("outcome", language), say(f"outcome_{told['outcome']}", language)
    if told.get("amount") is not None:
        yield say("sum", language), tag("b", money(told["amount"], language))
    for word in ("rrn", "card"):
        if told.get(word):
            yield say(word, language), str(told[word])
    if told.get("at"):
        yield say("time", language), datetime.fromisoformat(told["at"]).strftime("%d.%m.%Y %H:%M")


def _candidate(one: Mapping[str, Any], language: Language) -> tuple[Node, ...]:
    at = one.get("at")
    when = datetime.fromisoformat(at).strftime("%d.%m.%Y %H:%M") if at else ""
    total = one.get("total")
    return (
        tag("b", str(one.get("fd", ""))),
        _kind(str(one.get("kind", "")), language),
        when,
        money(total, language) if isinstance(total, int) else "",
    )


def _kind(kind: str, language: Language) -> str:
    return say_as_tray(kind, language) if kind in TRAY_WORDS else kind


# --- the decision -----------------------------------------------------------------------------------------------------


def _deciding(waiting: Waiting, visit: Visit, language: Language, typed: Mapping[str, str]) -> Iterator[Element]:
    yield tag("h2", say("your_decision", language))
    if not waiting.choices:
        yield box("wait", tag("p", say("no_choice", language)))
        return
    yield form(
        visit,
        f"{PATH}?job={waiting.job.job_id}",
        [
            _choice(choice, language, typed, money=_is_money(waiting), case=waiting.job.case or "")
            for choice in waiting.choices
        ],
        field(say("your_name", language), "person", typed.get("person", ""), required=True, maxlength="100"),
        field(
            say("your_reason", language), "why", typed.get("why", ""),
            hint=say("reason_hint", language), required=True, maxlength="300",
        ),
        field(say("pin", language), "pin", kind="password", hint=say("only_if", language), inputmode="numeric")
        if any(choice.pin for choice in waiting.choices) else None,
        submit=say("send", language),
    )  # fmt: skip


def _choice(choice: Choice, language: Language, typed: Mapping[str, str], *, money: bool, case: str) -> Element:
    value = f"{choice.decision.value} {'fd' if choice.fd else 'pin' if choice.pin else ''}".strip()
    was, was_not = ("went_through", "went_not") if money else ("it_was", "it_is_not")
    if isinstance(choice.decision, SaleChoice):
        word = f"{choice.decision.value}_{case}" if choice.decision is SaleChoice.GO_ON else choice.decision.value
    elif case == LEFT:
        word = "corrected"
    else:
        word = "it_is" if choice.fd else was if choice.decision is Decision.DONE else was_not
    told = (("reads_back", choice.fd and case != LEFT), ("needs_pin", choice.pin))
    hints = [say(hint, language) for hint, needed in told if needed]
    number = tag(
        "input", type="text", name="fd", value=typed.get("fd"), inputmode="numeric", size=10, maxlength=10,
        autocomplete="off",
        aria_label=say("number", language),
    )  # fmt: skip
    return tag(
        "label",
        tag("input", type="radio", name="choice", value=value, checked=typed.get("choice") == value),
        tag("span", say(word, language), number if choice.fd else None),
        tag("small", "; ".join(hints)) if hints else None,
        class_="choice",
    )
