"""How long a receipt takes while the vendor's host of another register goes wrong, against one beside a quiet one.

Both registers stand at one PC: one behind its maker's library, whose host hangs, crashes or eats memory in the middle
of a receipt (``tests.support.unruly_host``), one with a driver of ours. What is timed is the second one's receipt, from
the CRM's POST to the event that tells its end. It has to have the library (``tests.support.vendor_library``).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.rows import Options, Row, at_most
from tests.e2e.shop import Shop, Till, open_shop
from tests.support import unruly_host
from tests.support.rig import FAST
from tests.support.vendor_family import RECEIPT, behind_library
from tests.support.vendor_library import USED, path_of

ROUNDS = 40
WAYS = ("hang", "crash", "eat")
REST = 0.7
"""Seconds of quiet before each receipt: whatever the one before it has left to be done is done."""
PATIENT = FAST.replace("close = 4.0", "close = 600.0")  # a hang lasts until it is ended here


def measure(options: Options) -> Iterator[Row]:
    if path_of(USED) is None:
        options.say(f"  left out: {USED.variable} is not set (python -m tests.support.vendor_library)")
        return
    for way in WAYS:
        folder = options.scratch / way
        folder.mkdir()
        with open_shop(folder) as shop:
            yield _row(shop, way, options)


def _row(shop: Shop, way: str, options: Options) -> Row:
    host = shop.rig.folder / "host"
    ill = shop.till("40", family=behind_library(unruly_host.launcher(host)))
    well = shop.till("41")
    shop.pc(ill, well, profile=PATIENT)
    shop.start(ill, well)
    for till in (ill, well):
        till.do("receipt", RECEIPT)  # the shift is open, everything is loaded
    beside_quiet: list[float] = []
    beside_ill: list[float] = []
    for _ in range(options.count(ROUNDS, 1)):
        beside_quiet.append(timed(shop, well))
        unruly_host.order(host, way)
        job = ill.post("receipt", RECEIPT)
        while not (host / unruly_host.GONE_WRONG).exists():
            time.sleep(0.001)
        beside_ill.append(timed(shop, well, rest=REST if way == "hang" else 0.0))
        if way == "hang":
            os.kill(unruly_host.pid(host), signal.SIGKILL)
        ended = shop.ended(job, 120)
        if ended["state"] != "done":
            raise RuntimeError(f"the receipt beside: {ended['state']}, {ended['reason']}")
    options.say(f"  {way}: {median(beside_ill) * 1e3:.1f} ms, beside a quiet one {median(beside_quiet) * 1e3:.1f} ms")
    return Row(
        f"neighbour_{way}",
        median(beside_ill) * 1e3,
        median(beside_quiet) * 1e3,
        "ms",
        at_most(1.1) if way == "hang" else None,
        len(beside_ill),
        "the same receipt beside a quiet register",
        "" if way == "hang" else "a new host is started meanwhile, on the same processors",
    )


def timed(shop: Shop, till: Till, rest: float = REST) -> float:
    time.sleep(rest)
    begun = time.perf_counter()
    job = till.post("receipt", RECEIPT)
    ended = shop.feed.ended(job, 60.0, {"done"})
    took = time.perf_counter() - begun
    if not ended:
        raise RuntimeError(f"{job} was not done within a minute")
    return took
