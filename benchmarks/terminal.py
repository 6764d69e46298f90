"""How long a receipt takes while a card terminal at the same PC hangs, against one beside a terminal at rest.

The terminal takes a payment and never answers; its lane waits for it as long as its profile says, three minutes. What
is timed is the register's receipt, from the CRM's POST to the event that tells its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks.neighbour import timed
from benchmarks.rows import Options, Row, at_most
from tests.e2e.shop import open_shop
from tests.e2e.terminals import PATIENT_ZVT, terminal
from tests.support.vendor_family import RECEIPT

ROUNDS = 30
HANGS = "10.04"  # the kopecks steer the simulated terminal


def measure(options: Options) -> Iterator[Row]:
    with open_shop(options.scratch) as shop:
        till, ill = shop.till("41"), terminal(shop, "t1", family=PATIENT_ZVT)
        shop.pc(till, ill)
        shop.start(till, ill)
        till.do("receipt", RECEIPT)  # the shift is open, everything is loaded
        rounds = options.count(ROUNDS, 2)
        beside_quiet = [timed(shop, till) for _ in range(rounds)]
        payment = ill.post("payment", {"amount": HANGS})
        shop.rig.until(lambda: shop.rig.job(payment)["state"] == "started", 20, "the payment has begun")
        beside_ill = [timed(shop, till) for _ in range(rounds)]
        state = shop.rig.job(payment)["state"]
        if state != "started":
            raise RuntimeError(f"the payment beside: {state}")
        options.say(f"  {median(beside_ill) * 1e3:.1f} ms, beside a quiet one {median(beside_quiet) * 1e3:.1f} ms")
        yield Row(
            "beside_a_hanging_terminal",
            median(beside_ill) * 1e3,
            median(beside_quiet) * 1e3,
            "ms",
            at_most(1.1),
            rounds,
            "the same receipt beside a terminal at rest",
            "",
        )
