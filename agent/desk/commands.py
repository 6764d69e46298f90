"""``kassabridge agent status | decide | pause | … | open | pin``: the running agent from the command line."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.console import answer, show, tell
from agent.desk.asked import ask_agent
from agent.problems import UserError

if TYPE_CHECKING:  # a parser is built for every command: it loads nothing heavy
    from agent.config import Config

Load = Callable[[argparse.Namespace], "Config"]


_OF_A_SALE = {
    "go_on": "a sale: begin what stands still",
    "give_back": "a sale: give the money back",
    "leave_owed": "a sale: leave it without a receipt, for a correction",
}


def add_parsers(actions: Any, load: Load, options: Callable[[argparse.ArgumentParser], None]) -> None:
    """``options`` adds ``--config`` and ``--json``."""
    status = actions.add_parser("status", help="what the running agent says of itself")
    status.set_defaults(run=lambda args: _status(load(args), args))
    options(status)

    decide = actions.add_parser("decide", help="a person's word on a job that waits for a decision")
    decide.add_argument("job_id", metavar="JOB")
    which = decide.add_mutually_exclusive_group(required=True)
    which.add_argument("--done", dest="decision", action="store_const", const="done", help="it was done")
    which.add_argument("--not-done", dest="decision", action="store_const", const="not_done", help="it was not")
    for word, what in _OF_A_SALE.items():
        which.add_argument(f"--{word.replace('_', '-')}", dest="decision", action="store_const", const=word, help=what)
    decide.add_argument("--fd", type=int, metavar="N", help="number of the fiscal document on the paper receipt")
    decide.add_argument("--person", required=True, metavar="NAME", help="who has decided")
    decide.add_argument("--why", required=True, metavar="TEXT", help="what was looked at")
    decide.add_argument("--pin", action="store_true", help="ask for the manager's PIN (or read it from stdin)")
    decide.set_defaults(run=lambda args: _decide(load(args), args))
    options(decide)

    for name, what, help_ in (
        ("pause", "pause", "begin nothing new; what has begun is ended"),
        ("continue", "go_on", "end the pause"),
    ):
        pause = actions.add_parser(name, help=help_)
        pause.set_defaults(run=lambda args, what=what: _pause(load(args), what, args))
        options(pause)

    stop = actions.add_parser("stop", help="end the running agent; what it has begun it ends first")
    stop.set_defaults(run=lambda args: _stop(load(args), args))
    options(stop)

    abort = actions.add_parser("abort", help="ask the terminal to leave the payment in hand; its own answer is the end")
    abort.add_argument("job_id", metavar="JOB")
    abort.set_defaults(run=lambda args: _abort(load(args), args))
    options(abort)

    trial = actions.add_parser("test-print", help="print a slip that is no receipt, beside the running agent")
    trial.add_argument("kkm_id", metavar="KKM_ID")
    trial.set_defaults(run=lambda args: _test_print(load(args), args))
    options(trial)

    page = actions.add_parser("open", help="show the program's window in the browser")
    page.add_argument(
        "page", nargs="?", default="work", choices=("work", "registers", "decide", "bundle", "log", "pin", "pair")
    )
    page.add_argument("--job", metavar="JOB", default="", help="the job to decide about")
    page.add_argument("--request", metavar="REQUEST", default="", help="what support asks for")
    page.add_argument("--line", metavar="LINE", default="", help="the pairing line, or the link that was clicked")
    page.add_argument("--no-browser", action="store_true", help="only print the link; it is good once")
    page.add_argument("--start", action="store_true", help="where no agent runs, run it, as agent run --setup does")
    page.set_defaults(run=lambda args: _open(load, args))
    options(page)

    pin = actions.add_parser("pin", help="set the manager's PIN of this PC")
    pin.set_defaults(run=lambda args: _pin(load(args), args))
    options(pin)


def _open(load: Load, args: argparse.Namespace) -> int:
    from agent.desk.channel import NotRunning, Silent, ask, silent

    query = {
        "page": args.page,
        **{name: value for name in ("job", "line", "request") if (value := getattr(args, name))},
    }
    if args.start:
        from agent.config import default_config_path
        from agent.config_edit import begin
        from agent.loading import loading

        begin(args.config or default_config_path())
        config = load(args)
        try:
            ask(config.data_dir, "ping", {})
        except NotRunning:
            with loading():
                from agent.starting import start_agent
            return start_agent(config, tray=True, setup=True, show=query)
        except Silent:  # one is there: no second one is started
            raise silent() from None
    told = ask_agent(load(args), "page", query)
    if args.json:
        answer(told)
    else:
        show(told["url"])
    if not args.no_browser:
        from agent.page.serving import in_browser

        in_browser(told["url"])
    return 0


def _status(config: Config, args: argparse.Namespace) -> int:
    told = ask_agent(config, "status", {})
    if args.json:
        answer(told)
        return 0
    link, trouble = told["link"], told["link"]["trouble"]
    show(f"{told['tenant']}  {told['server_url']}  {told['agent_id']}")
    show(f"связь / link: {link['state']}" + (f" ({trouble['code']})" if trouble else ""))
    for device in told["devices"]:
        trouble = device["trouble"]
        serial = (device["identity"] or {}).get("register_serial") or (device["terminal"] or {}).get("terminal_id")
        state = trouble["text"] if trouble else device["step"] or ("bound" if device["bound"] else "not bound")
        show(f"  {device['kkm_id']:<10} {device['driver']:<10} {serial or '?':<18} {state}")
    for place in told["awaited"]:
        show(f"  нет кассы / no register for: {place['kkm_id']} {place['name']}".rstrip())
    for job in told["decisions"]:
        show(f"  ждёт решения / to decide: {job['job_id']} ({job['case']})")
    for ask in told["asks"]:
        if ask["what"] == "log":
            show(f"  поддержка хочет видеть журнал / support wants the log: {ask['person'] or '?'}: {ask['reason']}")
            show(f"    kassabridge agent log --allow {ask['request_id']} | --refuse {ask['request_id']}")
            continue
        show(f"  файл для поддержки / a bundle: {ask['person'] or '?'}: {ask['reason']}")
        if ask["jobs"]:
            show(f"    задания / jobs: {', '.join(ask['jobs'])}")
        show(f"    kassabridge agent bundle --allow {ask['request_id']} | --refuse {ask['request_id']}")
    if watched := told["watched"]:
        show(f"  поддержка видит журнал до / support sees the log until {watched['until']}: {watched['person'] or '?'}")
        show("    kassabridge agent log --stop")
    for job in told["recent"]:
        show(f"  {job['at']}  {job['job_id']:<30} {job['kind']:<12} {job['state']:<10} {job['fd'] or ''}".rstrip())
    return 0


def _decide(config: Config, args: argparse.Namespace) -> int:
    pin = _secret("ПИН-код управляющего / manager's PIN: ") if args.pin else None
    asked = {"job_id": args.job_id, "decision": args.decision, "fd": args.fd, "person": args.person, "why": args.why}
    told = ask_agent(config, "decide", {**asked, "pin": pin})
    if args.json:
        answer(told)
    else:
        show("Записано. Агент ещё раз спросит кассу: если её документы говорят другое, верны они.")
        show("Noted. The agent asks the register once more: if its records say otherwise, they are right.")
    return 0


def _pause(config: Config, what: str, args: argparse.Namespace) -> int:
    told = ask_agent(config, what, {})
    if args.json:
        answer(told)
    elif told["paused"]:
        show("Пауза: новые чеки не начинаются, начатые будут закончены. / Paused: nothing new is begun.")
    else:
        show("Пауза окончена. / The pause is over.")
    return 0


def _abort(config: Config, args: argparse.Namespace) -> int:
    told = ask_agent(config, "abort", {"job_id": args.job_id})
    if args.json:
        answer(told)
    else:
        show("Терминал попросили прекратить. Чем кончилось, скажет он сам. / The terminal was asked to stop: its own")
        show("answer is the end.")
    return 0


def _test_print(config: Config, args: argparse.Namespace) -> int:
    from agent.desk.trial_print import ANSWER_WITHIN

    told = ask_agent(config, "test_print", {"kkm_id": args.kkm_id}, patience=ANSWER_WITHIN)
    if args.json:
        answer(told)
    else:
        show(f"Касса {args.kkm_id}: напечатано, посмотрите на листок. / {args.kkm_id}: printed, look at the slip.")
    return 0


STOPPED_WITHIN = 180.0  # seconds; longer than any command of a register may work


def _stop(config: Config, args: argparse.Namespace) -> int:
    """0 also when none is running: then it has ended."""
    from agent.desk.channel import NotRunning, Silent, ask

    running = True
    deadline = time.monotonic() + STOPPED_WITHIN
    asked = "stop"
    try:
        while time.monotonic() < deadline:
            with contextlib.suppress(Silent):  # it is there: perhaps just ending, perhaps hanging
                ask(config.data_dir, asked, {})
                asked = "ping"
            time.sleep(0.2)
    except NotRunning:
        running = False
    if args.json:
        answer({"running": running})
    elif running:
        show("Агент ещё заканчивает начатое. / The agent is still ending what it has begun.")
    else:
        show("Агент не запущен. / The agent is not running.")
    return int(running)


def _pin(config: Config, args: argparse.Namespace) -> int:
    from agent.desk.pin import ManagerPin

    config.data_dir.mkdir(parents=True, exist_ok=True)
    keeper = ManagerPin(Path(config.data_dir), lambda: datetime.now(UTC))
    old = _secret("Прежний ПИН-код / the old PIN: ") if keeper.is_set else None
    keeper.set(_secret("Новый ПИН-код / the new PIN: "), old=old)
    if args.json:
        answer({"status": "set"})
    else:
        show("ПИН-код управляющего задан. / The manager's PIN has been set.")
    return 0


def _secret(prompt: str) -> str:
    """Typed unseen, or one line of stdin."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    tell(prompt)
    line = sys.stdin.readline()
    if not line:
        raise UserError("no_pin_given", "ПИН-код не введён.", "No PIN was entered.")
    return line.strip()
