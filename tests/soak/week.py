"""A week of the shop, day by day: what the customers, the owner and bad luck do. Days 6 and 7 are a weekend."""

from __future__ import annotations

from random import Random
from typing import Any

from server.services import jobs
from tests.soak.customers import Customers
from tests.soak.shop import Shop, Wanted

CASHIER: dict[str, Any] = {"cashier": {"name": "Кассир Петров С."}}
SHARES = {1: 18, 2: 18, 3: 14, 4: 16, 5: 16}  # per cent of the receipts; what is left comes on day 8
QUEUE = 10  # customers at a time

LOST_RECEIPT = (
    "answer-lost:command=FF45,nth=3",
    "answer-lost:command=FF45,nth=2,drop=no,stored=no",
    "answer-lost:command=FF46,nth=4",
    "answer-lost:command=FF45,nth=4,stored=no",
    "answer-lost:command=8D,nth=5,drop=no",
    "answer-lost:command=89,nth=6",
)
"""What a queue of receipts meets: the answer to the close, to a line, to the opening, to the subtotal."""


class Week:
    def __init__(self, shop: Shop, receipts: int, seed: int) -> None:
        self.shop = shop
        self.receipts = receipts
        self.made = 0
        self.lost = 0
        self._random = Random(seed)
        self._customers = Customers(Random(seed + 1))
        self._jobs = 0
        self._losses = iter(LOST_RECEIPT * 10)

    def run(self) -> None:
        for day in (self._monday, self._tuesday, self._wednesday, self._thursday, self._friday, self._next_monday):
            day()

    # --- the days

    def _monday(self) -> None:
        """An ordinary day, closed at nine; the roll ends while nothing is printed."""
        shop = self.shop
        shop.policy(close_at="21:00")
        shop.live(60)
        self._others("cash_in", amount="5000.00")
        self._rush(self._share(1) // 2, lost=1)
        shop.script("paper-out")
        shop.live(130)
        shop.notice("paper_out", paper="absent")
        shop.script("paper-in")
        shop.live(70)
        shop.notice("paper_back", paper="present")
        shop.doze(1, 19)
        self._rush(self._share(1) - self._share(1) // 2, lost=1)
        self._others("x_report")
        shop.doze(1, 20, 50)
        shop.live_until(1, 21, 3)
        shop.notice("closed", shift="closed")
        self._late_jobs(day=2, hour=9)

    def _tuesday(self) -> None:
        """The operator is out of reach from noon on. In the evening the desk closes nothing by itself any more."""
        shop = self.shop
        self._rush(self._share(2) // 2, lost=1)
        shop.doze(2, 12)
        shop.live(40)
        shop.script("ofd-off")
        self._rush(self._share(2) - self._share(2) // 2, lost=1)
        shop.live(70)
        self._notice_ofd()
        self._others("cash_out", amount="99999999.00")  # there is not so much in the drawer
        self._others("cash_out", amount="1000.00")
        shop.policy(close_at=None, before_24h="manual")

    def _wednesday(self) -> None:
        """The shift has expired over night, and customers wait already when the PC comes on."""
        shop = self.shop
        shop.switch_off()
        shop.hours.sleep(shop.hours.until(3, 14))
        waiting = self._queue(5)
        shop.post(*waiting)
        shop.switch_on()
        shop.settle([one.job_id for one in waiting])
        self.made += 5
        shop.policy(close_at=None)
        self._rush(self._share(3) - 5, lost=1)
        self._others("x_report")
        shop.live(70)
        self._notice_ofd()

    def _thursday(self) -> None:
        """The PC comes on in time for the shift's 24 hours. The server is restarted. At night the register's clock is
        put on by an hour."""
        shop = self.shop
        shop.night(4, 13, 15)
        shop.live_until(4, 13, 45)
        shop.notice("closed", shift="closed")
        shop.policy(close_at="20:00")
        self._rush(self._share(4) // 2, lost=1)
        shop.restart_server()
        self._rush(self._share(4) - self._share(4) // 2, lost=1)
        shop.doze(4, 19, 50)
        shop.live_until(4, 20, 3)
        shop.script("clock +1h")
        shop.live(70)
        shop.notice("clock", drift_s=3600)

    def _friday(self) -> None:
        """The CRM opens and closes the shift itself; an hour ahead all the day, put right at night."""
        shop = self.shop
        shop.night(5, 9)
        self._others("open_shift", **CASHIER)
        self._rush(self._share(5), lost=2)
        self._others("cash_in", lost="answer-lost:command=50", amount="300.00", **CASHIER)
        self._others("cash_out", lost="answer-lost:command=51,drop=no", amount="200.00", **CASHIER)
        self._others("document", fd=shop.last_fd)
        self._others("close_shift", lost="answer-lost:command=FF43", **CASHIER)
        shop.script("clock -1h")
        shop.live(70)
        shop.notice("clock", drift_s=0)
        self._notice_ofd()

    def _next_monday(self) -> None:
        """The operator has been silent for more than five days, and comes back. The drive's memory is nearly full."""
        shop = self.shop
        shop.night(8, 12, 30)
        shop.live(70)
        self._notice_ofd(warning="ofd_overdue")
        shop.script("ofd-on")
        shop.live(130)
        shop.notice("ofd", unsent=0)
        self._others("device_status")
        self._rush(self.receipts - self.made, lost=2)
        self._others("x_report")
        shop.live(130)
        shop.notice("fn", warning="memory")
        shop.doze(8, 19, 50)
        shop.live_until(8, 20, 3)
        shop.notice("closed", shift="closed")

    # --- parts of a day

    def _share(self, day: int) -> int:
        return self.receipts * SHARES[day] // 100

    def _queue(self, count: int) -> list[Wanted]:
        drawer, wanted = self.shop.drawer, []
        for _ in range(count):
            payload, gained = self._customers.receipt(drawer)
            drawer += gained
            wanted.append(Wanted(self._next("r"), "receipt", payload))
        return wanted

    def _rush(self, count: int, *, lost: int) -> None:
        """Customers in queues of ten; the first ``lost`` full queues meet a lost answer each."""
        while count:
            queue = self._queue(min(QUEUE, count))
            if lost and len(queue) == QUEUE:
                lost -= 1
                self._lose(next(self._losses))
            self.shop.post(*queue)
            self.shop.settle([one.job_id for one in queue])
            self.shop.live(self._random.choice((5, 20, 60)))
            count -= len(queue)
            self.made += len(queue)

    def _others(self, kind: str, *, lost: str | None = None, **payload: Any) -> None:
        if lost is not None:
            self._lose(lost)
        wanted = Wanted(self._next("o"), kind, payload)
        self.shop.post(wanted)
        self.shop.settle([wanted.job_id])

    def _late_jobs(self, *, day: int, hour: int) -> None:
        """Three orders come when the PC is off. In the morning the CRM asks anew for two and drops one."""
        shop = self.shop
        late = self._queue(3)
        shop.switch_off()
        shop.post(*late, start_within=60)
        shop.hours.sleep(shop.hours.until(day, hour))
        shop.tick_server()
        shop.switch_on()
        shop.crm(jobs.cancel, late[2].job_id)
        for one in late[:2]:
            shop.crm(jobs.renew, one.job_id, jobs.Renewal(start_within_s=600))
        shop.settle([one.job_id for one in late[:2]])
        self.made += 2

    def _notice_ofd(self, warning: str | None = None) -> None:
        drive = self.shop.device.register.drive
        now = self.shop.device.register.now()
        first = drive.first_unsent(now)
        assert first is not None
        told = {"unsent": drive.unsent(now), "first_fd": first.fd, "first_at": first.at.isoformat()}
        self.shop.notice("ofd", **told, **({"warning": warning} if warning else {}))

    def _lose(self, fault: str) -> None:
        self.shop.device.inject(fault)
        self.lost += 1

    def _next(self, letter: str) -> str:
        self._jobs += 1
        return f"{letter}{self._jobs:05d}"
