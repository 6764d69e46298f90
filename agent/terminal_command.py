"""``kassabridge device`` at a card terminal. What moves money is a job: of doubtful outcome it is not repeated, the
terminal is asked what became of it, and the same ``--job-id`` asks again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agent.config import Config
from agent.device_command import explained, fields_of, named_job, show_answer, show_job, wrong_action
from agent.device_payload import DeviceCommand, payload_of
from agent.local_terminal import TerminalBench, till
from drivers.errors import Refused
from drivers.terminal_api import ReportKind, Slip
from drivers.transports.base import Clock
from protocol.crm.jobs import JobKind
from protocol.ffd.money import format_kopecks

MONEY = {"pay": JobKind.PAYMENT, "refund": JobKind.REFUND, "void": JobKind.VOID}
Shown = dict[str, Any]


def run_terminal_command(command: DeviceCommand, config: Config | None, clock: Clock | None = None) -> int:
    """Carry out and print, as ``run_device_command``."""
    if command.action not in (*MONEY, *_ACTIONS):
        raise wrong_action(command, (*_ACTIONS, *MONEY))
    if command.action in MONEY:
        kind, payload, job_id = MONEY[command.action], payload_of(command), named_job(command)

        def work(bench: TerminalBench) -> int:
            return show_job(command, kind, bench.run(kind, job_id, payload))

    else:

        def work(bench: TerminalBench) -> int:
            return show_answer(command, _ACTIONS[command.action](bench, command))

    def carry_out() -> int:
        with till(config, command.driver, command.address, clock=clock) as bench:
            return work(bench)

    return explained(command, carry_out)


def _identity(bench: TerminalBench, _: DeviceCommand) -> Shown:
    return fields_of(bench.terminal.connect())


def _status(bench: TerminalBench, _: DeviceCommand) -> Shown:
    bench.terminal.connect()
    status = bench.terminal.status()
    return {"ready": status.attention is None and not status.busy, **fields_of(status)}


def _last(bench: TerminalBench, _: DeviceCommand) -> Shown:
    bench.terminal.connect()
    last = bench.terminal.last_transaction()
    if last is None:
        return {"outcome": None}
    shown = fields_of(last)
    return shown | {"amount": None if last.amount is None else format_kopecks(last.amount)}


def _settle(bench: TerminalBench, _: DeviceCommand) -> Shown:
    bench.require_no_intent(bench.terminal.connect())
    result = bench.terminal.settle()
    return fields_of(result) | {"amount": None if result.amount is None else format_kopecks(result.amount)}


def _report(bench: TerminalBench, command: DeviceCommand) -> Shown:
    kind = ReportKind.FULL if command.full else ReportKind.SHORT
    bench.terminal.connect()
    if kind not in bench.terminal.capabilities.reports:
        raise Refused("terminal_unsupported", f"report: {kind.value}")
    return _slips(bench.terminal.report(kind))


def _reprint(bench: TerminalBench, _: DeviceCommand) -> Shown:
    bench.terminal.connect()
    return _slips(bench.terminal.reprint_last())


def _slips(slips: Sequence[Slip]) -> Shown:
    return {"slips": [list(slip) for slip in slips]}


_ACTIONS: dict[str, Callable[[TerminalBench, DeviceCommand], Shown]] = {
    "identity": _identity,
    "status": _status,
    "last": _last,
    "settle": _settle,
    "report": _report,
    "reprint": _reprint,
}
