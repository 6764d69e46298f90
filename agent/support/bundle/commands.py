"""``kassabridge agent bundle``: one zip for support, looked at before it is given away."""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.console import answer, show
from agent.problems import UserError

if TYPE_CHECKING:  # a parser is built for every command: it loads nothing heavy
    from agent.config import Config
    from agent.support.bundle.collect import Bundle

Load = Callable[[argparse.Namespace], "Config"]
Options = Callable[[argparse.ArgumentParser], None]


def add_parsers(actions: Any, load: Load, config_and_json: Options) -> None:
    bundle = actions.add_parser("bundle", help="one zip for support: jobs, exchange, logs; no card data, no contacts")
    bundle.add_argument("--out", metavar="F", type=Path, help="where to write it (default: here, by its code)")
    bundle.add_argument("--job", metavar="ID", action="append", default=[], help="what it is about; repeatable")
    bundle.add_argument("--doctor", action="store_true", help="examine this PC first and put the report in")
    bundle.add_argument("--preview", action="store_true", help="only say what would be in it; nothing is written")
    bundle.add_argument("--show", metavar="NAME", help="print one part as it would be sent; nothing is written")
    where = bundle.add_mutually_exclusive_group()
    where.add_argument("--send", action="store_true", help="show it, ask, and upload it to the server")
    where.add_argument(
        "--allow", metavar="REQUEST", help="show what support asked for, ask, and have the agent send it"
    )
    where.add_argument("--refuse", metavar="REQUEST", help="tell support no")
    bundle.add_argument("--yes", action="store_true", help="with --send and --allow: agree without being asked")
    bundle.add_argument("--person", metavar="NAME", help="who agrees (default: who is signed in)")
    config_and_json(bundle)
    bundle.set_defaults(run=lambda args: _bundle(args, load))


def make(
    config: Config | UserError, *, jobs: frozenset[str] = frozenset(), doctor: Mapping[str, Any] | None = None
) -> Bundle:
    """With this PC's clock and chance; for the command and for the tray."""
    from agent.config import machine_data_dir
    from agent.support.bundle.collect import Request, collect, new_reference

    data_dir = machine_data_dir() if isinstance(config, UserError) else config.data_dir
    reference = new_reference(random.SystemRandom().choice)
    return collect(Request(data_dir, config, doctor, jobs), reference, datetime.now(UTC))


def note(config: Config | UserError, bundle: Bundle) -> None:
    """The reference stands in this PC's log, so that the log stream and the bundle find each other."""
    from agent.support.logfile import LogFile

    if not isinstance(config, UserError):
        LogFile(config.data_dir).keep(
            {
                "event": "bundle_made",
                "level": "info",
                "timestamp": datetime.now(UTC).isoformat(),
                "reference": bundle.reference,
                "bytes": bundle.size,
            }
        )


def _bundle(args: argparse.Namespace, load: Load) -> int:
    config = _config(args, load)
    if args.allow is not None or args.refuse is not None:
        from agent.support.bundle import asking

        return asking.allow(args, load(args)) if args.allow is not None else asking.refuse(args, load(args))
    bundle = make(config, jobs=frozenset(args.job), doctor=_doctor(args) if args.doctor else None)
    if args.show is not None:
        show(_part(bundle, args.show))
        return 0
    if args.send:
        from agent.support.bundle import asking

        return asking.send(args, config, bundle)
    path = None if args.preview else _write(bundle, args.out)
    if path is not None:
        note(config, bundle)
    if args.json:
        answer({"reference": bundle.reference, "file": str(path) if path else None, "entries": bundle.listing()})
        return 0
    show_listing(bundle.listing())
    if path is None:
        show("Ничего не записано. Часть целиком: --show ИМЯ. / Nothing was written. One part: --show NAME.")
    else:
        show(f"Код обращения: {bundle.reference}. Файл: {path}. Никуда не отправлен.")
        show(f"Reference: {bundle.reference}. File: {path}. It was not sent anywhere.")
    return 0


def show_listing(entries: Sequence[Mapping[str, Any]]) -> None:
    from agent.support.bundle.collect import MASKED

    for entry in entries:
        show(f"{entry['size']:>10}  {entry['name']:<40} {entry['title']} / {entry['title_en']}")
    show(MASKED[0])
    show(MASKED[1])


def _config(args: argparse.Namespace, load: Load) -> Config | UserError:
    """A bad configuration is what support wants to see: it is told inside."""
    try:
        return load(args)
    except UserError as error:
        return error


def _doctor(args: argparse.Namespace) -> dict[str, Any]:
    from agent.config import default_config_path
    from agent.support.doctor import CHECKS, Scene, World, examine
    from agent.support.doctor.command import status_from
    from agent.support.doctor.report import as_json
    from agent.support.doctor.runner import LIMIT

    path = args.config or default_config_path()
    return as_json(examine(CHECKS, Scene(path, World(status=lambda: status_from(path)), LIMIT)))


def _part(bundle: Bundle, name: str) -> str:
    content = bundle.content(name)
    if content is None:
        known = ", ".join(entry.name for entry in bundle.entries)
        raise UserError(
            "unknown_part", f"Части «{name}» нет. Есть: {known}.", f"There is no part “{name}”. There are: {known}."
        )
    return content.decode("utf-8", "replace")


def _write(bundle: Bundle, out: Path | None) -> Path:
    from agent.support.bundle.archive import file_name, write_zip

    path = (out or Path(file_name(bundle))).absolute()
    try:
        write_zip(bundle, path)
    except OSError as error:
        raise UserError(
            "bundle_not_written",
            f"{path} не записывается: {error.strerror}. Укажите другое место: --out.",
            f"{path} cannot be written: {error.strerror}. Name another place: --out.",
            exit_code=1,
        ) from None
    return path
