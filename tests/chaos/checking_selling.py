"""A sale written down by hand, beside the shop of ``checking_example``, and how it is spoiled: two cards, both charged,
and the receipt; or one of its other courses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.chaos.checker import Terminal
from tests.chaos.checking_example import Doc, Shop, receipt

CARDS = ("60.00", "62.00")
WRITTEN = {"undoing": None, "halted": False, "choice": None, "waits": None, "owed": False}


class Sale:
    """``sold`` on register 17 of PC A, its money at terminal ``t1``. Each method is a step; the books are right as long
    as the steps are."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.book: list[Doc] = []
        self.settled = 0
        self.steps: list[Doc] = []
        self.n = 0
        shop.policy("A", "17", "open_shift")
        payload = receipt("sold") | {"payments": [{"type": "card", "amount": amount} for amount in CARDS]}
        shop.post("sold", "sale", "17", payload)
        shop.jobs["sold"].update(total=12200, owed=0, steps=self.steps)
        shop.job("A", "sold", "offer", "accepted")
        self.write()

    def write(self) -> None:
        """The terminal's book is one of the records."""
        self.shop.more["terminals"] = [Terminal("t1", self.book, self.settled)]

    # --- the bank

    def books(self, kind: str, amount: str, original: str = "") -> Doc:
        n = len(self.book) + 1
        entry = {"kind": kind, "amount": amount, "asked": amount, "rrn": f"r{n}", "auth_code": f"a{n}", "number": n,
                 "terminal": "T1", "origin": "host", "original": original, "approved": True,
                 "moment": self.shop.tick()}  # fmt: skip
        self.book.append(entry)
        return entry

    def settles(self) -> None:
        self.settled += 1
        self.write()

    # --- the journal

    def sale(self, event: str, state: str, **changes: Any) -> None:
        before = self.shop.row("A", "sold") or {}
        sale = {**WRITTEN, **(before.get("sale") or {}), **changes.pop("sale", {})}
        self.shop.job("A", "sold", event, state, sale=sale, **changes)

    def part(self, step: str, event: str, state: str, **changes: Any) -> None:
        before = self.shop.row("A", f"sold/{step}{self.n}")
        kkm_id = "17" if step == "receipt" else "t1"
        row = before or {
            "job_id": f"sold/{step}{self.n}", "kkm_id": kkm_id, "kind": step, "rev": 0, "attempt": 0, "closing": False,
            "start_by": (self.shop.now + timedelta(seconds=600)).isoformat(), "binding_epoch": 1, "snapshot": None,
            "outcome": {}, "archived": True, "movement": None,
        }  # fmt: skip
        told = {**row, "state": state, "rev": row["rev"] + (state != row.get("state")), **changes}
        self.shop._write("A", "job", told["job_id"], kkm_id, {"event": event, "job": told})

    def together(self, *writes: Callable[[], object]) -> None:
        """In one transaction."""
        rows = self.shop.books["A"].rows
        first = len(rows)
        for write in writes:
            write()
        for row in rows[first:]:
            row["at"] = rows[first]["at"]

    def begins(self, step: str, charge: int | None = None, *, reference: int = 0) -> None:
        """INTENT of a part, and of the sale with the first one."""
        self.n += 1
        told = {"step": step, "n": self.n, "charge": charge, "moves": step == "payment", "at": ""}
        movement = {"reference": reference or self.n} if charge is not None else None
        snapshot = self.shop.snapshot("17") if step == "receipt" else None
        if self.shop.jobs["sold"]["state"] == "accepted":
            self.sale("intent", "started", attempt=1)
        self.part(step, "part", "accepted", part=told)
        self.part(step, "intent", "started", attempt=1, movement=movement, snapshot=snapshot)

    def ends(self, step: str, *after: Callable[[], object], event: str = "proven", state: str = "done") -> None:
        """What a part has come to, and what that is to the sale."""
        self.together(lambda: self.part(step, event, state), *(after or (lambda: self.sale("goes_on", "started"),)))

    # --- whole steps

    def charges(self, charge: int, **how: int) -> Doc:
        self.begins("payment", charge, **how)
        entry = self.books("payment", CARDS[charge])
        self._told("payment", "done", CARDS[charge], entry)
        self.ends("payment")
        return entry

    def gives_back(self, charge: int) -> None:
        entry = self.book[charge]
        self.begins("void", charge)
        self._told("void", "done", CARDS[charge], self.books("void", CARDS[charge], entry["rrn"]))
        self.ends("void")

    def _told(self, step: str, state: str, amount: str, entry: Doc) -> None:
        proof = {"source": "device", "rrn": entry["rrn"], "auth_code": entry["auth_code"],
                 "terminal_id": entry["terminal"], "total": entry["amount"]}  # fmt: skip
        self.steps.append({"step": step, "n": self.n, "state": state, "amount": amount, "proof": proof})

    def undoes(self) -> None:
        self.sale("goes_on", "started", sale={"undoing": {"code": "payment_declined"}})

    def makes_receipt(self) -> Doc:
        """Without its end."""
        self.begins("receipt")
        self.part("receipt", "closing", "started", closing=True)
        self.shop.tills["17"].known["drawer"] -= 12200
        return self.shop.sale("17", "sold", **{"1031": "0.00", "1081": "122.00"})

    def done(self) -> None:
        made = self.makes_receipt()
        outcome = {"proof": self.shop.proof("17", made), "paper": "complete"}
        self.ends("receipt", lambda: self.sale("proven", "done", outcome=outcome))
        self.shop.job("A", "sold", "archived", "done", told=False, archived=True)

    def not_done(self) -> None:
        outcome = {"reason": {"code": "payment_declined"}, "certainty": "proven"}
        self.sale("not_taken", "not_done", outcome=outcome)
        self.shop.job("A", "sold", "archived", "not_done", told=False, archived=True)

    def left(self) -> None:
        """For a correction receipt, whose number is told."""
        evidence = {"case": "left_owed", "person": "Иванова", "why": "касса сломана"}
        left = {"reason": {"code": "left_owed"}, "evidence": evidence}
        self.sale("undecidable", "human", sale={"left": True, "owed": True}, outcome=left)
        self.shop.words("sold")[-1].update(owed=True)
        proof = {"source": "person", "fd": 4711, "person": "Иванова", "person_reason": "пробит", "verified": False}
        outcome = {"reason": {"code": "decided_by_person"}, "proof": proof, "evidence": evidence}
        self.sale("decided_done", "done", sale={"owed": False}, outcome=outcome)
        self.shop.job("A", "sold", "archived", "done", told=False, archived=True)
        asked = self.shop.asked["sold"]
        self.shop.asked["sold"] = replace(asked, decisions=[("leave_owed", None), ("done", 4711)])


