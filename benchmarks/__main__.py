"""``python -m benchmarks [NAME]… [--json] [--quick]``: measures, and prints a row for each goal.

A new benchmark is a module with ``measure(options) -> Iterable[Row]`` and a line in ``BENCHMARKS``; it is imported only
when asked for.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.rows import Options, Row

BENCHMARKS = {
    "wire": "benchmarks.wire",
    "peers": "benchmarks.peers",
    "overhead": "benchmarks.overhead",
    "fleet": "benchmarks.fleet",
    "agent": "benchmarks.agent",
    "growth": "benchmarks.growth",
    "journal": "benchmarks.journal",
    "neighbour": "benchmarks.neighbour",
    "terminal": "benchmarks.terminal",
    "pages": "benchmarks.pages",
}
ALSO_CALLED = {"e2e": "overhead", "start": "agent"}
KNOWN = ", ".join((*BENCHMARKS, *ALSO_CALLED))

HEADINGS = ("measure", "ratio", "goal", "", "ours", "theirs", "unit", "theirs is")


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    names = list(dict.fromkeys(asked.names)) or list(BENCHMARKS)
    rows: list[Row] = []
    for name in names:
        _say(f"{name} …")
        with tempfile.TemporaryDirectory(prefix=f"kassabridge-{name}-") as scratch:
            rows += measure(name, Options(quick=asked.quick, scratch=Path(scratch), say=_say))
    if asked.json:
        sys.stdout.write(json.dumps({"rows": [row.as_json() for row in rows]}, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(table(rows))
    return 0


def measure(name: str, options: Options) -> list[Row]:
    measured: Iterable[Row] = import_module(BENCHMARKS[name]).measure(options)
    return list(measured)


def table(rows: Iterable[Row]) -> str:
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    verdict = {True: "met", False: "MISSED", None: ""}[row.met]
    goal = "" if row.goal is None else str(row.goal)
    figures = f"{row.ratio:.3f}", goal, verdict, f"{row.ours:.6g}", f"{row.theirs:.6g}"
    return (row.name, *figures, row.unit, row.theirs_is)


def _name(text: str) -> str:
    name = ALSO_CALLED.get(text, text)
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"no benchmark is called {text!r}; there are: {KNOWN}")
    return name


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures ours against fixed floors.")
    parser.add_argument("names", nargs="*", type=_name, metavar="NAME", help=f"of: {KNOWN}; all when none is given")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout instead of a table")
    parser.add_argument("--quick", action="store_true", help="only proves that it runs; the figures mean nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
