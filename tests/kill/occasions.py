"""What does not come about in the load by itself: who must do what, so that a commit point is passed.

``OCCASIONS`` maps a point to the scenario that passes it. A scenario is played while the point is armed: the process
that it is about may die in any place of it, and is started again by the watch; the scenario goes on as its CRM would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from agent.keys import new_private_key, public_key_of
from agent.pairing import pair
from agent.problems import UserError
from drivers.registry import open_register
from drivers.transports.base import SystemClock
from tests.e2e.shop import Till
from tests.kill.shop import PATIENCE, KillShop
from tests.protocol.ffd.payloads import item, payload

Scenario = Callable[[KillShop], None]
SMALL = payload(item("10.00"), card="10.00")


def receipt(shop: KillShop, till: Till, **more: object) -> str:
    return shop.ask(till, "receipt", SMALL, order_ref=f"occasion {shop.made()}", **more)


def waits_for(shop: KillShop, job_id: str, *states: str) -> str:
    """The job in one of these states, or ended."""
    return str(shop.rig.settled(job_id, PATIENCE, {*states, "done", "not_done", "cancelled", "rejected"})["state"])


def tried(shop: KillShop, path: str, body: object) -> int:
    """A request whose refusal is an answer, too: the job may have gone on meanwhile."""
    return shop.rig.call("POST", path, body).status_code


# --- the CRM changes its mind -----------------------------------------------------------------------------------------


def cancelled(shop: KillShop) -> None:
    """The register is off, so the job waits at the agent."""
    shop.spare.tell("power-off")
    job_id = receipt(shop, shop.spare)
    waits_for(shop, job_id, "accepted")
    tried(shop, f"/jobs/{job_id}/cancel", {})
    shop.over(job_id)
    shop.spare.tell("power-on")


def renewed(shop: KillShop) -> None:
    """Its time passes while the register is off; a person wants it after all."""
    shop.spare.tell("power-off")
    job_id = receipt(shop, shop.spare, start_within_s=5)
    waits_for(shop, job_id, "held")
    shop.spare.tell("power-on")
    tried(shop, f"/jobs/{job_id}/renew", {"start_within_s": 600})
    shop.over(job_id)


def refused(shop: KillShop) -> None:
    """The PC's configuration has lost the register."""
    shop.over(receipt(shop, shop.gone))


def answered(shop: KillShop) -> None:
    shop.over(shop.ask(shop.spare, "device_status"))


def impossible(shop: KillShop) -> None:
    if not shop.spare.memory.drive.shift_open:
        shop.over(shop.ask(shop.spare, "open_shift"))
    shop.over(shop.ask(shop.spare, "open_shift"))


def unproven(shop: KillShop) -> None:
    shop.spare.tell(f"fault answer-lost:command={shop.rig.family.commands['open_drawer']},stored=no")
    shop.over(shop.ask(shop.spare, "open_drawer"))
    shop.spare.tell("no-faults")


# --- paper, policy, a person ------------------------------------------------------------------------------------------


def paper(shop: KillShop) -> None:
    """It ends in the middle of a slow receipt and comes back."""
    spare = shop.spare
    shop.over(receipt(shop, spare))  # a shift is open
    spare.tell("print-time 3")
    before = len(spare.documents())
    job_id = receipt(shop, spare)
    shop.rig.until(lambda: len(spare.documents()) > before or shop.is_over(job_id), PATIENCE, job_id)
    spare.tell("paper-out")
    shop.over(job_id)
    spare.tell("print-time 0")
    spare.tell("paper-in")
    shop.rig.until(lambda: shop.rig.job(job_id)["paper"] == "complete", PATIENCE, f"paper of {job_id}")


def cover(shop: KillShop) -> None:
    """Somebody opens the register at rest, and the agent sees it."""
    for order, event in (("cover-open", "cover_open"), ("cover-close", "cover_closed")):
        start = len(shop.feed.heard)
        shop.spare.tell(order)
        shop.event(shop.spare, event, start, PATIENCE)


