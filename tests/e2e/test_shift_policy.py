"""What a desk's policy does with the shift, by the register's own clock: each with its document and its event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.shop import Shop, Till
from tests.protocol.ffd.payloads import item, payload

LOOKING = ("--look", "0.5")


def receipt(till: Till, name: str) -> dict[str, Any]:
    return till.do("receipt", payload(item("10.00"), card="10.00"), order_ref=f"{name} {till.kkm_id}")


def told(shop: Shop, till: Till, kind: str, start: int, document: dict[str, Any]) -> dict[str, Any]:
    """The event of a shift that the policy has opened or closed: its document is the archive's."""
    event = shop.event(till, kind, start)
    body: dict[str, Any] = event["body"]
    assert (body["fd"], body["document"]["tags"]) == (document["fd"], document["tags"])
    return body


@pytest.mark.gate
def test_the_policy_of_every_desk(tills: Shop) -> None:
    hour, expired, before, manual, killed = (tills.till(str(500 + at)) for at in range(5))
    tills.desk(manual, shift_policy={"open": "manual", "close_expired": "manual", "before_24h": "manual"})
    tills.pc(hour, expired, before, manual)
    tills.pc(killed, name="dying")
    tills.start(hour, expired, before, manual, dying=LOOKING)
    armed = killed.folder / "armed"
    dying = tills.start(killed, name="dying", dying=(*LOOKING, "--armed", str(armed)))

    start = len(tills.feed.heard)
    for till in (hour, expired, before, killed):
        assert receipt(till, "first")["state"] == "done"
        assert till.kinds() == ["open_shift", "receipt"]  # a closed shift is opened for it
        told(tills, till, "shift_opened", start, till.documents()[1])

    # The hour comes: the shift is closed once, and not again when the next one is opened after it.
    shown = datetime.fromisoformat(hour.tell("status")["clock"])
    due = (shown + timedelta(hours=1)).strftime("%H:%M")
    tills.desk(hour, shift_policy={"close_at": due})
    start = len(tills.feed.heard)
    hour.tell("clock +61m")
    tills.event(hour, "shift_closed", start)
    closed = hour.documents()[-1]
    assert closed["type"] == "close_shift"
    body = told(tills, hour, "shift_closed", start, closed)
    assert body["rule"] == "close_at"
    assert body["totals"]["sell"]["total"] == "10.00"
    assert receipt(hour, "second")["state"] == "done"
    assert hour.kinds() == ["open_shift", "receipt", "close_shift", "open_shift", "receipt"]

    # A shift that has expired is closed, also when nobody wants a receipt; the next receipt opens another.
    start = len(tills.feed.heard)
    expired.tell("clock +25h")
    assert receipt(expired, "second")["state"] == "done"
    assert expired.kinds() == ["open_shift", "receipt", "close_shift", "open_shift", "receipt"]
    assert told(tills, expired, "shift_closed", start, expired.documents()[3])["rule"] == "close_expired_shift"
    told(tills, expired, "shift_opened", start, expired.documents()[4])

    # Half an hour before its 24 hours are over.
    start = len(tills.feed.heard)
    before.tell("clock +1415m")
    tills.event(before, "shift_closed", start)
    assert before.kinds() == ["open_shift", "receipt", "close_shift"]
    assert told(tills, before, "shift_closed", start, before.documents()[3])["rule"] == "close_before_24h"

    # By hand: the receipt waits for the shift, and nothing is opened or closed by itself.
    job_id = manual.post("receipt", payload(item("10.00"), card="10.00"), order_ref="manual")

    def waits(code: str) -> None:
        tills.rig.until(lambda: (tills.rig.job(job_id)["progress"] or {}).get("code") == code, 20, code)

    waits("shift_closed")
    assert manual.kinds() == []
    tills.rig.post(f"/jobs/{job_id}/cancel", {})
    assert tills.ended(job_id)["state"] == "cancelled"
    assert manual.do("open_shift")["state"] == "done"
    manual.tell("clock +25h")
    job_id = manual.post("receipt", payload(item("10.00"), card="10.00"), order_ref="manual, expired")
    waits("shift_expired")
    assert manual.kinds() == ["open_shift"]
    assert not [event for event in manual.events() if event["kind"] in ("shift_opened", "shift_closed")]
    tills.rig.post(f"/jobs/{job_id}/cancel", {})
    assert tills.ended(job_id)["state"] == "cancelled"

    # The agent dies between its intent and the register's answer: the shift is closed once, and told once.
    start = len(tills.feed.heard)
    armed.write_text("written:41 after")
    killed.tell("clock +25h")
    assert dying.wait() == -9
    tills.start(killed, name="dying", dying=LOOKING)
    tills.event(killed, "shift_closed", start)
    assert killed.kinds() == ["open_shift", "receipt", "close_shift"]
    told(tills, killed, "shift_closed", start, killed.documents()[3])
    for till in (hour, expired, before, killed):
        kinds = [event["kind"] for event in till.events()]
        assert kinds.count("shift_opened") == till.kinds().count("open_shift")
        assert kinds.count("shift_closed") == till.kinds().count("close_shift")
