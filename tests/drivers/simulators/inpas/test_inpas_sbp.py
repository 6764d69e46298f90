"""SBP at the simulated INPAS terminal: a code is begun, asked for again and again, and paid or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.simulators.inpas import InpasState, new_device
from drivers.simulators.inpas.assembly import store_of
from tests.drivers.simulators.inpas.host import Answer, Host

GUID = "6e0cf1f5-8a7c-4a39-9be2-0d2c3c6f7a11"
IN_PROGRESS, PAID = ("0", "R00"), ("1", "00")


def begin(host: Host, kopecks: int, guid: str = GUID) -> Answer:
    return host.ask(f0=kopecks, f25=1, f53=115, f14=guid)


def state(host: Host, guid: str = GUID) -> Answer:
    return host.ask(f25=1, f53=117, f13=guid)


def paid(host: Host, kopecks: int, guid: str = GUID) -> Answer:
    begin(host, kopecks, guid)
    host.pass_time(2)
    return state(host, guid)


def test_a_code_is_shown_waited_for_and_paid() -> None:
    host = Host()
    assert begin(host, 15_000).said == IN_PROGRESS
    assert state(host).said == IN_PROGRESS
    assert host.entries == []
    host.pass_time(2)
    answer = state(host)
    assert answer.said == PAID
    assert (answer.fields[0], answer.fields[14], answer.fields[13]) == ("15000", GUID, answer.fields[54])
    assert not {10, 11, 12} & set(answer.fields)
    assert host.standings == ["payment 15000 taken"]
    assert host.entries[0].means == "sbp"
    assert host.entries[0].reference == GUID


def test_the_terminal_is_free_for_questions_while_the_customer_pays() -> None:
    host = Host()
    begin(host, 15_000)
    assert host.ask(f25=26).said == ("1", "00")


def test_the_same_guid_begins_nothing_anew() -> None:
    host = Host()
    paid(host, 15_000)
    assert begin(host, 15_000).said == PAID
    host.pass_time(60)
    assert host.standings == ["payment 15000 taken"]


def test_a_guid_that_nobody_has_begun() -> None:
    assert state(Host()).said == ("16", "R11")


@pytest.mark.parametrize(
    ("kopecks", "said", "standing"),
    [
        (1, ("16", "R10"), ["payment 10001 declined"]),
        (2, ("16", "R10"), []),
        (3, ("16", "R11"), []),
        (8, PAID, ["payment 10108 taken"]),
    ],
)
def test_kopecks_steer_codes_too(kopecks: int, said: tuple[str, str], standing: list[str]) -> None:
    host = Host()
    assert paid(host, 10_000 + kopecks).said == said
    assert host.standings == standing


def test_without_the_bank_there_is_no_code() -> None:
    assert begin(Host(), 10_003).said == ("16", "R12")


def test_a_code_that_nobody_pays_ends_after_its_lifetime() -> None:
    host = Host()
    begin(host, 10_004)
    host.pass_time(179)
    assert state(host).said == IN_PROGRESS
    host.pass_time(1)
    assert state(host).said == ("16", "R10")


def test_a_lost_answer_to_the_beginning_is_found_by_the_guid() -> None:
    host = Host("answer-lost:command=sbp")
    assert host.begin(f0=15_000, f25=1, f53=115, f14=GUID) == b""
    host.dial()
    host.pass_time(2)
    assert state(host).said == PAID


def test_a_refund_goes_by_the_ids_of_sbp() -> None:
    host = Host()
    transaction = paid(host, 15_000).fields[13]
    assert host.ask(f0=5_000, f25=29, f53=118, f13=transaction, f14=GUID).said == IN_PROGRESS
    host.pass_time(2)
    asked = host.ask(f25=29, f53=119, f13=transaction, f14=GUID)
    assert (asked.said, asked.fields[0]) == (PAID, "5000")
    assert host.standings == ["payment 15000 refunded", "refund 5000 given"]
    host.ask(f0=10_010, f25=29, f53=118, f13=transaction, f14=GUID)
    host.pass_time(2)
    assert host.ask(f25=29, f53=119, f14=GUID).said == ("16", "R10")
    assert host.ask(f0=100, f25=29, f53=118, f13="other", f14=GUID).said == ("16", "R14")


def test_what_waits_for_the_customers_bank_outlives_power_and_process(tmp_path: Path) -> None:
    host = Host()
    begin(host, 15_000)
    host.device.power_off()
    host.pass_time(2)
    assert host.standings == ["payment 15000 taken"]

    store = store_of(tmp_path / "state.json")
    host = Host()
    begin(host, 20_000)
    store.save(host.device.state)
    kept = store_of(tmp_path / "state.json").load()
    assert isinstance(kept, InpasState)
    device = new_device(host.clock, host.device.random, state=kept)
    host.clock.advance(2)
    device.tick()
    assert [entry.amount for entry in device.state.bank.entries] == [20_000]
