"""``agent log --allow REQUEST | --refuse REQUEST | --stop``: whether support may watch the log as it is written."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent.console import answer, show, tell
from agent.desk.asked import ask_agent
from agent.problems import UserError
from agent.support.bundle.consent import YES, clean_name, signed_in

if TYPE_CHECKING:  # a parser is built for every command: it loads nothing heavy
    from agent.config import Config


def add_parsers(
    actions: Any, load: Callable[[argparse.Namespace], Config], options: Callable[[argparse.ArgumentParser], None]
) -> None:
    log = actions.add_parser("log", help="let support watch this PC's log for a quarter of an hour, or not")
    which = log.add_mutually_exclusive_group(required=True)
    which.add_argument("--allow", metavar="REQUEST", help="show what would be seen, ask, and let support watch")
    which.add_argument("--refuse", metavar="REQUEST", help="tell support no")
    which.add_argument("--stop", action="store_true", help="support sees nothing more from now on")
    log.add_argument("--yes", action="store_true", help="with --allow: agree without being asked")
    log.add_argument("--person", metavar="NAME", help="who agrees (default: who is signed in)")
    options(log)
    log.set_defaults(run=lambda args: _log(args, load(args)))


def _log(args: argparse.Namespace, config: Config) -> int:
    if args.allow is not None:
        return _allow(args, config)
    if args.stop:
        ask_agent(config, "log_stop", {})
        return _said(
            args, {"status": "stopped"}, "Поддержка журнала больше не видит. / Support does not see it any more."
        )
    ask_agent(config, "log_refuse", {"request_id": args.refuse})
    return _said(args, {"request_id": args.refuse, "status": "refused"}, "Поддержке отказано. / Support was told no.")


def _allow(args: argparse.Namespace, config: Config) -> int:
    seen = ask_agent(config, "log_preview", {"request_id": args.allow})
    if not args.json:
        for line in seen["lines"]:
            show(json.dumps(line, ensure_ascii=False))
    if not args.yes:
        tell("Показывать поддержке такие строки 15 минут? [да/нет] / Show support such lines for 15 minutes? [yes/no]")
        if sys.stdin.readline().strip().lower() not in YES:
            raise UserError("not_agreed", "Ничего не показано.", "Nothing was shown.", exit_code=1)
    person = clean_name(args.person or "") or signed_in()
    told = ask_agent(config, "log_allow", {"request_id": args.allow, "person": person})
    return _said(
        args,
        {"request_id": args.allow, **told},
        f"Поддержка видит журнал до {told['until']}. / Until then support sees it.",
    )


def _said(args: argparse.Namespace, told: dict[str, Any], words: str) -> int:
    if args.json:
        answer(told)
    else:
        show(words)
    return 0
