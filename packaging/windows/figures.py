"""Start time and memory of frozen programs under wine, of two sides by turns; figures.sh sets up what they need.

python figures.py PREFIX RUNS IDLE < SIDES.json     prints a table and each ratio

SIDES: [{"what": …, "agent": SIDE, "bare": SIDE}], SIDE: {"command": […], "says": the words by which it is up,
"ends": […] a command that ends it, or null: it is killed}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    start: float  # seconds from the call until it said that it is up
    processor: float  # seconds of it that the program itself computed: what other work on the machine hardly changes
    resident: int  # KiB after IDLE seconds
    private: int  # KiB of them that no other process shares


def run(side: dict[str, Any], prefix: str, idle: float) -> Run:
    began = time.monotonic()
    process = subprocess.Popen(
        ["wine", *side["command"]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        said = b""
        while side["says"].encode() not in said:
            said = process.stdout.readline()
            if not said or time.monotonic() - began > LIMIT:
                raise SystemExit(f"{side['command'][0]} did not say {side['says']!r}")
        start = time.monotonic() - began
        program = process_of(Path(side["command"][0].replace("\\", "/")).name, prefix)
        computed = processor(program)
        time.sleep(idle)
        resident, private = memory(program)
        if side["ends"]:
            subprocess.run(["wine", *side["ends"]], stdin=subprocess.DEVNULL, capture_output=True, check=True)
        else:
            process.kill()
        process.wait(LIMIT)
    finally:
        process.kill()
        process.stdout.close()
    return Run(start, computed, resident, private)


def process_of(program: str, prefix: str) -> Path:
    """The folder in /proc of the process of ``program`` in this wine."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"WINEPREFIX={prefix}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if mine and program.encode() in (folder / "cmdline").read_bytes().split(b"\0")[0]:
                found.append(folder)
        except OSError:
            continue  # it has ended meanwhile
    if len(found) != 1:
        raise SystemExit(f"{len(found)} processes of {program}")
    return found[0]


def processor(process: Path) -> float:
    """Seconds that it has computed so far, for itself and in the system's behalf."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: Path) -> tuple[int, int]:
    """Resident and private KiB."""
    lines = (process / "smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return sizes["Rss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


def main(prefix: str, runs: int, idle: float) -> None:
    for pair in json.load(sys.stdin):
        run(pair["agent"], prefix, 0), run(pair["bare"], prefix, 0)  # the first of each fills the system's caches
        taken = [(run(pair["agent"], prefix, idle), run(pair["bare"], prefix, idle)) for _ in range(runs)]
        agents, bares = zip(*taken, strict=True)
        sys.stdout.write(f"{pair['what']}: medians of {runs}, {idle:.0f} s after the start\n")
        for name, unit, of in (
            ("start", "s", lambda each: each.start),
            ("computed", "s", lambda each: each.processor),
            ("resident", "MiB", lambda each: each.resident / 1024),
            ("private", "MiB", lambda each: each.private / 1024),
        ):
            ours, theirs = median(map(of, agents)), median(map(of, bares))
            sys.stdout.write(f"  {name:<9} agent {ours:7.2f}  bare {theirs:7.2f} {unit:<4} ratio {ours / theirs:.2f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(os.fspath(Path(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3]))
