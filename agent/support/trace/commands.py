"""``kassabridge agent trace show|replay``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.console import answer, show
from agent.problems import UserError

if TYPE_CHECKING:
    from agent.config import Config
    from agent.support.trace.record import Trace
    from agent.support.trace.recorded import Difference

Load = Callable[[argparse.Namespace], "Config"]
Options = Callable[[argparse.ArgumentParser], None]


def add_parsers(actions: Any, load: Load, config_and_json: Options) -> None:
    trace = actions.add_parser("trace", help="what was said to a register and by it")
    looks = trace.add_subparsers(metavar="LOOK", required=True)

    shown = looks.add_parser("show", help="a trace in words")
    shown.add_argument("file", metavar="FILE", type=Path, nargs="?", help="a .jsonl of the folder traces or a bundle")
    shown.add_argument("--device", metavar="KKM", help="all that is kept of this device")
    shown.add_argument("--job", metavar="ID", help="only what belongs to this job")
    shown.add_argument("--all", action="store_true", help="with every byte, also ENQ, ACK and the like")
    config_and_json(shown)
    shown.set_defaults(run=lambda args: _show(args, load))

    again = looks.add_parser("replay", help="play a trace again, up to the first difference")
    again.add_argument("file", metavar="FILE", type=Path)
    again.add_argument(
        "--against",
        choices=("simulator", "driver"),
        default="simulator",
        help="the recorded host's side to a fresh simulated register (usual), or the recorded device's side to the "
        "driver as it connects",
    )
    again.add_argument("--state", metavar="F", type=Path, help="memory of the simulated register, copied before use")
    again.add_argument("--json", action="store_true", help="one JSON document on stdout")
    again.set_defaults(run=_replay)


def _show(args: argparse.Namespace, load: Load) -> int:
    from agent.support.trace.showing import as_json, shown
    from agent.support.trace.sources import trace_of_file, traces_of_device

    traces: list[Trace]
    if args.file is not None:
        traces = [trace_of_file(args.file)]
    else:
        config = load(args)
        known = [device.kkm_id for device in config.devices]
        wanted = args.device or (known[0] if len(known) == 1 else None)
        if wanted is None:
            raise UserError(
                "device_not_named",
                f"Укажите файл или --device KKM; есть: {', '.join(known) or '—'}.",
                f"Name a file or --device KKM; there are: {', '.join(known) or '—'}.",
            )
        traces = [trace for _, trace in traces_of_device(config.data_dir, wanted)]
        if not traces:
            raise UserError(
                "no_trace",
                f"Записей обмена с кассой {wanted} нет.",
                f"There is no trace of the register {wanted}.",
                exit_code=1,
            )
    if args.json:
        answer({"traces": [as_json(trace, job=args.job) for trace in traces]})
        return 0
    for trace in traces:
        for line in shown(trace, everything=args.all, job=args.job):
            show(line)
    return 0


def _replay(args: argparse.Namespace) -> int:
    from agent.support.trace.sources import trace_of_file

    trace = trace_of_file(args.file)
    result = _to_driver(trace) if args.against == "driver" else _to_simulator(trace, args.state)
    if args.json:
        answer(result)
    else:
        show(f"Сыграно записей / records played: {result['records']} из / of {result['of']}")
        for name in ("identity", "error"):
            if result.get(name):
                show(f"{name}: {result[name]}")
        difference = result["difference"]
        if difference is None:
            show("Различий нет. / No difference.")
        else:
            show(f"Первое различие, запись / first difference, record {difference['number']}:")
            show(f"  было / was:   {difference['expected']}")
            show(f"  стало / got:  {difference['got']}")
    return 0 if result["difference"] is None and not result.get("error") else 1


def _to_simulator(trace: Trace, state: Path | None) -> dict[str, Any]:
    from agent.support.trace.replay import SIMULATED, replay
    from agent.support.trace.tracing import reader_for
    from drivers.address import parse_address
    from drivers.transports import transport_for
    from drivers.transports.base import LinkError, SystemClock

    driver = trace.header.driver
    if driver not in SIMULATED:
        known = ", ".join(SIMULATED)
        raise UserError(
            "not_replayable",
            f"Запись драйвера {driver!r} сыграть симулятору нельзя; можно: {known}.",
            f"A trace of the driver {driver!r} cannot be played to a simulator; these can: {known}.",
        )
    simulated, clock = SIMULATED[driver], SystemClock()
    with tempfile.TemporaryDirectory(prefix="kassabridge-replay-") as folder:
        memory = Path(folder) / "register.json"
        if state is not None:
            memory.write_bytes(_bytes_of(state))
        address = parse_address(f"sim:{simulated.family}?state={memory}&print-time=0")
        try:
            done = replay(trace, transport_for(address, clock), reader_for(driver), simulated.spoken, clock)
        except LinkError as error:
            raise UserError(
                "simulator_failed",
                f"Симулятор не запустился: {error.detail}.",
                f"The simulator did not start: {error.detail}.",
            ) from None
    return asdict(done)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            "no_state",
            f"Файл {path} не читается: {error.strerror}.",
            f"The file {path} cannot be read: {error.strerror}.",
        ) from None


def _to_driver(trace: Trace) -> dict[str, Any]:
    from agent.support.trace.recorded import RecordedTransport
    from agent.support.trace.tracing import reader_for
    from drivers.address import Address, SetupError, parse_address
    from drivers.errors import DeviceError
    from drivers.registry import Opening, driver_named, open_with
    from drivers.transports.base import Clock
    from drivers.transports.memory import VirtualClock

    driver, clock = trace.header.driver, VirtualClock()
    recorded = RecordedTransport(trace, reader_for(driver), clock)

    def transport(_: Address, __: Clock) -> RecordedTransport:
        return recorded

    result: dict[str, Any] = {"identity": None, "error": None}
    try:
        opening = Opening(parse_address(trace.header.address), clock, transports=transport)
        register = open_with(driver_named(driver), opening)
        try:
            result["identity"] = asdict(register.connect())
        except DeviceError as error:
            result["error"] = str(error)
        register.disconnect()
    except SetupError as error:
        raise UserError(error.code, error.ru, error.en) from None
    return {**result, "records": recorded.played, "of": len(trace.records), "difference": _told(recorded.difference)}


def _told(difference: Difference | None) -> dict[str, Any] | None:
    return asdict(difference) if difference is not None else None
