"""Unknown outcomes: when the queue stops, what is told meanwhile, how it goes on; a server that dies and comes back."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from drivers.simulators.atol_web import WebState
from drivers.simulators.atol_web.assembly import store_of
from tests.drivers.simulators.atol_web.host import Host, sell

BLOCKING = {
    "connectionError": (1, 2, 3, 4, 15, 241),
    "fnError": (115, 116, 117, 118, 119, 120, 121, 122, 124, 133, 134, 135, 136, 137, 138, 141, 142, 159, 166, 177),
}
NOT_BLOCKING = (5, 12, 16, 44, 45, 52, 55, 66, 68, 73, 80, 81, 123, 139, 140, 148, 501)


def opened(*faults: str, **rest: Any) -> Host:
    host = Host(**rest)
    host.done("openShift")
    for fault in faults:
        host.device.inject(fault)
    return host


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("reason", "code"), [(reason, code) for reason, all_ in BLOCKING.items() for code in all_])
def test_after_these_codes_the_queue_stops_and_looks(reason: str, code: int, when: str) -> None:
    host = opened(f"fail:command=sell,code={code},when={when}")
    host.post(sell(), {"type": "getFnStatus"}, uuid="first")
    host.pass_time(0.5)
    number = host.post({"type": "getShiftStatus"}, uuid="second").json()["number"]
    assert host.standing() == {
        "number": number, "isBlocked": True, "blockedUUID": "first", "blockReason": reason, "canceled": 0, "ready": 1,
    }  # fmt: skip
    assert [each["status"] for each in host.results("first")] == ["blocked", "wait"]
    assert host.results("first")[0]["error"]["code"] == code
    assert host.results("first")[0]["result"] is None
    assert host.results("second")[0]["status"] == "wait"
    assert host.http("DELETE", "/api/v2/requests/first").status == 409
    host.pass_time(1)
    sold, asked = host.results("first")
    if when == "after":
        assert (sold["status"], sold["error"]["code"], asked["status"]) == ("ready", 0, "ready")
        assert sold["result"]["fiscalDocumentNumber"] == host.fd == 3
        assert "fiscalParams" not in sold["result"]
    else:
        assert (sold["status"], sold["error"]["code"], asked["status"]) == ("error", code, "interrupted")
        assert host.fd == 2
    assert host.results("second")[0]["status"] == "ready"
    assert not host.standing()["isBlocked"]


@pytest.mark.parametrize("code", NOT_BLOCKING)
def test_after_other_codes_it_goes_on_and_believes_them(code: int) -> None:
    host = opened(f"fail:command=sell,code={code},when=after")
    told = host.ask(sell())
    assert (told["status"], told["error"]["code"]) == ("error", code)
    assert host.fd == 3
    host.done(sell())


def test_what_leaves_no_document_never_blocks() -> None:
    host = opened("fail:command=cashIn,code=2,when=after")
    told = host.ask("cashIn", cashSum=100)
    assert (told["status"], told["error"]["code"]) == ("error", 2)
    assert host.done("getCashDrawerStatus")["counters"]["cashSum"] == 100


def test_it_stays_blocked_as_long_as_the_register_is_away() -> None:
    host = opened("power:command=sell,off=600")
    host.post(sell(), uuid="sale")
    host.post(sell(), uuid="next")
    for _ in range(5):
        host.pass_time(20, step=1)
        assert host.results("sale")[0]["status"] == "blocked"
        assert host.results("next")[0]["status"] == "wait"
        assert host.standing()["blockReason"] == "connectionError"
    host.pass_time(520, step=10)
    assert host.results("sale")[0]["result"]["fiscalDocumentNumber"] == 3
    assert host.results("next")[0]["result"]["fiscalParams"]["fiscalDocumentNumber"] == 4


def test_a_register_that_is_away_from_the_beginning() -> None:
    host = opened()
    host.device.power_off()
    host.post(sell(), uuid="sale")
    host.pass_time(3)
    assert host.results("sale")[0]["status"] == "blocked"
    host.device.power_on()
    host.pass_time(2)
    assert [host.results("sale")[0][part] for part in ("status", "result")] == ["error", None]
    assert host.fd == 2


def test_another_programs_receipt_is_taken_for_the_own_one() -> None:
    """The server compares numbers; whoever asks it has to compare more."""
    host = opened("fail:command=sell,code=2")
    host.post(sell(55), uuid="sale")
    host.pass_time(0.5)
    assert host.device.register.sell_for_another_program(7_700)
    host.pass_time(1.5)
    assert host.results("sale")[0]["status"] == "ready"
    assert host.results("sale")[0]["result"]["fiscalDocumentNumber"] == 3
    assert host.tags()["1020"] == "77.00"


def test_a_shift_that_was_opened_for_the_receipt_is_taken_for_it() -> None:
    """The receipt was refused after its shift had been opened: one document more, and not the one that was wanted."""
    host = Host("fail:command=sell,code=2,when=after")
    host.post(sell(payments=[{"type": "cash", "sum": 1}]), uuid="sale")
    host.pass_time(2)
    told = host.results("sale")[0]
    assert (told["status"], told["result"]["fiscalDocumentNumber"]) == ("ready", 2)
    assert [document["type"] for document in host.dumped()] == ["registration", "open_shift"]


def test_the_server_waits_while_the_register_still_works() -> None:
    host = opened("restart:command=sell,off=1", "slow:command=sell,seconds=5")
    host.post(sell(), uuid="sale")
    host.pass_time(3)
    assert host.fd == 2
    host.pass_time(4)
    assert host.fd == 3
    host.redial()
    host.pass_time(4)
    assert host.results("sale")[0]["status"] == "ready"


# --- paper ---


def test_paper_that_ends_in_a_receipt_is_a_warning() -> None:
    host = opened(print_time=0.5)
    host.device.inject("paper-out:line=5")
    host.post(sell(), uuid="sale")
    host.pass_time(2)
    told = host.results("sale")[0]
    assert (told["status"], told["result"]["warnings"]) == ("ready", {"notPrinted": True})
    assert told["result"]["fiscalParams"]["fiscalDocumentNumber"] == host.fd == 3
    assert host.done("getDeviceStatus")["deviceStatus"]["paperPresent"] is False
    assert [host.error(sell()), host.error("continuePrint")] == [44, 44]
    host.device.load_paper()
    assert host.error(sell()) == 34
    assert host.done("getDeviceStatus")["deviceStatus"]["blocked"] is True
    host.done("continuePrint")
    host.pass_time(2)
    assert host.paper.slips[-1].name == "3"
    host.done("printLastReceiptCopy")


def test_a_slip_that_is_not_fiscal_fails_with_its_paper() -> None:
    host = opened(print_time=0.5)
    host.device.inject("paper-out:line=2")
    host.post({"type": "cashIn", "cashSum": 10}, uuid="in")
    host.pass_time(2)
    told = host.results("in")[0]
    assert (told["status"], told["error"]["code"], told["result"]) == ("error", 44, None)
    assert host.device.state.register.counters.drawer == 1_000  # and yet the money is counted


def patient() -> Host:
    host = opened(print_time=0.5)
    assert host.http("PUT", "/api/v2/settings", {"blockQueueOnPrintErrors": True}).status == 200
    return host


def test_a_server_told_to_stop_for_paper() -> None:
    host = patient()
    host.device.inject("paper-out:line=5")
    host.post(sell(), uuid="sale")
    for _ in range(3):
        host.pass_time(2)
        assert host.results("sale")[0]["status"] == "blocked"
        assert host.standing()["blockReason"] == "paperError"
        assert host.fd == 3
    host.device.load_paper()
    host.pass_time(2)
    told = host.results("sale")[0]
    assert (told["status"], told["result"]["fiscalParams"]["fiscalDocumentNumber"]) == ("ready", 3)
    assert host.paper.slips[-1].name == "3"


def test_where_no_slip_waits_there_is_nothing_to_stop_for() -> None:
    host = patient()
    host.device.take_paper()
    host.post(sell(), uuid="sale")
    host.pass_time(0.5)
    assert host.standing()["blockReason"] == "paperError"
    host.pass_time(1)
    told = host.results("sale")[0]
    assert (told["status"], told["error"]["code"], host.fd) == ("error", 44, 2)


# --- the server's own death ---


def reborn(host: Host) -> Host:
    """Another process with the same memory, as of now."""
    return Host(state=copy.deepcopy(host.device.state), start=host.clock.now())


def test_requests_outlive_the_server() -> None:
    host = opened()
    host.post(sell(1), uuid="done")
    host.pass_time(1)
    host.post(sell(2), uuid="begun")
    host.post(sell(3), {"type": "getFnStatus"}, uuid="waits")
    other = reborn(host)
    assert other.results("done") == host.results("done")
    assert other.post(sell(), uuid="done").status == 409
    assert other.results("begun")[0]["status"] == "blocked"  # begun is begun: nobody knows
    other.pass_time(3)
    assert (other.results("begun")[0]["status"], other.results("begun")[0]["error"]["code"]) == ("error", 2)
    assert [each["status"] for each in other.results("waits")] == ["ready", "ready"]
    assert [document["tags"].get("1020") for document in other.dumped()[2:]] == ["1.00", "3.00"]


def test_a_task_that_leaves_no_document_is_not_begun_again() -> None:
    host = opened()
    host.post({"type": "cashIn", "cashSum": 5}, {"type": "getFnStatus"}, uuid="in")
    other = reborn(host)
    other.pass_time(1)
    assert [(each["status"], each["error"]["code"]) for each in other.results("in")] == [
        ("error", 15), ("interrupted", 502),
    ]  # fmt: skip


def test_a_blocked_queue_is_blocked_after_the_next_start_and_opens_then() -> None:
    host = opened("power:command=sell,off=600")
    host.post(sell(), uuid="sale")
    host.pass_time(1)
    other = reborn(host)
    assert other.standing()["isBlocked"]
    other.pass_time(1.5)
    assert other.results("sale")[0]["status"] == "ready"


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_file_is_all_that_is_needed(tmp_path: Path, when: str) -> None:
    path = tmp_path / "server.json"
    host = Host(store=store_of(path))
    host.done("openShift")
    host.device.inject(f"restart:command=sell,when={when},off=1000")
    host.post(sell(100.1), {"type": "getFnStatus"}, uuid="sale")
    host.http("PUT", "/api/v2/settings", {"deleteRequestsAfter": 5})
    host.pass_time(1)
    state = store_of(path).load()
    assert state is not None
    assert state == host.device.state
    again = Host(state=state, start=host.clock.now())
    again.pass_time(3)
    assert again.results("sale")[0]["status"] == ("ready" if when == "after" else "error")
    assert again.http("GET", "/api/v2/settings").json()["deleteRequestsAfter"] == 5


def test_a_state_file_of_something_else(tmp_path: Path) -> None:
    from drivers.simulators.atol.assembly import store_of as store_of_wire
    from drivers.simulators.store import StoreError

    path = tmp_path / "server.json"
    host = Host(store=store_of(path))
    host.done("openShift")
    with pytest.raises(StoreError):
        store_of_wire(path).load()
    assert isinstance(store_of(path).load(), WebState)