# --- right courses ----------------------------------------------------------------------------------------------------


def sold(shop: Shop) -> Sale:
    sale = Sale(shop)
    sale.charges(0)
    sale.charges(1)
    sale.done()
    return sale


def undone(shop: Shop) -> Sale:
    """The second card was declined."""
    sale = Sale(shop)
    sale.charges(0)
    sale.undoes()
    sale.gives_back(0)
    sale.not_done()
    return sale


def left_owed(shop: Shop) -> Sale:
    sale = Sale(shop)
    sale.charges(0)
    sale.left()
    return sale


def gone_on(shop: Shop) -> Sale:
    """The process died between the cards, and somebody said that the second may be charged."""
    sale = Sale(shop)
    sale.charges(0)
    shop.books["A"].known["began"] = (shop.tick(),)
    sale.together(
        lambda: sale.sale("chosen", "started", told=False, sale={"choice": {"decision": "go_on"}}),
        lambda: sale.sale("goes_on", "started", sale={"choice": None}),
    )
    sale.shop.asked["sold"] = replace(shop.asked["sold"], decisions=[("go_on", None)])
    sale.charges(1)
    sale.done()
    return sale


# --- and what spoils them ---------------------------------------------------------------------------------------------


def charged_twice(shop: Shop) -> None:
    sale = Sale(shop)
    sale.charges(0)
    sale.begins("payment", 0)
    sale.books("payment", CARDS[0])
    sale.ends("payment")
    sale.charges(1)
    sale.done()


