"""The simulation from the command line.

python -m tests.chaos --runs N --seed S    N runs from seed S on
                      … --selling          all of them of shops that sell by card
                      … --keep FILE        kept as it goes on; the same words again go on where it was left
python -m tests.chaos --replay SEED        one of them, with everything that happened in it
python -m tests.chaos --twice N            N runs played twice: the traces must be equal
"""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import sys
import time
from pathlib import Path

from tests.chaos.mutants import hunt, table
from tests.chaos.runs import SELLING_FROM, Begun, Result, Sum, campaign, memory_folder, plan_of, playing

STEP = 1_000_003
"""Between the seeds of ``--seed 1`` and ``--seed 2``: their runs do not overlap."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--selling", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", type=int, metavar="SEED")
    parser.add_argument("--twice", type=int, metavar="N")
    parser.add_argument("--mutants", action="store_true")
    args = parser.parse_args()
    if args.replay is not None:
        return replay(args.replay)
    if args.twice is not None:
        return twice(args.twice, args.seed * STEP)
    if args.mutants:
        return mutants(args.seed)
    begun: Begun | None = None
    if args.keep is not None and args.keep.exists():
        begun = pickle.loads(args.keep.read_bytes())
    first = args.seed * STEP + (SELLING_FROM if args.selling else 0)
    begun = begun or Begun(Sum(selling=args.selling))
    total = campaign(
        first, args.runs, processes=args.processes, told=Progress(args.runs, begun.total.runs),
        begun=begun, kept=lambda begun: keep(args.keep, begun),
    )  # fmt: skip
    print(file=sys.stderr)
    return 0 if report(total, begun.took) else 1


def keep(file: Path | None, begun: Begun) -> None:
    if file is not None:
        beside = file.with_suffix(".new")
        beside.write_bytes(pickle.dumps(begun))
        beside.replace(file)


class Progress:
    """One line that says how far it is, renewed every second."""

    def __init__(self, runs: int, begun: int = 0) -> None:
        self._runs = runs
        self._begun = begun
        self._started = self._last = time.monotonic()
        self._told = 0

    def __call__(self, total: Sum) -> None:
        for result in total.wrong[self._told :]:
            print(f"\r{said(result)}", file=sys.stderr, flush=True)
        self._told = len(total.wrong)
        now = time.monotonic()
        if now - self._last < 1.0 and total.runs < self._runs:
            return
        self._last = now
        rate = (total.runs - self._begun) / (now - self._started)
        left = (self._runs - total.runs) / rate
        line = f"{total.runs}/{self._runs} runs, {rate:.1f}/s, {left:.0f} s left, {len(total.wrong)} wrong"
        print(f"\r{line:70}", end="", file=sys.stderr, flush=True)


def said(result: Result) -> str:
    what = [str(wrong) for wrong in result.wrong[:4]] or [str(result.crashed)]
    kinds = "+".join(result.plan.kinds)
    return f"seed {result.plan.seed} ({result.plan.layout}, {result.plan.theme}, {kinds}): {'; '.join(what)}"


def report(total: Sum, took: float) -> bool:
    """Whether all is well."""
    t = total.tally
    hours = total.seconds / 3600
    print(
        f"{total.runs} runs, {t.jobs} jobs, {took:.0f} s ({total.runs / took:.1f} runs/s), {hours:.0f} simulated hours"
    )
    print(f"faults between accept and final: {total.faults} ({total.faults / max(1, total.runs):.1f} per run)")
    print(f"ends: {', '.join(f'{state} {count}' for state, count in t.states.most_common())}; done {t.done_share:.2%}")
    print(f"of them with money: {t.money.total()}, done {t.money_share:.2%}")
    print(f"decided by a person {t.by_person}; jobs on desks of our own {t.own}, of them human {t.own_human}; "
          f"jobs in runs counted apart {t.apart}")  # fmt: skip
    print(f"cells reached: {sum(count > 0 for count in total.cells.values())}")
    for result in total.wrong[:40]:
        print(said(result))
    for step, fault in total.empty:
        print(f"never reached: {step} {fault}")
    few = total.runs >= 1000 and t.done_share < 0.95
    if few:
        print("fewer than 95 % of the jobs are done")
    return not (total.wrong or total.empty or few)


def replay(seed: int) -> int:
    plan = plan_of(seed)
    print(plan)
    folder = memory_folder()
    try:
        for player in playing(folder):
            result = player.play(plan, tell=lambda line: print(line, end=""))
            print(f"trace {result.trace}, {result.faults} faults, {result.tally}")
            for wrong in result.wrong:
                print(wrong)
            return 1 if result.wrong else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 2


def mutants(seed: int) -> int:
    caught = hunt(seed=seed, told=lambda name, one: print(f"{name}: {one}", file=sys.stderr, flush=True))
    print(table(caught))
    return 0 if all(one is not None for one in caught.values()) else 1


def twice(runs: int, first: int) -> int:
    """The same seed gives the same trace, in another process, too."""
    traces = [campaign(first, runs).traces for _ in range(2)]
    differ = [seed for seed in traces[0] if traces[0][seed] != traces[1][seed]]
    print(f"{runs} runs twice: {len(differ)} differ {differ[:10]}")
    return 1 if differ else 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of words in the same order every time
        again = [sys.executable, "-m", "tests.chaos", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
