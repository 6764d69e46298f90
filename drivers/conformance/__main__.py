"""Run every behaviour over the benches of a package and say, or write down, how its drivers stand.

    python -m drivers.conformance tests.conformance.benches:BENCHES --sheets docs/drivers

The exit code is 1 when a behaviour failed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from drivers.conformance.judgement import Case, Judged, State, cases
from drivers.conformance.place import AnyBench
from drivers.conformance.sheet import sheet


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m drivers.conformance", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("benches", nargs="+", metavar="MODULE:NAME", help="a sequence of benches")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="write DIR/<family>-conformance.md")
    parser.add_argument("--only", default="", metavar="TEXT", help="only behaviours whose name contains it; no sheets")
    options = parser.parse_args(arguments)
    if options.only and options.sheets:
        parser.error("--only and --sheets: a sheet shows every behaviour")
    try:
        benches = [bench for place in options.benches for bench in _benches(place)]
    except (ImportError, AttributeError, ValueError) as error:
        parser.error(
            f"{error}; expected MODULE:NAME of a sequence of benches, for example tests.conformance.benches:BENCHES"
        )
    judged = {str(case): case.judged() for case in cases(benches) if options.only in case.behaviour.name}
    for name, each in judged.items():
        if each.state is not State.DONE:
            print(f"{each.state}: {name}: {each.why}")  # noqa: T201
    states = [each.state for each in judged.values()]
    print(", ".join(f"{states.count(state)} {state}" for state in State))  # noqa: T201
    if options.sheets:
        _write(options.sheets, benches, judged)
    return 1 if State.FAILED in states else 0


def _benches(place: str) -> Sequence[AnyBench]:
    module, _, name = place.partition(":")
    if not name:
        raise ValueError(f"{place!r} names no variable")
    found: Sequence[AnyBench] = getattr(import_module(module), name)
    return found


def _write(folder: Path, benches: Sequence[AnyBench], judged: dict[str, Judged]) -> None:
    def known(case: Case) -> Judged:
        return judged[str(case)]

    for family in dict.fromkeys(bench.family for bench in benches):
        (folder / f"{family}-conformance.md").write_text(sheet(family, benches, known), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
