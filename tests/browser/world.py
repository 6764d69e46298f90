"""A shop in which every page has something to show: a desk with register and terminal, another whose receipts nobody
can tell apart, one without a register; receipts, sales, a decision, a held job, a webhook."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser

from tests.browser.site import Site
from tests.e2e.shop import QUICK, Shop, Till
from tests.e2e.terminals import terminal
from tests.e2e.test_support import says
from tests.protocol.ffd.payloads import item, payload

Json = dict[str, Any]
HOSTILE = "<img src=x onerror=alert(1)> & «\"'»"
"""A name that would act if a page wrote it as it is."""


class World:
    """``site``: its people and their browsers. Another program prints on the registers ``shared`` and ``open``, too:
    the first is held by a doubt that stays, the second is for tests to decide."""

    def __init__(self, shop: Shop, browser: Browser, strange: str = HOSTILE) -> None:
        self.shop, self.site = shop, Site(shop, browser)
        self.register, self.shared, self.open = shop.till("17"), shop.till("18"), shop.till("19")
        self.terminal = terminal(shop, "t17", pace=0.8)
        shop.rig.put("/desks", {"desk_id": "front", "name": "У входа", "kkm_id": "17", "terminal_kkm_id": "t17"})
        for desk_id, name, kkm_id in (("back", "Склад", "18"), ("yard", "Во дворе", "19")):
            both = {"exclusive": False, "imprint": False}
            shop.rig.put("/desks", {"desk_id": desk_id, "name": name, "kkm_id": kkm_id, **both})
        shop.rig.put("/devices", {"kkm_id": "99", "name": strange})
        self.agent_id = shop.pc(self.register, self.shared, self.open, self.terminal, profile=QUICK)
        shop.start(self.register, self.shared, self.open, self.terminal)
        self.site.meet()
        self.webhook = shop.rig.post("/webhooks", {"url": "http://127.0.0.1:9/crm", "description": strange})

    def fill(self) -> None:
        """One of everything."""
        for till in (self.shared, self.open):
            till.do("open_shift")
        self.receipt = self.sells("Замена дисплея", "1250.00", order_ref="1042")
        self.sale = self.pays("4500.00")
        self.declined = self.pays("300.01")
        self.owed = self.owes("920.00")
        self.doubt = self.looks_alike(self.shared, "640.00")
        self.held = self.holds()
        self.gives_away(self.doubt, self.sale)

    def gives_away(self, *jobs: str) -> None:
        """Somebody at the PC sends support a bundle about these jobs."""
        named = [word for job in jobs for word in ("--job", job)]
        says(self.shop, "bundle", "--send", "--yes", "--person", "Иванова М.", *named)

    def sells(self, name: str, sum_: str, **more: Any) -> str:
        what = payload({**item(sum_, vat="vat22"), "name": name}, cash=sum_)
        return str(self.shop.ended(self.register.post("receipt", what, **more))["job_id"])

    def pays(self, sum_: str) -> str:
        return str(self.shop.ended(self.charge(sum_))["job_id"])

    def charge(self, sum_: str) -> str:
        cards = [{"type": "card", "amount": sum_}]
        return self.register.post("sale", payload(item(sum_), payments=cards))

    def owes(self, sum_: str) -> str:
        """The card is charged, and the register refuses the receipt for good."""
        self.register.tell("fault refuse:command=FF45,error=33,times=3")
        job_id = self.charge(sum_)
        self.shop.rig.until(lambda: self.shop.rig.job(job_id)["owed"], 60, "owed")
        return job_id

    def looks_alike(self, till: Till, sum_: str) -> str:
        """The answer is lost while another program makes a receipt of the same sum: nobody can tell which is whose."""
        self.shop.rig.until(lambda: not till.view()["exclusive"], 30, "the desk is shared")
        last = till.documents()[-1]["fd"]
        till.tell(f"fault foreign:after={last + 1},total={sum_}")
        till.tell("fault answer-lost:command=FF45,stored=no")
        job_id = till.post("receipt", payload(item(sum_), cash=sum_))
        self.shop.rig.settled(job_id, 90, {"human"})
        return job_id

    def holds(self) -> str:
        """The register is off until the job's time has passed."""
        self.register.tell("power-off")
        job_id = self.register.post("receipt", payload(item("10.00"), cash="10.00"), start_within_s=2)
        self.shop.rig.settled(job_id, 60, {"held"})
        self.register.tell("power-on")
        return job_id
