"""``make kill``: SIGKILL to agent and server until the numbers are reached and every commit point was died at."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from secrets import randbits

from tests.kill.shop import Board
from tests.kill.storm import Report, Storm, all_points


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--agent", type=int, default=200, metavar="N", help="at least so many SIGKILLs of agents (200)")
    parser.add_argument("--server", type=int, default=200, metavar="N", help="and of servers (200)")
    parser.add_argument("--seed", type=int, default=randbits(32), metavar="S", help="of everything that is by chance")
    parser.add_argument("--shops", type=int, default=4, metavar="N", help="so many shops side by side (4)")
    parser.add_argument("--folder", type=Path, help="where the books and logs are kept (a temporary folder)")
    parser.add_argument("--points", metavar="NAME[,NAME]", help="only these commit points instead of all")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    points = all_points()
    if args.points:
        names = set(args.points.split(","))
        points = {who: [point for point in some if point[0] in names] for who, some in points.items()}
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)

    folder = args.folder or Path(tempfile.mkdtemp(prefix="kill-"))
    folder.mkdir(parents=True, exist_ok=True)
    say(f"seed {args.seed}, {args.shops} shops, books in {folder}")
    board = Board({"agent": args.agent, "server": args.server}, points)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    report = Storm(folder, board, args.seed, args.shops, say=say).run()
    for line in told(report):
        print(line)
    return 0 if report.good else 1


def told(report: Report) -> list[str]:
    lines = [f"{report.seconds:.0f} s"]
    for who, count in report.deaths.items():
        lines.append(f"{who}: {count} SIGKILLs, {report.at_points[who]} of them at a commit point")
    lines.append("jobs: " + ", ".join(f"{count} {state}" for state, count in sorted(report.jobs.items())))
    for who, some in report.missing.items():
        lines += [f"NEVER DIED AT: {who} {when} {name}" for name, when in some]
    lines += [f"WRONG: {problem}" for problem in report.problems]
    lines.append("good" if report.good else "NOT GOOD")
    return lines


if __name__ == "__main__":
    sys.exit(main())
