"""A receipt over every way to a simulated register: TCP by either lower level, pseudo-terminal, in the process."""

from __future__ import annotations

from tests.e2e.shop import Shop, Till, at_once
from tests.protocol.ffd.payloads import item, payload


def test_a_receipt_over_every_link(tills: Shop) -> None:
    port = tills.rig.folder / "port"
    made = [
        tills.till("600", listen=f"pty:{port}"),
        tills.till("601", "--protocol", "2", extra="?protocol=2"),
        tills.till("602", "--protocol", "2"),  # found out by the driver
        tills.till("603", "--protocol", "2", listen=f"pty:{port}2"),
        tills.stands(Till(tills, "604", None, f"sim:shtrih?state={tills.rig.folder / '604.json'}&print-time=0")),
    ]
    assert [till.address.partition(":")[0] for till in made] == ["pty", "tcp", "tcp", "pty", "sim"]
    tills.pc(*made)
    tills.start(*made)

    def sold(till: Till) -> list[str]:
        """The second receipt's closing is answered by nobody."""
        fault = "answer-lost:command=FF45,stored=no"
        for name in ("first", "second"):
            content = payload(item("100.00", "0.345", vat="vat22", unit="kilogram"), cash="50.00")
            job = till.do("receipt", content, order_ref=f"{name} {till.kkm_id}")
            assert (job["state"], job["attempt"]) == ("done", 1), job["reason"]
            made = till.document(job["proof"]["fd"])
            assert (made["fpd"], made["tags"]["1020"]) == (job["proof"]["fpd"], "34.50")
            doubted = "resolving" in [step["state"] for step in job["history"]]
            assert doubted == (name == "second" and till.process is not None)
            if name == "first" and till.process is not None:
                till.tell(f"fault {fault}")
        assert till.do("close_shift")["state"] == "done"
        return till.kinds()

    for kinds in at_once(made, sold).values():
        assert kinds == ["open_shift", "receipt", "receipt", "close_shift"]