def kept(shop: Shop) -> None:
    """Declined, and what was charged before stays."""
    sale = Sale(shop)
    sale.charges(0)
    sale.not_done()


def owed_untold(shop: Shop) -> None:
    """It waits for its receipt, and is not shown as owed; later all is well."""
    sold(shop)
    for word in shop.words("sold"):
        if word["state"] == "started":
            word.update(waits="receipt_owed", owed=False)


def owed_falsely(shop: Shop) -> None:
    sale = Sale(shop)
    sale.begins("payment", 0)
    sale.ends("payment", event="not_taken", state="not_done")
    sale.steps.append({"step": "payment", "n": 1, "state": "not_done", "amount": CARDS[0], "proof": None})
    sale.left()


def ends_owed(shop: Shop) -> None:
    """It has ended, and the money is owed still."""
    undone(shop)
    shop.jobs["sold"]["owed"] = 1


def left_and_made(shop: Shop) -> None:
    """A correction receipt, and the receipt as well."""
    sale = Sale(shop)
    sale.charges(0)
    sale.charges(1)
    sale.makes_receipt()
    sale.ends("receipt")
    sale.left()


def left_untold(shop: Shop) -> None:
    left_owed(shop)
    for word in shop.words("sold"):
        if word["state"] == "human":
            word.update(owed=False)


def undone_in_doubt(shop: Shop) -> None:
    """The receipt was in doubt when UNDOING was written."""
    sale = Sale(shop)
    sale.charges(0)
    sale.charges(1)
    sale.begins("receipt")
    n = sale.n
    sale.together(lambda: sale.part("receipt", "doubt", "resolving"), lambda: sale.sale("doubt", "resolving"))
    sale.undoes()
    sale.part("receipt", "proven_none", "not_done")
    sale.together(lambda: sale.part("receipt", "archived", "not_done"), lambda: sale.sale("goes_on", "started"))
    shop.books["A"].rows[-3]["at"] = shop.books["A"].rows[-1]["at"]
    assert sale.n == n
    sale.gives_back(0)
    sale.gives_back(1)
    sale.not_done()


def charged_after_undoing(shop: Shop) -> None:
    sale = Sale(shop)
    sale.charges(0)
    sale.undoes()
    sale.begins("payment", 1)
    sale.ends("payment", event="not_taken", state="not_done")
    sale.gives_back(0)
    sale.not_done()


def charged_unasked(shop: Shop) -> None:
    """Nobody has said anything after the restart."""
    sale = Sale(shop)
    sale.charges(0)
    shop.books["A"].known["began"] = (shop.tick(),)
    sale.charges(1)
    sale.done()


def receipt_too_early(shop: Shop) -> None:
    """The second card is charged when the receipt is being made."""
    sale = Sale(shop)
    sale.charges(0)
    made = sale.makes_receipt()
    n = sale.n
    sale.charges(1)
    sale.n = n
    outcome = {"proof": shop.proof("17", made), "paper": "complete"}
    sale.ends("receipt", lambda: sale.sale("proven", "done", outcome=outcome))
    shop.job("A", "sold", "archived", "done", told=False, archived=True)


def parted(shop: Shop) -> None:
    """A second between the part's end and the sale's move."""
    sale = Sale(shop)
    sale.begins("payment", 0)
    sale._told("payment", "done", CARDS[0], sale.books("payment", CARDS[0]))
    sale.part("payment", "proven", "done")
    sale.sale("goes_on", "started")
    sale.charges(1)
    sale.done()


def settled_unasked(shop: Shop) -> None:
    sold(shop).settles()


def one_reference(shop: Shop) -> None:
    sale = Sale(shop)
    sale.charges(0, reference=7)
    sale.charges(1, reference=7)
    sale.done()
