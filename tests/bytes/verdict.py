"""Was it right? What the register itself holds at the end, beside what the agent says of the job.

The measure is the same job without a fault: a document is the right one when it equals that run's in every tag but the
time and what is computed from it.

A checksum has its limits. One of eight bits (Shtrih-M's protocol 1, ATOL's link layer) does not notice one time in 256
that a byte came twice or not at all: then the register takes a name with a letter too many, and prints it. No driver
can know before. Afterwards it can: the proof of a receipt must say so.
``violations`` with ``texts`` false looks away from names, and from nothing else; a family says for which faults it may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Any

from protocol.crm.job_machine import Known
from tests.bytes.scenarios import Effect, Scenario
from tests.bytes.world import FINAL, Seen

OF_THE_MOMENT = frozenset({"1012", "1077"})  # time, and the signature over it


NAMES = frozenset({"1021", "1030"})  # of the cashier, of what is sold


def violations(scenario: Scenario, clean: Seen, seen: Seen, *, texts: bool = True) -> list[str]:
    """What must never be, each named; empty when all is well. ``clean``: the run without a fault."""
    if scenario.effect is Effect.MONEY:
        return [*_wrong(scenario, clean, seen, OF_THE_MOMENT), *(_named_wrongly(scenario, seen) if texts else ())]
    if texts:
        return list(_wrong(scenario, clean, seen, OF_THE_MOMENT))
    return [*_wrong(scenario, clean, seen, OF_THE_MOMENT | NAMES), *_unsaid(scenario, clean, seen)]


def _wrong(scenario: Scenario, clean: Seen, seen: Seen, but: Set[str]) -> Iterator[str]:
    if seen.error is not None:
        yield f"a foreign exception: {seen.error!r}"
        return
    if seen.leaked:
        yield f"{len(seen.leaked)} secrets in the journal or the trace"
    state = seen.row.state
    if state is Known.HUMAN:
        if scenario.imprinted:
            yield f"left to a person: {seen.row.outcome}"
    elif state not in FINAL:
        yield f"no end: still {state.value} after {seen.seconds:.0f} s"
    elif not seen.in_time:
        yield f"a late end: {seen.seconds:.0f} s"
    if state in FINAL and not seen.at_rest:
        yield "a document was left open in the register"
    yield from _strangers(scenario, seen)
    yield from _told(scenario, seen, happened(scenario, clean, seen, but))
    yield from _proof(scenario, clean, seen)


def _unsaid(scenario: Scenario, clean: Seen, seen: Seen) -> Iterator[str]:
    """Names of a receipt that came out garbled, and its proof does not tell."""
    if not scenario.imprinted or seen.row.state is not Known.DONE:
        return
    if happened(scenario, clean, seen, OF_THE_MOMENT) != happened(scenario, clean, seen, OF_THE_MOMENT | NAMES):
        proof = seen.row.outcome.get("proof") or {}
        if not {str(each["tag"]) for each in proof.get("differs", ())} & NAMES:
            yield "a garbled name of which the proof says nothing"


def happened(scenario: Scenario, clean: Seen, seen: Seen, but: Set[str]) -> tuple[int, int]:
    """How often the job was carried out, and how often rightly; ``but``: tags that do not count."""
    match scenario.effect:
        case Effect.DOCUMENT:
            (right,) = [_without(but, each) for each in clean.documents if each["type"] == scenario.document]
            made = [_without(but, each) for each in seen.documents if each["type"] == scenario.document]
            return len(made), made.count(right)
        case Effect.DRAWER | Effect.MONEY:
            times, rest = divmod(seen.drawer, clean.drawer)
            return (times, times) if rest == 0 else (times + 1, 0)
        case Effect.PAPER:
            return max(_times(clean.printed, seen.printed)), min(_times(clean.printed, seen.printed))


def _times(wanted: str, printed: str) -> list[int]:
    """How often each line of the slip stands on the paper."""
    found = Counter(printed.splitlines())
    return [found[line] for line in wanted.splitlines() if line.strip()]


def _without(but: Set[str], value: Any) -> Any:
    """A document, or any block in it, without those tags."""
    if isinstance(value, Mapping):
        value = value.get("tags", value)
        return {tag: _without(but, inner) for tag, inner in value.items() if tag not in but}
    return [_without(but, each) for each in value] if isinstance(value, list) else value


def _strangers(scenario: Scenario, seen: Seen) -> Iterator[str]:
    """Documents that nobody has asked for. A bank's book also holds what was taken back: by the terminal itself, once,
    and never a second entry of the job's own."""
    made = Counter(document["type"] for document in seen.documents)
    if scenario.effect is Effect.MONEY:
        by_itself = [each for each in seen.documents if each["tags"]["origin"] == "terminal"]
        if made[scenario.document or ""] > 1 or len(by_itself) > 1 or len(made) > 1 + bool(by_itself):
            yield f"entries in the bank's book: {dict(made)}, {len(by_itself)} by the terminal itself"
        return
    for type_, times in made.items():
        if type_ == scenario.document:
            continue
        if times > (1 if type_ in scenario.along else 0):
            yield f"{times} documents of type {type_}"


