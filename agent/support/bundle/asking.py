"""``agent bundle --send | --allow REQUEST | --refuse REQUEST``: looked at, agreed to, sent. Never without a yes."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.config import Config, machine_data_dir
from agent.console import answer, show, tell
from agent.desk.asked import ask_agent
from agent.identity import load_identity
from agent.problems import UserError
from agent.support.bundle.archive import to_zip
from agent.support.bundle.commands import note, show_listing
from agent.support.bundle.consent import YES, Consent, clean_name, signed_in
from agent.support.bundle.sending import TIMEOUT, Upload

if TYPE_CHECKING:
    from agent.support.bundle.collect import Bundle

PREVIEW_WITHIN = 60.0  # seconds


def send(args: argparse.Namespace, config: Config | UserError, bundle: Bundle) -> int:
    """By this very process; no agent has to run. Raises ``UserError``."""
    identity = load_identity(machine_data_dir() if isinstance(config, UserError) else config.data_dir)
    _shown(args, bundle.reference, len(to_zip(bundle)), bundle.listing())
    _agreed(args)
    sent = Upload(identity)(bundle, Consent(_person(args), datetime.now(UTC)))
    note(config, bundle)
    return _told(args, {"reference": bundle.reference, "bundle_id": sent.bundle_id, "kept_until": sent.kept_until})


def allow(args: argparse.Namespace, config: Config) -> int:
    """By the running agent, which has been asked for it. Raises ``UserError``."""
    seen = ask_agent(config, "bundle_preview", {"request_id": args.allow}, patience=PREVIEW_WITHIN)
    _shown(args, seen["reference"], seen["bytes"], seen["entries"])
    _agreed(args)
    yes = {"request_id": args.allow, "reference": seen["reference"], "person": _person(args)}
    sent = ask_agent(config, "bundle_allow", yes, patience=TIMEOUT + PREVIEW_WITHIN)
    return _told(args, {"reference": seen["reference"], **sent})


def refuse(args: argparse.Namespace, config: Config) -> int:
    ask_agent(config, "bundle_refuse", {"request_id": args.refuse})
    if args.json:
        answer({"request_id": args.refuse, "status": "refused"})
    else:
        show("Поддержке отказано. / Support was told no.")
    return 0


def _shown(args: argparse.Namespace, reference: str, size: int, entries: Any) -> None:
    if args.json:
        return
    show_listing(entries)
    show(f"{reference}: {size} байт / bytes")


def _agreed(args: argparse.Namespace) -> None:
    if args.yes:
        return
    tell("Отправить это в поддержку? [да/нет] / Send this to support? [yes/no]")
    if sys.stdin.readline().strip().lower() not in YES:
        raise UserError("not_agreed", "Ничего не отправлено.", "Nothing was sent.", exit_code=1)


def _person(args: argparse.Namespace) -> str:
    return clean_name(args.person or "") or signed_in()


def _told(args: argparse.Namespace, sent: dict[str, Any]) -> int:
    if args.json:
        answer(sent)
    else:
        show(f"Отправлено. Код обращения: {sent['reference']}. Хранится до {sent['kept_until']}.")
        show(f"Sent. Reference: {sent['reference']}. Kept until {sent['kept_until']}.")
    return 0
