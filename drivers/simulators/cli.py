"""``kassabridge simulate FAMILY``: a simulated device on a port or as a program, or what one remembers."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.simulators.assembly import OPTIONS, Wanted, assemble, family_of, store_of, wanted
from drivers.simulators.families import BUILT
from drivers.simulators.faults import FAULTS
from drivers.simulators.script import KINDS, answer
from drivers.simulators.store import StoreError

if TYPE_CHECKING:
    from drivers.simulators.case import Case
    from drivers.simulators.serving import Port

DESCRIPTION = f"""\
Run a simulated device that keeps its memory in a file, or print its archive.
It prints one line, {{"listening": "tcp:HOST:PORT"}}, when it is ready; logs go to stderr; Ctrl+C stops it.
Families: {"; ".join(f"{name} ({family.title})" for name, family in BUILT.items())}.
Nothing here has been compared with hardware.
"""


def _examples() -> str:
    kinds = [word for words in KINDS.values() for word in words]
    width = max(map(len, [*FAULTS, *kinds]))
    faults = "\n".join(f"  {name:{width}}  {kind.help}" for name, kind in FAULTS.items())
    words = "\n".join(
        f"  of {kind}:\n"
        + "\n".join(f"  {' '.join([name, word.metavar]):{width}}  {word.help}" for name, word in own.items())
        for kind, own in KINDS.items()
    )
    return f"""\
examples:
  kassabridge simulate shtrih --listen tcp:127.0.0.1:0 --state register.json --paper paper
  kassabridge simulate shtrih --listen tcp:127.0.0.1:7778 --fault answer-lost:command=FF45
  kassabridge simulate shtrih --listen pty:/tmp/register --ffd 1.05 --protocol 1
  kassabridge simulate shtrih --state register.json --dump
  kassabridge simulate atol --listen tcp:127.0.0.1:5555 --fault slow:command=4A,seconds=2
  kassabridge simulate sber --listen exe:sc552 --state terminal.json --fault files:command=payment,as=stale
  kassabridge simulate zvt --listen tcp:127.0.0.1:20007 --state terminal.json --fault answer-lost:command=payment

faults (keys and examples: docs/simulators.md, docs/simulator-terminals.md):
{faults}

words of --control, as {{"do": "WORD ARGUMENT"}}:
{words}
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
    parser.add_argument("family", metavar="FAMILY", help=f"one of {', '.join(BUILT)}")
    parser.add_argument(
        "--listen",
        metavar="ADDR",
        help="tcp:HOST:PORT or HOST:PORT, port 0 takes a free one; pty:PATH for a serial port; exe:DIR for a program "
        f"(tcp:127.0.0.1:PORT, {', '.join(f'{each.port} for {name}' for name, each in BUILT.items() if each.port)})",
    )
    parser.add_argument("--baud", metavar="N", help="with pty: the only speed at which the device hears (any)")
    parser.add_argument("--dump", action="store_true", help="print the archive in the state file as JSON and end")
    parser.add_argument(
        "--control", action="store_true", help="take words from stdin, one JSON line each, and answer each on stdout"
    )
    for name, option in OPTIONS.items():
        if option.switch:
            parser.add_argument(f"--{name}", action="store_const", const="yes", help=option.help)
        elif option.repeated:
            parser.add_argument(f"--{name}", metavar=option.metavar, action="append", help=option.help)
        else:
            parser.add_argument(f"--{name}", metavar=option.metavar, help=option.help)


def run(args: argparse.Namespace) -> int:
    """0 when stopped or dumped, 2 for wrong use."""
    try:
        family = family_of(args.family)
        if args.dump:
            return _dump(args.state, family)
        return _serve(args, wanted(_given(args), "--", family))
    except (StoreError, ValueError) as error:
        return _wrong(str(error))
    except BrokenPipeError:
        raise  # whoever read our output has gone; the caller knows what to do
    except OSError as error:
        return _wrong(f"cannot listen or write: {error}")


def _given(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name in OPTIONS:
        value = getattr(args, name.replace("-", "_"))
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield name, each


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


def _dump(path: str | None, family: str) -> int:
    if path is None:
        return _wrong("--dump needs --state FILE")
    state = store_of(Path(path), family).load()
    if state is None:
        return _wrong(f"there is no state file {path}")
    print(json.dumps({"family": state.family, **BUILT[family].dump(state)}, ensure_ascii=False, indent=2))
    return 0


def _serve(args: argparse.Namespace, options: Wanted) -> int:
    from drivers.simulators.control import listen
    from drivers.simulators.serving import Server

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    if BUILT[options.family].program:
        port, device = _program(args.listen or "", args.baud, options)
    else:
        port, device = _link(args.listen or f"tcp:127.0.0.1:{BUILT[options.family].port}", args.baud, options)
    try:
        server = Server(device, options.clock, port)
    except BaseException:
        port.close()
        raise

    def obey(line: str) -> None:
        told = answer(device, line)
        server.settle()
        print(told, flush=True)

    with server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        print(json.dumps({"listening": server.address}, ensure_ascii=False), flush=True)
        if args.control:
            listen(0, lambda line: server.call(lambda: obey(line)))
        server.serve()
    return 0


def _program(text: str, baud: str | None, options: Wanted) -> tuple[Port, Case[Any]]:
    """A program in a folder, and the device behind it."""
    from drivers.simulators.programs.device import ProgramDevice
    from drivers.simulators.programs.port import ExePort

    if not text.startswith("exe:") or text == "exe:" or baud is not None:
        raise ValueError(f"--listen {text!r}: expected exe:DIR, the folder into which the program is put")
    device = assemble(options, extra_byte=False)
    assert isinstance(device, ProgramDevice)
    port = ExePort(Path(text.removeprefix("exe:")))
    try:
        port.furnish(device)
    except BaseException:
        port.close()
        raise
    return port, device


def _link(text: str, baud: str | None, options: Wanted) -> tuple[Port, Case[Any]]:
    """A line, and the device at its end."""
    port = _port(text, baud)
    try:
        return port, assemble(options, extra_byte=port.address.startswith("tcp:"))
    except BaseException:
        port.close()
        raise


def _port(text: str, baud: str | None) -> Port:
    """Listens already. Raises ``ValueError`` for an address of another shape."""
    if text.startswith("pty:"):
        try:
            from drivers.simulators.pseudo_terminal import PtyPort
        except ImportError as error:
            raise ValueError(f"--listen {text!r}: this system has no pseudo-terminals; use tcp:HOST:PORT") from error
        if text == "pty:":
            raise ValueError("--listen 'pty:': expected pty:PATH, for example pty:/tmp/register")
        if baud is not None and not baud.isdecimal():
            raise ValueError(f"--baud {baud!r}: expected a usual speed, for example 115200")
        return PtyPort(Path(text.removeprefix("pty:")), None if baud is None else int(baud))
    if baud is not None:
        raise ValueError("--baud goes with --listen pty:PATH")
    from drivers.simulators.tcp import TcpPort

    host, colon, port = text.removeprefix("tcp:").rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"--listen {text!r}: expected tcp:HOST:PORT or pty:PATH, for example tcp:127.0.0.1:7778")
    return TcpPort(host, int(port))