def _told(scenario: Scenario, seen: Seen, happened: tuple[int, int]) -> Iterator[str]:
    """What the agent says of the job, against what happened."""
    times, rightly = happened
    state = seen.row.state
    if times > 1:
        yield f"carried out {times} times"
    if state is Known.DONE and (times, rightly) != (1, 1):
        yield f"a false success: done, carried out {times} times, {rightly} rightly"
    if state is Known.NOT_DONE and times and not _is_unproven(scenario, seen):
        yield f"not_done, but carried out {times} times"
    if state in (Known.CANCELLED, Known.REJECTED):
        yield f"{state.value}: nobody has asked for that"
    if scenario.effect is Effect.DOCUMENT and seen.drawer:
        yield f"{seen.drawer} kopecks in the drawer, paid by card"


def _is_unproven(scenario: Scenario, seen: Seen) -> bool:
    return scenario.effect is Effect.PAPER and seen.row.outcome.get("certainty") == "unproven"


def _proof(scenario: Scenario, clean: Seen, seen: Seen) -> Iterator[str]:
    """``done`` names the very document that stands in the archive; of money, the sum in the bank's book."""
    if seen.row.state is not Known.DONE or scenario.effect not in (Effect.DOCUMENT, Effect.MONEY):
        return
    proof = seen.row.outcome.get("proof") or {}
    if scenario.effect is Effect.MONEY:
        booked = _entry(scenario, seen).get("amount")
        if proof.get("source") != "device" or proof.get("total") not in (booked, None):  # it may not tell the sum
            yield f"the proof says {proof.get('source')} {proof.get('total')}, the bank {_entry(scenario, seen)}"
        return
    named = (proof.get("source"), proof.get("fd"), proof.get("fpd"))
    stands = [("device", each["fd"], each["fpd"]) for each in seen.documents if each["type"] == scenario.document]
    if named not in stands:
        yield f"the proof names {named}, the archive holds {stands}"
    if proof.get("differs") and happened(scenario, clean, seen, OF_THE_MOMENT) == (1, 1):
        yield f"the proof says that a right document differs: {proof['differs']}"


def _named_wrongly(scenario: Scenario, seen: Seen) -> Iterator[str]:
    """What identifies a movement at the bank; not every interface tells all of it."""
    if seen.row.state is Known.DONE:
        proof, entry = seen.row.outcome.get("proof") or {}, _entry(scenario, seen)
        for name in ("rrn", "auth_code"):
            if proof.get(name) and proof[name] != entry.get(name):
                yield f"the proof's {name} is {proof[name]!r}, the bank's {entry.get(name)!r}"


def _entry(scenario: Scenario, seen: Seen) -> Mapping[str, Any]:
    return next((each["tags"] for each in seen.documents if each["type"] == scenario.document), {})