def shift(shop: KillShop) -> None:
    """Closed by a job, opened by the desk's policy for the next receipt."""
    if shop.spare.memory.drive.shift_open:
        shop.over(shop.ask(shop.spare, "close_shift"))
    shop.over(receipt(shop, shop.spare))


def doubt(shop: KillShop) -> None:
    shop.spare.tell(f"fault answer-lost:command={shop.rig.family.commands['close']},stored=no")
    shop.over(receipt(shop, shop.spare))


def none(shop: KillShop) -> None:
    shop.spare.tell(f"fault answer-lost:command={shop.rig.family.commands['fill']},stored=no")
    shop.over(receipt(shop, shop.spare))


def unclear(shop: KillShop) -> str:
    """The agent dies behind the command, and another hand moves cash before it is back: only a person can tell."""
    agent, spare = shop.victims["agent"], shop.spare
    if not spare.memory.drive.shift_open:
        shop.over(shop.ask(spare, "open_shift"))
    spare.tell(f"fault slow:command={shop.rig.family.commands['cash_in']},seconds=2,when=after")
    job_id = shop.ask(spare, "cash_in", {"amount": "500.00"})
    before = spare.memory.counters.cash_in_number
    shop.rig.until(lambda: spare.memory.counters.cash_in_number > before or shop.is_over(job_id), PATIENCE, job_id)
    agent.hold()
    try:
        other = open_register(shop.rig.family.driver, spare.address, clock=SystemClock())
        other.connect()
        other.cash_in(3000, None)
        other.disconnect()
    finally:
        agent.let_go()
    waits_for(shop, job_id, "human")
    return job_id


def decided(decision: str) -> Scenario:
    def scenario(shop: KillShop) -> None:
        job_id = unclear(shop)
        while (job := shop.rig.job(job_id))["state"] == "human":
            body = {"decision": decision, "person": "Петров", "reason": "пересчитали", "rev": job["rev"]}
            tried(shop, f"/jobs/{job_id}/resolve", body)
            shop.feed.ended(job_id, 5.0, {"done", "not_done"})
        shop.over(job_id)

    return scenario


# --- desks and registers that move ------------------------------------------------------------------------------------


def desk(shop: KillShop) -> None:
    """Its settings change while the PC is on, and while it is off."""
    agent = shop.victims["agent"]
    for hours in (30, 24):
        shop.desk(shop.spare, held_hours=hours)
        shop.over(receipt(shop, shop.spare))
        agent.hold()
        shop.desk(shop.spare, held_hours=hours + 1)
        agent.let_go()
        shop.over(receipt(shop, shop.spare))


def _move(shop: KillShop, to: str, *, off: bool) -> None:
    body = {"agent_id": shop.pcs[to], "old_pc_off": off, **({"person": "Петров"} if off else {})}
    path = f"/devices/{shop.moving.kkm_id}/move"
    shop.rig.until(
        lambda: shop.rig.call("POST", path, body).is_success, PATIENCE, "the server notices that the PC is off"
    )


def _other(shop: KillShop) -> str:
    return "right" if shop.owner == "left" else "left"


def released(shop: KillShop) -> None:
    """The old PC gives the register up, with a job that it has not started."""
    old, new = shop.owner, _other(shop)
    shop.moving.tell("power-off")
    job_id = receipt(shop, shop.moving)
    waits_for(shop, job_id, "accepted")
    _move(shop, new, off=False)
    waits_for(shop, job_id, "queued")
    shop.victims[old].down()
    shop.moving.tell("power-on")
    shop.victims[new].up()
    shop.owner = new
    shop.over(job_id)


def given_up(shop: KillShop) -> None:
    """The old PC gives the register up before anybody has said who takes it over."""
    old, new = shop.owner, _other(shop)
    path = f"/devices/{shop.moving.kkm_id}"
    shop.rig.post(f"{path}/release", {})
    shop.rig.until(lambda: shop.rig.get(path)["state"] != "releasing", PATIENCE, f"{old} has released")
    shop.victims[old].down()
    _move(shop, new, off=False)
    shop.victims[new].up()
    shop.owner = new
    shop.over(receipt(shop, shop.moving))


