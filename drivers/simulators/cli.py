"""``kassabridge simulate FAMILY``: a simulated device on a TCP port, or the archive of one as JSON."""

from __future__ import annotations

import argparse
import json
import logging
import re
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.clock import SystemClock
from drivers.simulators.dump import dump
from drivers.simulators.faults import FAULTS, Fault, FaultSpecError, parse
from drivers.simulators.registration import FFD_CODES
from drivers.simulators.store import Store, StoreError

if TYPE_CHECKING:
    from drivers.simulators.shtrih import ShtrihState

FAMILIES = ("shtrih", "atol", "atol-web", "sber", "inpas", "arcus2", "zvt")
BUILT = ("shtrih",)
DEFAULT_PORT = 7778

DESCRIPTION = """\
Run a simulated device that keeps its memory in a file and answers on a TCP port, or print its archive.
It prints one line, {"listening": "tcp:HOST:PORT"}, when it is ready; logs go to stderr; Ctrl+C stops it.
Built so far: shtrih (fiscal register Shtrih-M, FFD 1.2). Nothing here has been compared with hardware.
"""


def _examples() -> str:
    width = max(map(len, FAULTS))
    faults = "\n".join(f"  {name:{width}}  {kind.help}" for name, kind in FAULTS.items())
    return f"""\
examples:
  kassabridge simulate shtrih --listen tcp:127.0.0.1:0 --state register.json --paper paper
  kassabridge simulate shtrih --listen tcp:127.0.0.1:7778 --fault answer-lost:command=FF45
  kassabridge simulate shtrih --state register.json --dump

faults (keys and examples: docs/simulators.md):
{faults}
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Mount the command ``simulate``; ``run`` takes the parsed arguments."""
    parser = subparsers.add_parser(
        "simulate",
        help="run a simulated device, or print its archive",
        description=DESCRIPTION,
        epilog=_examples(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fill_parser(parser)
    parser.set_defaults(run=run)


def fill_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", metavar="FAMILY", help=f"one of {', '.join(FAMILIES)} (built: {', '.join(BUILT)})")
    parser.add_argument(
        "--listen", metavar="ADDR", help="tcp:HOST:PORT or HOST:PORT; port 0 takes a free one (tcp:127.0.0.1:7778)"
    )
    parser.add_argument("--state", metavar="FILE", type=Path, help="the device's memory; made when it does not exist")
    parser.add_argument("--dump", action="store_true", help="print the archive in the state file as JSON and end")
    parser.add_argument("--ffd", choices=sorted(FFD_CODES), default="1.2", help="format of a fresh register (1.2)")
    parser.add_argument("--fault", metavar="SPEC", action="append", default=[], help="a fault; may be repeated")
    parser.add_argument("--paper", metavar="DIR", type=Path, help="write each printed slip there as .txt and .png")
    parser.add_argument(
        "--clock",
        metavar="WHEN",
        default="+0",
        help="what the device's clock shows at the start: 2026-11-22T10:00:00, or an offset: --clock=-2h, +30m, +45",
    )
    parser.add_argument("--seed", metavar="N", type=int, help="seed of a fresh register's numbers (random)")
    parser.add_argument("--print-time", metavar="S", type=float, default=0.02, help="seconds to print a slip (0.02)")
    parser.add_argument(
        "--vat-autoreplace",
        action="store_true",
        help="a fresh register turns VAT 20%% into 22%% by itself (table 17 field 71 = 1)",
    )


def run(args: argparse.Namespace) -> int:
    """0 when stopped or dumped, 2 for wrong use."""
    if args.family not in FAMILIES:
        return _wrong(f"unknown family {args.family!r}; families: {', '.join(FAMILIES)} (built: {', '.join(BUILT)})")
    if args.family not in BUILT:
        return _wrong(f"family {args.family!r} is planned and not built yet; built: {', '.join(BUILT)}")
    try:
        if args.dump:
            return _dump(args.state)
        faults = [parse(text) for text in args.fault]
        host, port = _address(args.listen or f"tcp:127.0.0.1:{DEFAULT_PORT}")
        clock = _clock(args.clock)
        if not 0 <= args.print_time <= 3600:
            return _wrong("--print-time must be seconds from 0 to 3600")
        return _serve(args, faults, host, port, clock)
    except (FaultSpecError, StoreError, ValueError) as error:
        return _wrong(str(error))
    except BrokenPipeError:
        raise  # whoever read our output has gone; the caller knows what to do
    except OSError as error:
        return _wrong(f"cannot listen or write: {error}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m drivers.simulators",
        description=DESCRIPTION,
        epilog=_examples(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fill_parser(parser)
    try:
        return run(parser.parse_args(argv))
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _wrong(text: str) -> int:
    print(f"kassabridge simulate: {text}", file=sys.stderr)
    return 2


def _store(path: Path | None) -> Store[ShtrihState]:
    from drivers.simulators.shtrih import ShtrihState

    return Store(path, ShtrihState)


def _dump(path: Path | None) -> int:
    if path is None:
        return _wrong("--dump needs --state FILE")
    state = _store(path).load()
    if state is None:
        return _wrong(f"there is no state file {path}")
    print(json.dumps({"family": state.family, **dump(state.drive)}, ensure_ascii=False, indent=2))
    return 0


def _serve(args: argparse.Namespace, faults: list[Fault], host: str, port: int, clock: SystemClock) -> int:
    from drivers.simulators.paper import FolderPaper
    from drivers.simulators.shtrih import Options, new_device, new_state
    from drivers.simulators.tcp import TcpServer

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    random = Random(args.seed)
    store = _store(args.state)
    state = store.load()
    if state is None:
        state = new_state(random, clock, ffd=args.ffd, vat_autoreplace=args.vat_autoreplace)
    device = new_device(
        clock,
        random,
        state=state,
        faults=faults,
        paper=FolderPaper(args.paper) if args.paper else None,
        store=store,
        options=Options(print_time=args.print_time),
    )
    with TcpServer(device, clock, host, port) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        shown = "tcp:{}:{}".format(*server.address)
        print(json.dumps({"listening": shown}), flush=True)
        server.serve()
    return 0


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.removeprefix("tcp:").rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"--listen {text!r}: expected tcp:HOST:PORT, for example tcp:127.0.0.1:7778")
    return host, int(port)


def _clock(text: str) -> SystemClock:
    offset = re.fullmatch(r"([+-]\d+)([smhd]?)", text)
    if offset:
        unit = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[offset[2]]
        return SystemClock(timedelta(seconds=int(offset[1]) * unit))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"--clock {text!r}: expected 2026-11-22T10:00:00 or an offset such as -2h") from error
    return SystemClock.starting_at(moment.replace(tzinfo=None))
