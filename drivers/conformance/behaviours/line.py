"""The line: opening, closing, threads, time and noise."""

from __future__ import annotations

import threading
from collections.abc import Callable

from drivers.api import FiscalRegister, SlipText
from drivers.conformance.bench import Fate, Hand, Step
from drivers.conformance.catalogue import Behaviour, behaviour
from drivers.conformance.samples import CASHIER, SALE
from drivers.conformance.stage import Stage

CALLS: tuple[tuple[str, Callable[[FiscalRegister], object]], ...] = (
    ("status", lambda driver: driver.status()),
    ("archive_end", lambda driver: driver.archive_end()),
    ("document", lambda driver: driver.document(1)),
    ("health", lambda driver: driver.health()),
    ("shift_totals", lambda driver: driver.shift_totals()),
    ("cash_counters", lambda driver: driver.cash_counters()),
    ("subtotal", lambda driver: driver.subtotal()),
    ("open_shift", lambda driver: driver.open_shift(*CASHIER)),
    ("close_shift", lambda driver: driver.close_shift(*CASHIER)),
    ("x_report", lambda driver: driver.x_report()),
    ("cash_in", lambda driver: driver.cash_in(100, None)),
    ("cash_out", lambda driver: driver.cash_out(100, None)),
    ("print_slip", lambda driver: driver.print_slip([SlipText("строка")], cut=True)),
    ("print_copy", lambda driver: driver.print_copy()),
    ("open_drawer", lambda driver: driver.open_drawer()),
    ("check_receipt", lambda driver: driver.check_receipt(SALE)),
    ("fill_receipt", lambda driver: driver.fill_receipt(SALE, lambda *_: None)),
    ("close_receipt", lambda driver: driver.close_receipt(SALE)),
    ("cancel_document", lambda driver: driver.cancel_document()),
    ("continue_print", lambda driver: driver.continue_print()),
)


@behaviour("line.before-connect", "before connect every method is NotSent, and not a byte leaves")
def before_connect(stage: Stage) -> None:
    with stage.silent(), stage.unchanged():
        for _, call in CALLS:
            stage.not_sent(lambda call=call: call(stage.driver), "device_offline")  # type: ignore[misc]


@behaviour("line.after-disconnect", "after disconnect every method is NotSent, and not a byte leaves")
def after_disconnect(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    driver.disconnect()
    with stage.silent(), stage.unchanged():
        for _, call in CALLS:
            stage.not_sent(lambda call=call: call(driver), "device_offline")  # type: ignore[misc]


@behaviour("line.disconnect", "disconnect never raises: not connected, connected, twice")
def disconnect(stage: Stage) -> None:
    stage.driver.disconnect()
    stage.connect()
    stage.driver.disconnect()
    stage.driver.disconnect()
    assert stage.connect().register_serial


@behaviour("line.disconnect-unplugged", "disconnect never raises, also when the device is gone", Hand.UNPLUG)
def disconnect_unplugged(stage: Stage) -> None:
    stage.connect()
    stage.hand(Hand.UNPLUG)
    stage.driver.disconnect()


@behaviour("line.disconnect-in-document", "disconnect leaves an open document as it is")
def disconnect_in_document(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.settle()
    with stage.unchanged():
        driver.disconnect()
        driver.connect()


@behaviour("line.unplugged", "a device that is gone: no success and no refusal, in time", Hand.UNPLUG)
def unplugged(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    stage.hand(Hand.UNPLUG)
    with stage.unchanged():
        for call in (driver.status, lambda: driver.open_drawer(), lambda: driver.cash_in(100, None)):
            with stage.in_time():
                verdict = stage.verdict(call)
            assert type(verdict).__name__ in ("NotSent", "InDoubt"), f"{verdict!r} of a device that is not there"


def _silence(name: str, step: Step, call: Callable[[FiscalRegister], object]) -> Behaviour:
    @behaviour(f"line.silent-{name}", f"{name} of a device that falls silent ends in time, not in an answer",
               Fate.SILENCE)  # fmt: skip
    def silence(stage: Stage) -> None:
        driver = stage.at_work()
        stage.fate(step, Fate.SILENCE, seconds=3600)
        with stage.in_time():
            verdict = stage.verdict(lambda: call(driver))
        assert type(verdict).__name__ in ("NotSent", "InDoubt")

    return silence


SILENT = (
    _silence("status", Step.STATUS, lambda driver: driver.status()),
    _silence("document", Step.DOCUMENT, lambda driver: driver.document(1)),
)


def _noise(name: str, call: Callable[[FiscalRegister], object]) -> Behaviour:
    @behaviour(f"line.noise-{name}", f"{name} while only noise comes: one of the verdicts, in time, no answer",
               Hand.NOISE)  # fmt: skip
    def noise(stage: Stage) -> None:
        driver = stage.at_work()
        stage.settle()
        stage.hand(Hand.NOISE)
        with stage.in_time():
            verdict = stage.verdict(lambda: call(driver))
        assert type(verdict).__name__ in ("NotSent", "InDoubt"), f"{verdict!r} out of noise"

    return noise


NOISE = (
    _noise("status", lambda driver: driver.status()),
    _noise("document", lambda driver: driver.document(1)),
    _noise("health", lambda driver: driver.health()),
    _noise("cash_in", lambda driver: driver.cash_in(100, None)),
)


@behaviour("line.another-thread", "a driver made in one thread is used by another, its lane")
def another_thread(stage: Stage) -> None:
    outcome: list[BaseException | None] = []

    def lane() -> None:
        try:
            stage.at_work()
            stage.sell()
            stage.driver.disconnect()
        except BaseException as error:
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=lane)
    thread.start()
    thread.join()
    assert outcome == [None]


@behaviour("line.no-threads", "the driver is synchronous: it has no thread of its own")
def no_threads(stage: Stage) -> None:
    before = set(threading.enumerate())
    stage.at_work()
    stage.sell()
    assert set(threading.enumerate()) <= before


@behaviour("line.no-threads-left", "whatever threads a channel has, disconnect leaves none behind")
def no_threads_left(stage: Stage) -> None:
    before = set(threading.enumerate())
    stage.at_work()
    stage.sell()
    stage.driver.disconnect()
    assert set(threading.enumerate()) <= before


@behaviour(
    "line.progress-may-raise", "an error of the caller's own in on_progress is the caller's: it is not swallowed"
)
def progress_raises(stage: Stage) -> None:
    driver = stage.at_work()

    class Mine(Exception):
        pass

    def fail(_done: int, _of: int) -> None:
        raise Mine

    try:
        driver.fill_receipt(SALE, fail)
    except Mine:
        driver.cancel_document()
        assert stage.truth().receipts == []
        return
    raise AssertionError("the caller's error was swallowed")


@behaviour("line.capabilities", "the capabilities name a longest time for every pace of a command")
def capabilities(stage: Stage) -> None:
    stage.connect()
    told = stage.driver.capabilities
    assert set(told.max_time) >= {"query", "fill", "close", "cancel", "shift", "report"}
    assert all(seconds > 0 for seconds in told.max_time.values())
    assert told.columns > 0