def adopted(shop: KillShop) -> None:
    """The old PC dies with one receipt made and another one waiting; the new one finds the first in the archive. Then
    the old one comes back and learns that the register is no longer its own."""
    old, new = shop.owner, _other(shop)
    jobs = _left_behind(shop, old)
    _move(shop, new, off=True)
    shop.victims[new].up()
    shop.owner = new
    for job_id in jobs:
        if waits_for(shop, job_id, "held") == "held":
            while not shop.is_over(job_id):
                tried(shop, f"/jobs/{job_id}/renew", {"start_within_s": 600})
                shop.feed.ended(job_id, 5.0, {"done", "not_done"})
        shop.over(job_id)
    shop.victims[new].down()
    shop.victims[old].up()
    shop.rig.until(lambda: shop.victims[old].says("claim_refused"), PATIENCE, f"{old} is refused")
    shop.victims[old].down()
    shop.victims[new].up()
    shop.over(receipt(shop, shop.moving))


def back_again(shop: KillShop) -> None:
    """The register is given to another PC that never comes, and back: the old one's intent is still open."""
    old, new = shop.owner, _other(shop)
    jobs = _left_behind(shop, old)
    _move(shop, new, off=True)
    _move(shop, old, off=True)
    shop.victims[old].up()
    for job_id in jobs:
        if waits_for(shop, job_id, "held") == "held":
            while not shop.is_over(job_id):
                tried(shop, f"/jobs/{job_id}/renew", {"start_within_s": 600})
                shop.feed.ended(job_id, 5.0, {"done", "not_done"})
        shop.over(job_id)


def _left_behind(shop: KillShop, pc: str) -> list[str]:
    """A receipt that was closed a moment ago and one behind it; the PC is dead and stays so."""
    shop.moving.tell(f"fault slow:command={shop.rig.family.commands['close']},seconds=2,when=after")
    before = len(shop.moving.documents())
    jobs = [receipt(shop, shop.moving), receipt(shop, shop.moving)]

    def made() -> bool:
        documents = shop.moving.documents()
        return len(documents) > before and documents[-1]["type"] == "receipt"

    shop.rig.until(lambda: made() or shop.is_over(jobs[0]), PATIENCE, jobs[0])
    shop.victims[pc].hold()
    shop.moving.tell("no-faults")
    return jobs


# --- what is set up ---------------------------------------------------------------------------------------------------


def paired(shop: KillShop) -> None:
    """Another PC that a person confirms, one that is refused, and one that needs no confirmation."""
    for verdict in ("confirm", "refuse"):
        code = shop.rig.post("/pairing-codes", {})["code"]
        claim = {"code": code, "public_key": public_key_of(new_private_key()), "install_id": f"pc-{shop.made()}"}
        shop.rig.call("POST", "/pair", {**claim, "pc_name": "ПК-2", "version": "0"})
        shop.rig.call("POST", f"/pairing-codes/{code}/{verdict}", {})
    for _ in range(5):  # the server may die between claim and answer
        line = shop.rig.post("/pairing-codes", {"auto_confirm": True})["line"]
        try:
            pair(line, shop.rig.folder / f"pc-{shop.made()}", version="0", say=lambda *_: None)
        except UserError:
            shop.rig.until(shop.server_answers, PATIENCE, "server")
        else:
            return


def directory(shop: KillShop) -> None:
    shop.rig.put("/devices", {"kkm_id": "98", "name": "Касса 98"})
    shop.rig.put("/devices/98", {"name": "Касса 98, у входа"})
    shop.rig.put("/desks", {"desk_id": "desk-98", "kkm_id": "98"})


