"""``kassabridge``: the commands. Answers go to stdout (with ``--json`` one JSON document), progress and logs to stderr.

Exit codes: 0 good, 1 the checked thing is not good, 2 wrong use or bad input. A command imports what it needs when it
runs, so that ``--help`` and the agent's start stay fast.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.console import answer, show, speak_utf8, tell
from agent.problems import UserError
from drivers.hosts import VENDOR_HOST

if TYPE_CHECKING:
    from agent.config import Config

PROG = "kassabridge"


def main(argv: Sequence[str] | None = None, *, alert: Callable[[str], object] | None = None) -> int:
    """Run one command; its exit code. ``alert`` is given the words of a refusal: for a program without stderr."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == [VENDOR_HOST]:  # a frozen agent is its own vendor host
        from drivers.hosts.__main__ import main as host

        return host(given[1:])
    speak_utf8()
    args = build_parser(with_simulators="simulate" in given[:1]).parse_args(given)
    try:
        code: int = args.run(args)
        return code
    except UserError as error:
        if getattr(args, "json", False):
            answer({"error": error.as_dict()})
        tell(str(error))
        if alert is not None:
            alert(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader (``| head``) has gone; nobody is left to tell
        return 0


# --- the parser -----------------------------------------------------------------------------------------------------


def build_parser(*, with_simulators: bool = True) -> argparse.ArgumentParser:
    """The whole parser; without ``with_simulators`` the simulators are listed but not imported."""
    from agent.version import VERSION

    parser = argparse.ArgumentParser(
        prog=PROG,
        description="Агент между облачной CRM и кассой этого ПК. / Between a cloud CRM and this PC's fiscal register.",
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_agent(commands)
    _add_device(commands)
    _add_discover(commands)

    from agent import drivers_command

    drivers_command.add_parser(commands)
    if with_simulators:
        from drivers.simulators import cli as simulate

        simulate.add_parser(commands)
    else:
        commands.add_parser("simulate", help="run a simulated device, or print its archive")
    return parser


_Commands = Any  # argparse names the type of its subparsers privately


def _add_demo(commands: _Commands) -> None:
    parser = commands.add_parser(
        "demo", help="server, agent and a simulated register; prints example receipts with their proofs"
    )
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl+C")
    _json(parser)
    parser.set_defaults(run=_demo)


def _add_agent(commands: _Commands) -> None:
    parser = commands.add_parser("agent", help="run, pair, look into the journal")
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    run = actions.add_parser("run", help="keep the link to the server and serve the registers")
    run.add_argument("--no-tray", action="store_true", help="without the icon beside the clock")
    run.add_argument(
        "--setup", action="store_true", help="a PC that is not paired yet is shown how to be; it need not be configured"
    )
    _config(run)
    run.set_defaults(run=_agent_run)

    pair = actions.add_parser("pair", help="pair this PC by the line that the CRM shows")
    pair.add_argument("line", metavar="LINE", help="https://<server>/pair/<CODE>")
    _config(pair)
    _json(pair)
    pair.set_defaults(run=_agent_pair)

    journal = actions.add_parser("journal", help="what this agent has done")
    looks = journal.add_subparsers(metavar="LOOK", required=True)
    for name, help_, run_ in (
        ("list", "every job", _journal_list),
        ("show", "one job with its records", _journal_show),
        ("verify", "recompute the hash chain", _journal_verify),
    ):
        look = looks.add_parser(name, help=help_)
        if name == "show":
            look.add_argument("job", metavar="JOB")
        _config(look)
        _json(look)
        look.set_defaults(run=run_)

    doctor = actions.add_parser("doctor", help="why receipts do not print: what was looked at, the cause, what to do")
    doctor.add_argument("--only", metavar="ID", action="append", default=[], help="only this check; repeatable")
    _config_and_json(doctor)
    doctor.set_defaults(run=_agent_doctor)

    from agent.desk import commands as desk

    desk.add_parsers(actions, _load, _config_and_json)

    from agent import service

    service.add_parsers(actions, _load, _config_and_json)

    from agent.support.trace import commands as trace

    trace.add_parsers(actions, _load, _config_and_json)

    from agent.support.bundle import commands as bundle
    from agent.support.tail import commands as tail

    bundle.add_parsers(actions, _load, _config_and_json)
    tail.add_parsers(actions, _load, _config_and_json)


def _config_and_json(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _json(parser)


JOB_ACTIONS = (
    "open-shift", "close-shift", "x-report", "receipt", "cash-in", "cash-out", "print", "copy", "open-drawer",
    "pay", "refund", "void",
)  # fmt: skip
"""Actions that are jobs, as ``agent.device_command`` knows them."""


def _add_device(commands: _Commands) -> None:
    parser = commands.add_parser("device", help="one device, no server: for integrators and support")
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    parsers = [parser]
    for name, help_ in (
        ("identity", "who answers"),
        ("status", "shift, paper, last document, clock"),
        ("health", "status with the fiscal drive's days, the OFD's queue and the clock's drift"),
        ("totals", "counters of the present shift"),
        ("open-shift", "open a shift"),
        ("close-shift", "close the shift with a Z report"),
        ("x-report", "print an X report"),
        ("receipt", "print a receipt from a job's payload"),
        ("cash-in", "put money into the drawer"),
        ("cash-out", "take money out of the drawer"),
        ("print", "print a slip of free text"),
        ("copy", "print a copy of a document"),
        ("open-drawer", "open the drawer"),
        ("document", "read a document from the fiscal drive"),
        ("cancel", "cancel the open document"),
        ("continue-print", "go on printing after new paper"),
        ("pay", "card terminal: charge"),
        ("refund", "card terminal: give back"),
        ("void", "card terminal: take a payment of this day back"),
        ("last", "card terminal: what it did last"),
        ("settle", "card terminal: close its day with the bank"),
        ("report", "card terminal: list its day"),
        ("reprint", "card terminal: the last slip again"),
    ):
        action = actions.add_parser(name, help=help_)
        parsers.append(action)
        if name == "receipt":
            action.add_argument("file", metavar="FILE", type=Path, help="payload as JSON; - reads the standard input")
        if name == "print":
            action.add_argument(
                "file", metavar="FILE", type=Path, help="lines of text, or a payload as JSON; - is stdin"
            )
        if name == "document":
            action.add_argument("number", metavar="N", type=int, help="FD number")
        if name == "copy":
            action.add_argument("number", metavar="FD", type=int, nargs="?", help="without it the last document")
        if name in ("pay", "refund", "void"):
            action.add_argument("--sbp", action="store_true", help="by QR code (SBP) instead of by card")
        if name in ("refund", "void"):
            for of, help_ in (
                ("rrn", "reference number"),
                ("auth-code", "authorisation code"),
                ("number", "number at the terminal"),
                ("original-amount", "its sum, if not AMOUNT"),
            ):
                action.add_argument(f"--{of}", metavar="TEXT", help=f"of the original payment: {help_}")
        if name == "report":
            action.add_argument("--full", action="store_true", help="every operation, not the sums alone")
        if name in ("cash-in", "cash-out", "pay", "refund", "void"):
            action.add_argument("amount", metavar="AMOUNT", help="roubles, for example 1500.00")
        if name in JOB_ACTIONS:
            action.add_argument("--job-id", metavar="ID", help="repeat or resume this job; without it a new id is made")
        if name in ("open-shift", "close-shift", "cash-in", "cash-out"):
            action.add_argument("--cashier", metavar="NAME")
            action.add_argument("--cashier-inn", metavar="INN")
    for one in parsers:  # before or after the action, as people type them
        one.add_argument("--driver", metavar="NAME", default=argparse.SUPPRESS, help="for example shtrih")
        one.add_argument("--address", metavar="ADDR", default=argparse.SUPPRESS, help="tcp:192.168.137.111:7778")
        one.add_argument("--config", metavar="F", type=Path, default=argparse.SUPPRESS, help="config.toml of the agent")
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON document on stdout")
    parser.set_defaults(run=_device)


def _add_discover(commands: _Commands) -> None:
    parser = commands.add_parser("discover", help="where devices could be; with --probe, which are there")
    parser.add_argument("--probe", action="store_true", help="open each place and ask who is there; only reads")
    parser.add_argument("--address", metavar="ADDR", action="append", default=[], help="ask here instead; repeatable")
    parser.add_argument("--every-speed", action="store_true", help="ask serial ports at every speed (slow)")
    _config(parser)
    _json(parser)
    parser.set_defaults(run=_discover)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", metavar="F", type=Path, help="config.toml (default: the current folder, then the machine's data)"
    )


# --- the commands ---------------------------------------------------------------------------------------------------


def _demo(args: argparse.Namespace) -> int:
    from agent.demo import run_demo

    return run_demo(keep=args.keep, as_json=args.json)


def _load(args: argparse.Namespace) -> Config:
    from agent.config import default_config_path, load_config

    return load_config(args.config or default_config_path())


def _agent_run(args: argparse.Namespace) -> int:
    from agent.loading import loading

    with loading():
        from agent.starting import start_agent

    if args.setup:
        from agent.config import default_config_path
        from agent.config_edit import begin

        begin(args.config or default_config_path())
    return start_agent(_load(args), tray=not args.no_tray, setup=args.setup)


def _agent_pair(args: argparse.Namespace) -> int:
    from agent.config import default_config_path, load_config, machine_data_dir
    from agent.pairing import pair
    from agent.version import VERSION

    path = args.config or default_config_path()
    config = load_config(path) if args.config or path.exists() else None
    data_dir = config.data_dir if config else machine_data_dir()

    def say(ru: str, en: str) -> None:
        tell(f"{ru} / {en}")

    identity = pair(args.line, data_dir, version=VERSION, say=say)
    if config is None or config.server_url != identity.server_url:
        line = f'url = "{identity.server_url}"'
        say(f"Впишите в {path}, в раздел [server]: {line}", f"Put into {path}, under [server]: {line}")
    done = {
        "status": "paired",
        "agent_id": identity.agent_id,
        "tenant_id": identity.tenant_id,
        "tenant": identity.tenant,
        "server_url": identity.server_url,
        "link_url": identity.link_url,
        "data_dir": str(data_dir),
    }
    if args.json:
        answer(done)
    else:
        show(f"Готово: этот ПК сопряжён с учётной записью «{identity.tenant or identity.tenant_id}».")
        show(f"Done: this PC is paired with the account “{identity.tenant or identity.tenant_id}”.")
    return 0


def _agent_doctor(args: argparse.Namespace) -> int:
    from agent.config import default_config_path
    from agent.support.doctor.command import run_doctor

    return run_doctor(args.config or default_config_path(), args.only, as_json=args.json)


def _journal(args: argparse.Namespace) -> Path:
    path = _load(args).journal_path
    if not path.exists():
        raise UserError("no_journal", f"Журнала {path} ещё нет.", f"There is no journal {path} yet.", exit_code=1)
    return path


def _journal_list(args: argparse.Namespace) -> int:
    from agent.journal.inspect import list_jobs

    jobs = list_jobs(_journal(args))
    if args.json:
        answer({"jobs": jobs})
        return 0
    for job in jobs:
        proof = (job.get("outcome") or {}).get("proof") or {}
        fd = f"ФД {proof['fd']}" if proof.get("fd") else ""
        show(f"{job['job_id']:<40} {job['kkm_id'] or '':<8} {job['kind']:<10} {job['state']:<10} {fd}".rstrip())
    show(f"Всего / total: {len(jobs)}")
    return 0


def _journal_show(args: argparse.Namespace) -> int:
    from agent.journal.inspect import show_job

    job = show_job(_journal(args), args.job)
    if job is None:
        raise UserError(
            "unknown_job", f"Задания {args.job} в журнале нет.", f"The journal has no job {args.job}.", exit_code=1
        )
    answer(job)
    return 0


def _journal_verify(args: argparse.Namespace) -> int:
    from agent.journal.inspect import verify

    result = verify(_journal(args))
    if args.json:
        answer(result)
    elif result["ok"]:
        show(f"Журнал цел, записей: {result['records']}. / The journal is whole, records: {result['records']}.")
    else:
        show(f"Журнал повреждён / the journal is damaged: {result['problem']}")
    return 0 if result["ok"] else 1


def _discover(args: argparse.Namespace) -> int:
    from agent.config import load_config, machine_data_dir
    from agent.discover_command import DiscoverCommand, run_discover

    data_dir = load_config(args.config).data_dir if args.config else machine_data_dir()
    asked = args.probe or bool(args.address)
    return run_discover(DiscoverCommand(asked, tuple(args.address), args.every_speed, args.json), data_dir)


def _device(args: argparse.Namespace) -> int:
    from agent.device_command import run_device_command
    from agent.device_payload import DeviceCommand

    missing = [f"--{name}" for name in ("driver", "address") if not hasattr(args, name)]
    if missing:
        from drivers.registry import known_drivers

        raise UserError(
            "device_not_named",
            f"Не указано: {', '.join(missing)}. Пример: {PROG} device --driver shtrih "
            f"--address tcp:192.168.137.111:7778 status. Драйверы: {', '.join(known_drivers())}.",
            f"Missing: {', '.join(missing)}. For example: {PROG} device --driver shtrih "
            f"--address tcp:192.168.137.111:7778 status. Drivers: {', '.join(known_drivers())}.",
        )
    config = None
    if hasattr(args, "config"):
        from agent.config import load_config

        config = load_config(args.config)
    from agent.logs import set_up_logging

    set_up_logging(config.log_level if config else "warning", config.log_format if config else "console")
    return run_device_command(
        DeviceCommand(
            action=args.action,
            driver=args.driver,
            address=args.address,
            as_json=getattr(args, "json", False),
            file=getattr(args, "file", None),
            job_id=getattr(args, "job_id", None),
            number=getattr(args, "number", None),
            cashier=getattr(args, "cashier", None),
            cashier_inn=getattr(args, "cashier_inn", None),
            amount=getattr(args, "amount", None),
            original=_original(args),
            sbp=getattr(args, "sbp", False),
            full=getattr(args, "full", False),
        ),
        config,
    )


def _original(args: argparse.Namespace) -> dict[str, str]:
    names = {"rrn": "rrn", "auth_code": "auth_code", "number": "number", "original_amount": "amount"}
    given = {field: getattr(args, name, None) for name, field in names.items()}
    return {field: str(value) for field, value in given.items() if value is not None}


if __name__ == "__main__":
    raise SystemExit(main())
