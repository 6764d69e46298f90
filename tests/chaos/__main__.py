"""``python -m tests.chaos --runs N --seed S``: N runs from seed S on, on two processes."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.chaos.runs import Sum, campaign, memory_folder, plan_of, playing


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", type=int, metavar="SEED", help="one run, with everything that happened in it")
    args = parser.parse_args()
    if args.replay is not None:
        return replay(args.replay)
    started = time.monotonic()
    last = [0.0]

    def told(total: Sum) -> None:
        now = time.monotonic()
        if now - last[0] >= 1.0 or total.runs == args.runs:
            last[0] = now
            rate = total.runs / (now - started)
            line = f"{total.runs}/{args.runs} runs, {rate:.1f}/s, {total.faults / total.runs:.1f} faults per run, {len(total.wrong)} wrong"
            print(f"\r{line}", end="", file=sys.stderr, flush=True)

    first = args.seed * 1_000_003
    total = campaign(range(first, first + args.runs), processes=args.processes, told=told)
    print(file=sys.stderr)
    report(total, time.monotonic() - started)
    return 1 if total.wrong else 0


def report(total: Sum, took: float) -> None:
    t = total.tally
    print(
        f"{total.runs} runs, {t.jobs} jobs, {took:.0f} s ({total.runs / took:.1f} runs/s), {total.seconds / 3600:.0f} simulated hours"
    )
    print(f"faults between accept and final: {total.faults} ({total.faults / max(1, total.runs):.1f} per run)")
    print(
        f"states {dict(t.states)}, done {t.done_share:.2%}, by a person {t.by_person}; own desks {t.own} jobs, {t.own_human} human; apart {t.apart}"
    )
    for result in total.wrong[:40]:
        for wrong in result.wrong[:4] or [result.crashed]:
            print(
                f"seed {result.plan.seed} {result.plan.layout} {result.plan.theme} {'+'.join(result.plan.kinds)}: {wrong}"
            )


def replay(seed: int) -> int:
    plan = plan_of(seed)
    print(plan)
    for player in playing(memory_folder()):
        result = player.play(plan, tell=lambda line: print(line, end=""))
        print(f"trace {result.trace}, {result.faults} faults, {result.tally}")
        for wrong in result.wrong:
            print(wrong)
        return 1 if result.wrong else 0
    return 2


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of words in the same order every time
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.chaos", *sys.argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"}
        )
    sys.exit(main())
