"""``kassabridge-server check|backup|restore``: what keeps a server well. None of them needs it to run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from server.settings import DEFAULT_DATABASE, Settings
from server.upkeep.backup import NoBackup, backup, restore
from server.upkeep.check import Finding, Verdict, findings

_SIGNS = {Verdict.OK: "ok ", Verdict.WARNING: " ! ", Verdict.BAD: "BAD"}


def add_to(add: Callable[..., argparse.ArgumentParser]) -> None:
    """``add``: a parser's ``add_parser``."""
    check = add("check", help="whether a server can be run here, and be reached")
    check.add_argument("--public-url", metavar="URL", help="how agents reach it: looked at from outside")
    check.add_argument("--bundles", metavar="FOLDER", help="where PCs' bundles are kept (default: beside the database)")
    check.set_defaults(command=_check)
    copy = add("backup", help="a copy of the database, also while the server runs (SQLite)")
    copy.add_argument("file", type=Path, metavar="FILE", help="a file that does not exist yet")
    copy.set_defaults(command=_backup)
    back = add("restore", help="put a copy in the database's place; the server must be stopped (SQLite)")
    back.add_argument("file", type=Path, metavar="FILE", help="what backup has made")
    back.add_argument("--replace", action="store_true", help="put the database that is there aside")
    back.set_defaults(command=_restore)
    for command in (check, copy, back):
        command.add_argument(
            "--database", default=DEFAULT_DATABASE, metavar="URL", help="database URL or path of an SQLite file"
        )
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _check(arguments: argparse.Namespace) -> int:
    url = arguments.public_url.rstrip("/") if arguments.public_url else None
    settings = Settings(database=arguments.database, public_url=url, bundles=arguments.bundles)
    found: list[Finding] = []
    for one in findings(settings, datetime.now(UTC)):
        found.append(one)
        if not arguments.json:
            _print(one)
    bad = any(one.verdict is Verdict.BAD for one in found)
    if arguments.json:
        print(json.dumps({"good": not bad, "checks": [asdict(one) for one in found]}, ensure_ascii=False))
    return 1 if bad else 0


def _print(one: Finding) -> None:
    print(f"{_SIGNS[one.verdict]} {one.id:18} {one.ru} / {one.en}", flush=True)
    if one.do_ru:
        print(f"{'':22} → {one.do_ru} / {one.do_en}", flush=True)


def _backup(arguments: argparse.Namespace) -> int:
    def progress(left: int, of: int) -> None:
        if not arguments.json and sys.stderr.isatty() and of:
            print(f"\r{100 * (of - left) // of:3} %", end="", file=sys.stderr, flush=True)

    try:
        made = backup(arguments.database, arguments.file, progress)
    except NoBackup as error:
        return _refused(error)
    if arguments.json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        print(f"{made.file}: {made.bytes} bytes, {made.tenants} tenants, {made.jobs} jobs")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    try:
        held, aside = restore(arguments.file, arguments.database, datetime.now(UTC), replace=arguments.replace)
    except NoBackup as error:
        return _refused(error)
    if arguments.json:
        print(json.dumps({**asdict(held), "aside": str(aside) if aside is not None else None}, ensure_ascii=False))
        return 0
    print(f"{held.tenants} tenants, {held.jobs} jobs")
    if aside is not None:
        print(f"Прежняя база отложена: {aside} / the database that was there is kept")
    print(
        "Все вышли из системы. Кто был уволен и какие ключи отозваны после этой копии, снова в силе: проверьте их. /\n"
        "Everybody is signed out. Who was dismissed and which keys were revoked after this copy is valid again: check."
    )
    return 0


def _refused(error: NoBackup) -> int:
    print(f"kassabridge-server: {error}", file=sys.stderr)
    return 1