def webhooks(shop: KillShop) -> None:
    made = shop.rig.call("POST", "/webhooks", {"url": f"{shop.rig.url}/nobody-{shop.made()}"})
    hooks = shop.rig.get("/webhooks")["webhooks"]
    assert made.is_success, made.text
    for hook in hooks:
        path = f"/webhooks/{hook['webhook_id']}"
        shop.rig.call("PATCH", path, {"types": ["job.done"]})
        shop.rig.call("POST", f"{path}/test", {})
    shop.over(receipt(shop, shop.spare))
    for hook in hooks:
        path = f"/webhooks/{hook['webhook_id']}"
        shop.rig.until(partial(_tried_to_deliver, shop, path), PATIENCE, "a delivery is tried")
        shop.rig.call("DELETE", path)


def _tried_to_deliver(shop: KillShop, webhook: str) -> bool:
    return any(delivery["attempts"] for delivery in shop.rig.get(f"{webhook}/deliveries")["deliveries"])


def server_comes_back(shop: KillShop) -> None:
    shop.server.kill()
    shop.rig.until(shop.server_answers, PATIENCE, "server")
    shop.over(receipt(shop, shop.spare))


def agent_comes_back(shop: KillShop) -> None:
    shop.victims["agent"].kill()
    shop.over(receipt(shop, shop.spare))


OCCASIONS: Mapping[str, Scenario] = MappingProxyType(
    {
        "bad_offer": refused,
        "link:Connection._deliver/reject": refused,
        **dict.fromkeys(("cancel", "book:JobBook._cancel", "jobs:cancel_job"), cancelled),
        **dict.fromkeys(
            ("renew", "lease_passed", "book:JobBook._renew", "book:JobBook._time_passed", "jobs:renew_job"), renewed
        ),
        "answered": answered,
        "impossible": impossible,
        "unproven": unproven,
        **dict.fromkeys(("paper", "paper_owed", "paper_printed"), paper),
        "looked": cover,
        **dict.fromkeys(("operation_intent", "operation_outcome", "book:JobBook.begin_operation"), shift),
        "link:Connection._deliver/event": shift,
        "doubt": doubt,
        "proven_none": none,
        **dict.fromkeys(("undecidable", "decision_asked", "decided_done", "book:JobBook._resolve"), decided("done")),
        "jobs:resolve_job": decided("done"),
        "decided_not_done": decided("not_done"),
        **dict.fromkeys(("desk", "bind", "book:JobBook._bind", "directory:put_desks"), desk),
        **dict.fromkeys(("release", "release_asked", "released", "book:JobBook._release"), released),
        **dict.fromkeys(("link:Connection._deliver/released", "directory:move_device"), released),
        **dict.fromkeys(
            ("adopt", "found", "searched", "book:JobBook.searched", "epoch_passed", "epoch_learned",
             "book:JobBook.learned_epoch"),
            adopted,
        ),
        "directory:release_device": given_up,
        **dict.fromkeys(("adopt_own", "epoch_raised"), back_again),
        **dict.fromkeys(
            ("agents:make_code", "agents:confirm_code", "agents:refuse_code", "pairing:claim_code",
             "pairing:_standing"),
            paired,
        ),
        **dict.fromkeys(
            ("directory:put_devices", "directory:put_device"),
            directory,
        ),
        **dict.fromkeys(
            ("webhooks:post_webhook", "webhooks:patch_webhook", "webhooks:test_webhook", "webhooks:delete_webhook",
             "sender:Sender.once.<locals>.row"),
            webhooks,
        ),
        **dict.fromkeys(
            ("opening:open_database", "app:build_app.<locals>.lifespan", "database:Database.migrate", "duties:prune",
             "book:JobBook.differences", "book:JobBook.desks"),
            server_comes_back,
        ),
        **dict.fromkeys(
            ("link:Connection._open_session", "link:Connection._take_checkpoint",
             "link:Connection._send_differences", "link:Connection._mark_unreachable", "link:Connection._send_pong"),
            agent_comes_back,
        ),
    }
)  # fmt: skip
