"""``python -m tests.bytes``: every byte of every conversation, struck by every fault. See docs/testing.md."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import structlog

from tests.bytes.families import FAMILIES
from tests.bytes.faulty import Direction, Fault, Strike
from tests.bytes.run import NAMED, Group, Tally, all_pieces, clean_run, pieces, verdict_on
from tests.bytes.scenarios import SCENARIOS, fits
from tests.bytes.world import prepared

CASE = "DRIVER:SCENARIO:DIRECTION:POSITION:FAULT"
ENDS = ("done", "not_done", "human")
SHOWN = 40  # cases of each sort that are named at the end; all are counted


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    level = logging.DEBUG if options.only else logging.CRITICAL
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    if options.only:
        return replay(options.only)
    began = time.monotonic()
    wanted = [
        piece
        for family in options.driver or FAMILIES
        for scenario in options.scenario or SCENARIOS
        if fits(FAMILIES[family], SCENARIOS[scenario])
        for piece in pieces(
            family,
            SCENARIOS[scenario],
            [Direction(each) for each in options.direction or Direction],
            [Fault(each) for each in options.fault or NAMED],
            heads=options.heads,
        )
    ]
    cases = sum(len(piece.positions) * len(piece.faults) for piece in wanted)
    print(f"{cases} cases on {options.jobs} processes", flush=True)
    tallies: defaultdict[Group, Tally] = defaultdict(Tally)
    done = wrong = 0
    for found in all_pieces(wanted, options.jobs):
        for group, tally in found.items():
            tallies[group].add(tally)
            for each in tally.wrong:
                print(f"WRONG: {each}", flush=True)
            done, wrong = done + tally.cases, wrong + len(tally.wrong)
        print(f"\r{done}/{cases} cases, {wrong} wrong, {time.monotonic() - began:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    report(tallies, time.monotonic() - began)
    return 1 if wrong else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bytes", description=__doc__)
    parser.add_argument("--driver", action="append", choices=FAMILIES)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS)
    parser.add_argument("--direction", action="append", choices=[each.value for each in Direction])
    named = ", ".join(each.value for each in NAMED)
    parser.add_argument("--fault", action="append", choices=[each.value for each in Fault], help=f"({named})")
    parser.add_argument("--heads", action="store_true", help="also what is left to the layers beneath: heads of HTTP")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--only", metavar=CASE, help="one case, told in full")
    return parser.parse_args(arguments)


def replay(case: str) -> int:
    """One case with everything that the agent logs; 1 when it is wrong."""
    try:
        family, name, direction, position, fault = case.split(":")
        scenario, group = SCENARIOS[name], Group(family, name, Direction(direction), Fault(fault))
        device, strike = FAMILIES[family], Strike(group.direction, int(position), group.fault)
        if not fits(device, scenario):
            raise ValueError(scenario.name)
    except (ValueError, KeyError):
        print(f"{case!r} is no case; expected {CASE}, such as shtrih1:receipt:out:123:flip", file=sys.stderr)
        return 2
    with prepared(device, scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
        print(f"--- {case}")
        seen = template.play(strike)
    for span in seen.spans:
        print(f"{span.ask:16} out {span.sent[0]:5}..{span.sent[1]:5}  in {span.received[0]:5}..{span.received[1]:5}")
    for document in seen.documents:
        print(f"FD {document['fd']} {document['type']} {document['tags']}")
    print(f"{seen.row.state.value} after {seen.seconds:.3f} s: {seen.row.outcome}")
    verdict = verdict_on(group, scenario, clean, seen)
    for each in verdict.wrong:
        print(f"WRONG: {each}")
    if verdict.garbled:
        print("GARBLED: all is well but a name")
    return 1 if verdict.wrong else 0


def report(tallies: Mapping[Group, Tally], seconds: float) -> None:
    heads = ("driver", "scenario", "way", "fault", "cases", *ENDS, "other", "wrong", "garbled", "longest")
    widths = (8, 14, 4, 7, 7, 7, 9, 6, 6, 6, 8, 9)
    print(_line(heads, widths))
    for group, tally in sorted(tallies.items()):
        print(_line((group.family, group.scenario, group.direction.value, group.fault.value, *_figures(tally)), widths))
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    print(_line(("all", "", "", "", *_figures(total)), widths))
    for title, found in (("WRONG", total.wrong), ("left to a person", total.humans), ("garbled name", total.garbled)):
        for each in found[:SHOWN]:
            print(f"{title}: {each}")
        if len(found) > SHOWN:
            print(f"… and {len(found) - SHOWN} more")
    print(f"{total.cases} cases in {seconds:.0f} s; a case again: python -m tests.bytes --only CASE")


def _figures(tally: Tally) -> tuple[str, ...]:
    known = [tally.ends[end] for end in ENDS]
    counted = (tally.cases, *known, tally.cases - sum(known), len(tally.wrong), len(tally.garbled))
    return (*map(str, counted), f"{tally.longest:.1f} s")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    left, right = cells[:4], cells[4:]
    row = [cell.ljust(width) for cell, width in zip(left, widths, strict=False)]
    return " ".join([*row, *(cell.rjust(width) for cell, width in zip(right, widths[4:], strict=True))])


if __name__ == "__main__":
    sys.exit(main())
