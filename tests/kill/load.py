"""Customers of the killed shop: jobs of every kind burst after burst, at registers that lose answers meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.e2e.shop import Till
from tests.kill.shop import KillShop
from tests.soak.customers import Customers, roubles

Json = dict[str, Any]

FAULTS = (
    # fault                                                     how often
    ("answer-lost:command={close}",                              6),
    ("answer-lost:command={close},stored=no",                    8),
    ("answer-lost:command={fill},stored=no",                     6),
    ("answer-lost:command={open_shift},stored=no",               2),
    ("answer-lost:command={close_shift},stored=no",              2),
    ("answer-lost:command={cash_in},stored=no",                  4),
    ("answer-lost:command={cash_out},stored=no",                 2),
    ("answer-lost:command={open_drawer},stored=no",              4),
    ("answer-lost:command={read_document},stored=no",            2),
    ("late:command={close},seconds=1.5",                         3),
    ("slow:command={close},seconds=1",                           3),
    ("mute:command={fill},seconds=1",                            2),
    ("power:command={close},when=before,off=1",                  3),
    ("power:command={close},when=after,off=1",                   3),
    ("refuse:command={cash_in},error=6B",                        2),
    ("nak:command={close}",                                      1),
    ("busy:command={close},times=2",                             1),
)  # fmt: skip

KINDS = (
    # kind                 how often
    ("receipt",             70),
    ("cash_in",              8),
    ("cash_out",             4),
    ("close_shift",          3),
    ("open_shift",           2),  # often already open: impossible
    ("x_report",             3),
    ("open_drawer",          4),
    ("print_text",           2),
    ("device_status",        4),
)  # fmt: skip

FAULTY = 0.5  # of the bursts
LONGEST_BURST = 3


@dataclass
class Load:
    """One thread per register. ``wanted``: whether more is to be posted; a burst that was begun is waited for."""

    shop: KillShop
    random: Random
    wanted: Callable[[], bool]
    failures: list[BaseException] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for till in self.shop.load:
            seed = self.random.random()
            thread = threading.Thread(target=self._living, args=(till, Random(seed)), name=f"load {till.kkm_id}")
            self.threads.append(thread)
            thread.start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join()

    def _living(self, till: Till, random: Random) -> None:
        customers = Customers(random)
        try:
            while self.wanted():
                self._burst(till, random, customers)
            till.tell("no-faults")
            if till.memory.drive.shift_open:
                self.shop.over(self.shop.ask(till, "close_shift"))
        except BaseException as error:
            self.failures.append(error)

    def _burst(self, till: Till, random: Random, customers: Customers) -> None:
        till.tell("no-faults")
        if random.random() < FAULTY:
            names, weights = zip(*FAULTS, strict=True)
            fault = random.choices(names, weights)[0].format(**self.shop.rig.family.commands)
            till.tell(f"fault {fault}")
        drawer, jobs = till.memory.counters.drawer, []
        for _ in range(random.randint(1, LONGEST_BURST)):
            names, weights = zip(*KINDS, strict=True)
            kind = random.choices(names, weights)[0]
            payload, drawer = self._payload(kind, random, customers, drawer)
            more = {"order_ref": f"order {random.random()}"} if kind == "receipt" else {}
            jobs.append(self.shop.ask(till, kind, payload, **more))
        for job_id in jobs:
            self.shop.over(job_id)

    @staticmethod
    def _payload(kind: str, random: Random, customers: Customers, drawer: int) -> tuple[Json, int]:
        """The payload, and what the drawer is then known to hold at least."""
        match kind:
            case "receipt":
                made, gained = customers.receipt(drawer)
                return made, drawer + min(0, gained)
            case "cash_in":
                return {"amount": roubles(random.randint(1, 1_000_000))}, drawer
            case "cash_out" if drawer > 100:
                amount = random.randint(1, drawer // 2)
                return {"amount": roubles(amount)}, drawer - amount
            case "cash_out":
                return {"amount": "0.01"}, 0
            case "print_text":
                return {"lines": [{"text": f"Заказ {random.randrange(10000)} готов"}]}, drawer
        return {}, drawer
