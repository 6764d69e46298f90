"""``kassabridge drivers``: the drivers there are, and why an outside one cannot be used."""

from __future__ import annotations

import argparse
from typing import Any

from agent.console import answer, show


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("drivers", help="the drivers there are: ours, and those of outside packages")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=_list)


def _list(args: argparse.Namespace) -> int:
    """1 when something that is there cannot be used."""
    from drivers.plugins import plugins_folder
    from drivers.registry import list_drivers

    listed, troubles = list_drivers()
    wrong = [*troubles, *(driver.trouble for driver in listed if driver.trouble is not None)]
    if args.json:
        answer(
            {
                "drivers": [
                    {
                        "name": driver.name,
                        "package": driver.package,
                        "trouble": driver.trouble.code if driver.trouble is not None else None,
                    }
                    for driver in listed
                ],
                "plugins": str(plugins_folder()),
                "troubles": [{"code": one.code, "text": one.ru, "text_en": one.en} for one in wrong],
            }
        )
        return int(bool(wrong))
    for driver in listed:
        state = "" if driver.trouble is None else f"  ✗ {driver.trouble.code}"
        show(f"{driver.name:<12} {driver.package or 'KassaBridge'}{state}")
    for one in wrong:
        show(f"✗ {one.ru}\n  {one.en}")
    return int(bool(wrong))
