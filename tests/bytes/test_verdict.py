"""The judge is no friend of the agent: each thing that must never be is named when it is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from drivers.errors import InDoubt
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from protocol.crm.job_machine import Known
from tests.bytes.families import FAMILIES, REGISTERS, TERMINALS
from tests.bytes.faulty import Direction, Fault, Strike
from tests.bytes.run import clean_run
from tests.bytes.scenarios import SCENARIOS
from tests.bytes.verdict import violations
from tests.bytes.world import Seen, prepared


@pytest.fixture(scope="module")
def clean() -> Callable[[str], Seen]:
    """``clean(scenario)``: the run without a fault."""
    known: dict[str, Seen] = {}

    def run(name: str) -> Seen:
        if name not in known:
            scenario = SCENARIOS[name]
            with prepared(FAMILIES["shtrih1"], scenario.before, scenario.wanted) as template:
                known[name] = clean_run(template, scenario)
        return known[name]

    return run


def state(known: Known, **outcome: Any) -> Callable[[Seen], Seen]:
    return lambda seen: replace(seen, row=replace(seen.row, state=known, outcome={**seen.row.outcome, **outcome}))


def tag(number: str, value: Any) -> Callable[[Seen], Seen]:
    def change(seen: Seen) -> Seen:
        documents = copy.deepcopy(list(seen.documents))
        documents[-1]["tags"][number] = value
        return replace(seen, documents=documents)

    return change


def also(**document: Any) -> Callable[[Seen], Seen]:
    return lambda seen: replace(seen, documents=[*seen.documents, {**seen.documents[-1], **document}])


def no_document(seen: Seen) -> Seen:
    return replace(seen, documents=[])


def first_document_twice(seen: Seen) -> Seen:
    return replace(seen, documents=[seen.documents[0], *seen.documents])


def printed(*lines: str) -> Callable[[Seen], Seen]:
    return lambda seen: replace(seen, printed="\n".join(lines))


WRONG = [
    ("receipt", also(fd=9), "carried out 2 times"),
    ("receipt", no_document, "a false success"),
    ("receipt", tag("1020", "1.00"), "a false success"),
    ("receipt", tag("1031", "14490.00"), "a false success"),
    ("receipt", tag("1059", []), "a false success"),
    ("receipt", state(Known.DONE, proof={"source": "device", "fd": 2, "fpd": "1"}), "the proof names"),
    ("receipt", state(Known.DONE, proof=None), "the proof names"),
    ("receipt", state(Known.NOT_DONE), "not_done, but carried out"),
    ("receipt", state(Known.NOT_DONE, certainty="unproven"), "not_done, but carried out"),
    ("receipt", state(Known.CANCELLED), "nobody has asked for that"),
    ("receipt", state(Known.HUMAN), "left to a person"),
    ("receipt", state(Known.RESOLVING), "no end"),
    ("receipt", state(Known.ACCEPTED), "no end"),
    ("receipt", lambda seen: replace(seen, in_time=False), "a late end"),
    ("receipt", lambda seen: replace(seen, at_rest=False), "left open"),
    ("receipt", lambda seen: replace(seen, drawer=100), "kopecks in the drawer"),
    ("receipt", lambda seen: replace(seen, error=KeyError("x")), "a foreign exception: KeyError"),
    ("receipt", also(type="close_shift"), "1 documents of type close_shift"),
    ("first_receipt", first_document_twice, "2 documents of type open_shift"),
    ("cash_in", lambda seen: replace(seen, drawer=2 * seen.drawer), "carried out 2 times"),
    ("cash_in", lambda seen: replace(seen, drawer=seen.drawer + 1), "a false success"),
    ("cash_in", lambda seen: replace(seen, drawer=0), "a false success"),
    ("cash_in", state(Known.NOT_DONE), "not_done, but carried out"),
    ("close_shift", no_document, "a false success"),
    ("print_text", printed(), "a false success"),
    ("print_text", printed("Заказ 1042 готов"), "a false success"),
    ("print_text", printed(*["Заказ 1042 готов", "Выдать до 20:00"] * 2), "carried out 2 times"),
    ("print_text", state(Known.NOT_DONE), "not_done, but carried out"),
]


@pytest.mark.parametrize(("name", "happens", "word"), WRONG)
def test_what_must_never_be_is_named(
    clean: Callable[[str], Seen], name: str, happens: Callable[[Seen], Seen], word: str
) -> None:
    well = clean(name)
    assert any(word in wrong for wrong in violations(SCENARIOS[name], well, happens(well)))


RIGHT = [
    ("receipt", lambda seen: state(Known.NOT_DONE)(no_document(seen))),
    ("receipt", tag("1012", "2026-07-01T15:09:00")),  # made a little later
    ("first_receipt", lambda seen: state(Known.NOT_DONE)(replace(seen, documents=seen.documents[:1]))),
    ("cash_in", lambda seen: state(Known.NOT_DONE)(replace(seen, drawer=0))),
    ("cash_in", state(Known.HUMAN)),  # there is no document that could name the job
    ("print_text", state(Known.NOT_DONE, certainty="unproven")),
    ("print_text", lambda seen: state(Known.NOT_DONE)(printed()(seen))),
]


@pytest.mark.parametrize(("name", "happens"), RIGHT)
def test_what_may_be_is_not(clean: Callable[[str], Seen], name: str, happens: Callable[[Seen], Seen]) -> None:
    well = clean(name)
    assert violations(SCENARIOS[name], well, happens(well)) == []


def garbled(name: str) -> Callable[[Seen], Seen]:
    def change(seen: Seen) -> Seen:
        documents = copy.deepcopy(list(seen.documents))
        documents[-1]["tags"]["1059"][0][name] = "Сборкка"
        told = {"tag": int(name), "line": 1, "asked": "Сборка", "stands": "Сборкка"}
        proof = {**seen.row.outcome["proof"], "differs": [told]}
        return replace(seen, documents=documents, row=replace(seen.row, outcome={**seen.row.outcome, "proof": proof}))

    return change


@pytest.mark.parametrize(("name", "forgiven"), [("1030", True), ("1079", False), ("1212", False)])
def test_a_weak_checksum_is_forgiven_a_name_and_nothing_else(
    clean: Callable[[str], Seen], name: str, forgiven: bool
) -> None:
    well = clean("receipt")
    seen = garbled(name)(well)
    assert violations(SCENARIOS["receipt"], well, seen) != []
    assert (violations(SCENARIOS["receipt"], well, seen, texts=False) == []) is forgiven


def test_a_garbled_name_is_forgiven_only_if_the_proof_tells_of_it(clean: Callable[[str], Seen]) -> None:
    well = clean("receipt")
    silent = replace(garbled("1030")(well), row=well.row)
    told = violations(SCENARIOS["receipt"], well, silent, texts=False)
    assert told == ["a garbled name of which the proof says nothing"]


def test_only_families_with_a_checksum_of_eight_bits_are_forgiven() -> None:
    assert {family.name: sorted(family.misses) for family in REGISTERS} == {
        "shtrih1": [Fault.DOUBLE, Fault.INSERT, Fault.LOSE],
        "shtrih2": [],
        "atol-wire": [Fault.DOUBLE, Fault.INSERT, Fault.LOSE],
        "atol-web2": [],
        "atol-web1": [],
    }
    assert {family.name for family in REGISTERS if family.beneath} == {"atol-web2", "atol-web1"}


def test_of_a_terminal_nothing_but_its_names_at_tcp_is_forgiven(paid: Seen) -> None:
    assert {family.name: family.misses == family.beneath != frozenset() for family in TERMINALS} == {
        "zvt": True,
        "zvt-serial": False,
        "inpas": True,
    }
    for change, named in MONEY:
        told = violations(SCENARIOS["payment"], paid, change(paid), texts=False)
        assert (told == []) is ("auth_code" in named)


class Rash(ShtrihRegister):
    """A driver that repeats what may have been executed."""

    def cash_in(self, amount: int, cashier_name: str | None) -> None:
        try:
            super().cash_in(amount, cashier_name)
        except InDoubt:
            self.connect()
            super().cash_in(amount, cashier_name)


def test_a_driver_that_repeats_what_may_have_been_executed_is_caught() -> None:
    """The whole way, once: a lost answer to the command that puts cash into the drawer."""
    profile = load_profile()
    rash = replace(FAMILIES["shtrih1"], driver=lambda transport, clock, _: Rash(transport, profile, clock))
    scenario = SCENARIOS["cash_in"]
    with prepared(rash, scenario.before, scenario.wanted) as template:
        well = clean_run(template, scenario)
        (operate,) = [span for span in well.spans if span.ask == "Operate"]
        assert any(
            "carried out 2 times"
            in violations(scenario, well, template.play(Strike(Direction.IN, position, Fault.CUT)))
            for position in operate.of(Direction.IN)[::3]  # the answer is longer than that
        )


# --- money


@pytest.fixture(scope="module")
def paid() -> Seen:
    scenario = SCENARIOS["payment"]
    with prepared(FAMILIES["zvt"], scenario.before, scenario.wanted) as template:
        return clean_run(template, scenario)


def proof(**told: Any) -> Callable[[Seen], Seen]:
    return lambda seen: state(Known.DONE, proof={**seen.row.outcome["proof"], **told})(seen)


def taken_back(seen: Seen) -> Seen:
    back = {"type": "reversal", "tags": {"origin": "terminal"}}
    return replace(seen, drawer=0, documents=[*seen.documents, {**seen.documents[-1], **back}])


MONEY: list[tuple[Callable[[Seen], Seen], str]] = [
    (lambda seen: replace(no_document(seen), drawer=0), "a false success"),
    (taken_back, "a false success"),
    (first_document_twice, "entries in the bank's book"),
    (lambda seen: replace(first_document_twice(seen), drawer=2 * seen.drawer), "carried out 2 times"),
    (lambda seen: replace(seen, drawer=seen.drawer + 1), "0 rightly"),
    (state(Known.NOT_DONE), "not_done, but carried out 1 times"),
    (state(Known.RESOLVING), "no end"),
    (proof(total="1250.01"), "the proof says device 1250.01"),
    (proof(source="person"), "the proof says person"),
    (proof(auth_code="000000"), "the proof's auth_code is '000000'"),
    (lambda seen: replace(seen, leaked=["2200"]), "1 secrets in the journal or the trace"),
]


@pytest.mark.parametrize(("change", "named"), MONEY)
def test_what_must_never_be_of_money_is_named(paid: Seen, change: Callable[[Seen], Seen], named: str) -> None:
    assert any(named in each for each in violations(SCENARIOS["payment"], paid, change(paid)))


@pytest.mark.parametrize("known", [Known.HUMAN, Known.NOT_DONE])
def test_what_the_terminal_took_back_by_itself_is_not_charged(paid: Seen, known: Known) -> None:
    assert violations(SCENARIOS["payment"], paid, state(known)(taken_back(paid))) == []


def test_a_person_is_asked_of_money_with_and_without_a_charge(paid: Seen) -> None:
    human = state(Known.HUMAN)(paid)
    for seen in (human, replace(no_document(human), drawer=0)):
        assert violations(SCENARIOS["payment"], paid, seen) == []
