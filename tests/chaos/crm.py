"""The CRM and its people: jobs are posted, looked after, cancelled, renewed, decided; the feed is read.

It knows only what a CRM can know: its own requests and what the server says. Only the person who decides on a ``human``
job looks at the register itself, as a person does.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.crm.jobs import JobKind
from protocol.crm.outcomes import Decision
from server.problems import Problem
from server.services import jobs
from server.store import feed
from server.store.database import Work
from tests.chaos import people, selling
from tests.chaos.server import LIMITS, Down

if TYPE_CHECKING:
    from tests.chaos.template import Desk
    from tests.chaos.terminals import Terminal
    from tests.chaos.world import World

LOOK_EVERY = 5.0
START_WITHIN = 90
BEGS = 0.3
CORRECTED_BY = 900_001
"""The share of jobs waiting for a person that the CRM tries to cancel first."""
FINAL = frozenset({"done", "not_done", "cancelled", "rejected"})
RECEIPTS = frozenset({"receipt", *selling.SALES})
CASHIER = selling.CASHIER


@dataclass
class Order:
    """A job of the CRM and what has become of it."""

    job_id: str
    kkm_id: str
    kind: str
    payload: dict[str, Any]
    answered: bool = False
    refused: str | None = None
    cancelled: bool = False
    decisions: list[tuple[str, int | None]] = field(default_factory=list)


class Row(NamedTuple):
    """A job as the server shows it."""

    job_id: str
    state: str
    rev: int
    lease_no: int
    owed: bool
    waits: str | None


def imprint(tenant_id: str, job_id: str) -> str:
    return b32encode(sha256(f"{tenant_id}\x1f{job_id}".encode()).digest()).decode()[:13]


class Crm:
    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self.tenant_id = world.template.tenant_id
        self.orders: dict[str, Order] = {}
        self.events: list[tuple[int, dict[str, Any]]] = []
        self._cursor = 0
        self._epoch = 0
        self._busy: set[str] = set()
        self._asking = len(world.plan.kinds)
        self.ended = not world.plan.kinds
        """At the last look every job that was asked for was final."""

    @property
    def all_asked(self) -> bool:
        return self._asking == 0

    @property
    def refused(self) -> int:
        """Orders that the server has refused to take."""
        return sum(order.refused is not None for order in self.orders.values())

    async def run(self) -> None:
        for n, kind in enumerate(self._world.plan.kinds, 1):
            if kind in selling.AFTER:
                self._world.loop.create_task(self._bring_back(n, kind))
                continue
            order = self._order(n, kind)
            self.orders[order.job_id] = order
            self._world.loop.create_task(self._post(order, self._random.uniform(0.0, 3.0) + 2.0 * (n - 1)))
        waited = 0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            waited += 1
            if self._world.listening and (self._s_news() or waited >= 6):
                waited = 0
                self._look()
                await self.read_feed()

    def _s_news(self) -> bool:
        server = self._world.server
        news, server.news = server.news, False
        return news

    def _look(self) -> None:
        rows = self._rows()
        self.ended = len(rows) == len(self.orders) and all(row.state in FINAL for row in rows)
        for row in rows:
            self._look_after(row)
        known = {row.job_id for row in rows}
        for order in self.orders.values():  # a restored server has forgotten it
            if order.answered and order.job_id not in known and order.job_id not in self._busy:
                self._start(order.job_id, self._post_again(order))

    # --- what is asked for

    def _desk(self, n: int) -> Desk:
        desks = self._world.template.layout.desks
        return desks[(n - 1) % len(desks)]

    async def _bring_back(self, n: int, kind: str) -> None:
        """What the last job that took money has taken, once that is done; nothing when it has ended otherwise."""
        before = [order for order in self.orders.values() if order.kind == selling.AFTER[kind]]
        row: dict[str, Any] = {}
        while before and row.get("state") not in FINAL:
            await asyncio.sleep(LOOK_EVERY)
            row = self.row(before[-1].job_id)
        paid = selling.paid_by(row) if row else None
        if paid is None:
            self._asking -= 1
            return
        order = self._order(n, kind, before[-1], paid)
        self.orders[order.job_id] = order
        await self._post(order, 0.0)

    def row(self, job_id: str) -> dict[str, Any]:
        """The job as the server shows it; empty when it has none."""
        names = ("kind", "state", "proof", "steps", "evidence", "reason")
        found = self._world.look(f"SELECT {', '.join(names)} FROM jobs WHERE job_id = ?", job_id)
        told = dict(zip(names, found[0], strict=True)) if found else {}
        return {name: json.loads(told[name] or "null") if name in names[2:] else told[name] for name in told}

    def _order(self, n: int, kind: str, before: Order | None = None, paid: Any = None) -> Order:
        desk = self._desk(n)
        payload: dict[str, Any]
        rates = self._world.registers[desk.kkm_id].make.rates
        if before is not None:
            desk = next(
                each for each in self._world.template.layout.desks if before.kkm_id in (each.kkm_id, each.terminal)
            )
        match kind:
            case "sale":
                payload = selling.sale(n, self._random, rates)
            case "payment":
                payload = selling.payment(n, self._random)
            case "refund":
                payload = selling.refund(n, paid)
            case "void":
                payload = selling.void(paid)
            case "sale_refund":
                payload = selling.sale_refund(n, paid, rates)
            case "receipt":
                payload = self._receipt(n, rates)
            case "cash_in" | "cash_out":
                # A digit of its own in base four: the drawer tells which were done, and how often.
                payload = {"amount": f"{4**n}.00", **CASHIER}
            case "open_shift" | "close_shift":
                payload = dict(CASHIER)
            case "print_text":
                payload = {"lines": [{"text": f"Заказ {n}"}]}
            case "document":
                payload = {"fd": 1}
            case _:
                payload = {}
        at = desk.terminal if kind in selling.AT_TERMINAL else desk.kkm_id
        assert at is not None
        return Order(f"j{n}", at, kind, payload)

    def _receipt(self, n: int, rates: Sequence[str]) -> dict[str, Any]:
        random = self._random
        items = [
            {
                "name": f"Кабель №{n}",
                "price": f"{100 + n}.{random.randrange(100):02d}",
                "quantity": random.choice(("1", "2", "1.5")),
                "vat": random.choice(rates),
                "payment_method": "full_payment",
                "payment_object": "commodity",
            }
            for _ in range(random.choice((1, 1, 2)))
        ]
        for item in items:
            if item["quantity"] == "1.5":
                item["unit"] = "kilogram"
        total = sum(_cost(item) for item in items)
        pays = random.choice(("cash", "card"))
        return {
            "type": "sell",
            "taxation": "osn",
            **CASHIER,
            "items": items,
            "payments": [{"type": pays, "amount": f"{total // 100}.{total % 100:02d}"}],
        }

    def totals(self) -> list[int]:
        """Kopecks that another program may happen to sell for, too."""
        sums = [10_000]
        for order in self.orders.values():
            if order.kind == "receipt":
                sums.append(int(order.payload["payments"][0]["amount"].replace(".", "")))
        return sums

    def sums(self) -> list[int]:
        """Kopecks that somebody else may happen to pay at a terminal; where another program works at the desk, too,
        they may be just those that somebody here asks for."""
        ours = [people.sum_of(order) for order in self.orders.values()] if self._world.shared else []
        return [10_000, *ours]

    async def _post(self, order: Order, after: float) -> None:
        await asyncio.sleep(after)
        asked = jobs.JobPost(
            job_id=order.job_id, kkm_id=order.kkm_id, kind=JobKind(order.kind), start_within_s=START_WITHIN,
            order_ref=f"order {order.job_id}", payload=order.payload,
        )  # fmt: skip
        times = 2 if self._random.random() < 0.1 else 1
        while times:
            try:
                await self.request("post", lambda work: jobs.post(work, self._s.world, LIMITS, self.tenant_id, asked))
                order.answered = True
                times -= 1
            except Problem as problem:
                order.refused = problem.code
                break
        self._asking -= 1
        if self._random.random() < self._world.plan.renews:
            await self._renew(order, 1)
        if self._random.random() < self._world.plan.cancels:
            await asyncio.sleep(self._random.choice((0.0, 0.5, 3.0, 30.0)))
            await self._cancel(order)

    async def _cancel(self, order: Order) -> None:
        order.cancelled = True
        try:
            await self.request("cancel", lambda work: jobs.cancel(work, self._s.world, self.tenant_id, order.job_id))
        except Problem:
            return

    @property
    def _s(self) -> Any:
        return self._world.server.services

    async def request(self, what: str, work: Any) -> Any:
        """Repeated until it is answered, as every client must."""
        while True:
            try:
                if self._world.listening:
                    return await self._world.server.serve(what, work)
            except Down:
                pass
            await asyncio.sleep(self._random.choice((0.5, 2.0, 5.0)))

    # --- what is looked after

    def _rows(self) -> list[Row]:
        asked = "SELECT job_id, state, rev, lease_no, owed, waits FROM jobs ORDER BY id"
        return [Row(*row) for row in self._world.look(asked)]

    def _look_after(self, row: Row) -> None:
        job_id = row.job_id
        if job_id in self._busy or job_id not in self.orders:
            return
        if row.state == "held":
            self._start(job_id, self._renew_or_cancel(self.orders[job_id], row.lease_no))
        elif row.state == "human":
            self._start(job_id, self._decide(self.orders[job_id], row.rev))
        elif row.waits is not None and row.state not in FINAL:
            self._start(job_id, self._choose(self.orders[job_id], row.waits, row.rev))

    def _start(self, job_id: str, work: Any) -> None:
        async def busy() -> None:
            try:
                await work
            finally:
                self._busy.discard(job_id)

        self._busy.add(job_id)
        self._world.loop.create_task(busy())

    async def _post_again(self, order: Order) -> None:
        await asyncio.sleep(20.0)
        self._asking += 1
        await self._post(order, 0.0)

    async def _renew_or_cancel(self, order: Order, lease_no: int) -> None:
        await asyncio.sleep(self._random.choice((1.0, 10.0)))
        moved_money = (self.row(order.job_id).get("reason") or {}).get("code") == "moved_money"
        at_terminal = order.kind in selling.AT_TERMINAL
        if moved_money and (at_terminal or self._printed(order)[0] is Decision.NOT_DONE):
            people.gave_back_by_hand(self._beside(order), people.paid_at(order))
        if moved_money or self._random.random() < self._world.plan.cancels:
            await self._cancel(order)
            return
        await self._renew(order, lease_no)

    async def _renew(self, order: Order, lease_no: int) -> None:
        asked = jobs.Renewal(start_within_s=START_WITHIN, lease_no=lease_no)
        try:
            await self.request(
                "renew", lambda work: jobs.renew(work, self._s.world, self.tenant_id, order.job_id, asked)
            )
        except Problem:
            return

    async def _decide(self, order: Order, rev: int) -> None:
        """A person looks at the register and says what is true; now and then the CRM has tried to cancel before."""
        if self._random.random() < BEGS:
            await self._cancel(order)
        await asyncio.sleep(self._random.choice((5.0, 30.0)))
        decision, fd = self.truth(order)
        desk = next(d for d in self._world.template.layout.desks if order.kkm_id in (d.kkm_id, d.terminal))
        if desk.imprint and order.kind == "receipt" and self._random.random() < 0.15:  # the register knows better
            decision, fd = (Decision.NOT_DONE, None) if decision is Decision.DONE else (Decision.DONE, None)
        await self._say(order, decision.value, rev, fd)

    async def _choose(self, order: Order, waits: str, rev: int) -> None:
        """How a sale goes on that waits for a person."""
        await asyncio.sleep(self._random.choice((5.0, 30.0)))
        choice = people.chosen(waits, self._random)
        if waits in people.OF_A_COPY:
            choice = people.sees(self._beside(order), order, self.row(order.job_id).get("steps") or (), choice)
        await self._say(order, choice, rev, None)

    async def _say(self, order: Order, decision: Any, rev: int, fd: int | None) -> None:
        asked = jobs.Resolution(decision=decision, person="Управляющий", reason="сверено с лентой", rev=rev, fd=fd)
        order.decisions.append((decision, fd))  # before: it may be followed though nobody has heard that it was taken
        try:
            await self.request(
                "resolve", lambda work: jobs.resolve(work, self._s.world, self.tenant_id, order.job_id, asked)
            )
            await asyncio.sleep(60.0)
        except Problem:
            order.decisions.remove((decision, fd))

    def truth(self, order: Order) -> tuple[Decision, int | None]:
        evidence = self.row(order.job_id).get("evidence") or {}
        if evidence.get("case") == "left_owed":
            return Decision.DONE, CORRECTED_BY
        money = people.money_asked(order, evidence)
        if money is not None:
            return people.money_moved(self._beside(order), *money), None
        if order.kind in selling.AT_TERMINAL:
            return Decision.NOT_DONE, None
        if order.kind in selling.SALES and "step" not in evidence:
            return self._whole_sale(order), None
        return self._printed(order)

    def _beside(self, order: Order) -> Terminal:
        """The terminal of the desk that the order is for."""
        desks = self._world.template.layout.desks
        at = next(desk.terminal for desk in desks if order.kkm_id in (desk.kkm_id, desk.terminal))
        assert at is not None
        return self._world.terminals[at]

    def _whole_sale(self, order: Order) -> Decision:
        """That another journal may have begun. Where there is no receipt the money goes back by hand."""
        decision, _ = self._printed(order)
        if decision is Decision.NOT_DONE:
            people.gave_back_by_hand(self._beside(order), people.paid_at(order))
        return decision

    def _printed(self, order: Order) -> tuple[Decision, int | None]:
        register = self._world.registers[order.kkm_id]
        counters = register.memory.counters
        if order.kind in ("cash_in", "cash_out"):
            moved = counters.cash_in if order.kind == "cash_in" else counters.cash_out
            n = int(order.job_id[1:])
            return (Decision.DONE if moved // 100 // 4**n % 4 else Decision.NOT_DONE), None
        wanted = imprint(self.tenant_id, order.job_id)
        for dumped in register.dumps():
            for document in dumped["documents"]:
                if document["type"] == "receipt" and self._is(order, document["tags"], wanted):
                    return Decision.DONE, document["fd"]
        return Decision.NOT_DONE, None

    def _is(self, order: Order, tags: dict[str, Any], wanted: str) -> bool:
        """By the imprint, and where there is none by the name of the first line, which is the order's own."""
        value = tags.get("1084", {}).get("1086")
        if isinstance(value, str):
            return value.endswith(wanted)
        return bool(order.kind in RECEIPTS and tags["1059"][0]["1030"] == order.payload["items"][0]["name"])

    # --- what is read

    def server_replaced(self) -> None:
        """The database is another one now: a cursor into the old one says nothing."""
        self._epoch += 1
        self._cursor = 0
        self.ended = False

    async def read_feed(self) -> None:
        async def read(work: Work) -> list[dict[str, Any]]:
            rows = await feed.after(work, self.tenant_id, self._cursor, 500)
            return [
                {"id": r.id, "event_id": r.event_id, "type": r.type, "job_id": r.job_id, "data": r.data} for r in rows
            ]

        if not self._world.listening:
            return
        server = self._world.server
        try:
            async with server.database.read() as work:
                found = await read(work)
        except BaseException:
            if server.process.alive:
                raise
            return
        for event in found:
            self._cursor = event.pop("id")
            self.events.append((self._epoch, json.loads(json.dumps(event, default=str))))


def _cost(item: dict[str, Any]) -> int:
    whole, _, part = item["price"].partition(".")
    thousandths = {"1": 1000, "2": 2000, "1.5": 1500}[item["quantity"]]
    return (int(whole) * 100 + int(part)) * thousandths * 2 // 1000 + 1 >> 1
