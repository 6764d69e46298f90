"""Wrongs, planted one at a time into the books of a right shop, each with the rule by whose name it must be seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.chaos.checker import Asked, Letter
from tests.chaos.checking_example import START, TENANT, receipt
from tests.chaos.checking_planting import (
    Forge,
    Spoil,
    adopted_and_begun,
    astray,
    attempt,
    changed_end,
    changed_end_told,
    document,
    drawer,
    drop,
    elsewhere,
    forged,
    ghost,
    given_up,
    heard,
    hidden,
    hidden_shift,
    human,
    last,
    late_by_the_world,
    left,
    line,
    made_at,
    newer_binding,
    no_intent,
    no_proof,
    offered,
    open_twice,
    open_under_policy,
    other_body,
    other_proof,
    paid_by_card,
    proofs,
    reasons,
    record,
    released,
    rev,
    row_changed,
    say,
    second_agent,
    shift_twice,
    tags,
    told_rev,
    told_twice,
    two_documents,
    unfinished,
    unheard,
    untold_shift,
    word_again,
)
from tests.chaos.checking_selling import (
    charged_after_undoing,
    charged_twice,
    charged_unasked,
    ends_owed,
    kept,
    left_and_made,
    left_untold,
    one_reference,
    owed_falsely,
    owed_untold,
    parted,
    receipt_too_early,
    settled_unasked,
    sold,
    undone_in_doubt,
)


@dataclass(frozen=True, slots=True)
class Planted:
    rule: str
    spoil: Spoil = lambda _: None
    forge: Forge = lambda records: records


PLANTED: dict[str, Planted] = {
    "a receipt twice, by its imprint": Planted("duplicate", two_documents),
    "a receipt twice, by its contents": Planted("duplicate", lambda s: s.sale("18", "plain")),
    "cash put in twice": Planted("duplicate", lambda s: drawer(s, 5000)),
    "a job that nobody knows": Planted(
        "lost", lambda s: s.asked.update(gone=Asked("receipt", "17", TENANT, receipt("gone")))
    ),
    "a success without a document": Planted("false_done", ghost),
    "a success found without a document": Planted("false_done", lambda s: ghost(s, "close_shift")),
    "cash that was never put in": Planted("false_done", lambda s: drawer(s, -5000)),
    "a shift closed by two jobs": Planted("false_done", shift_twice),
    "a shift job with a receipt for its proof": Planted("false_done", lambda s: proofs(s, "close", fd=4, fpd="1004")),
    "a failure with a document": Planted("false_not_done", hidden),
    "a failure with a document without imprint": Planted("false_not_done", lambda s: hidden(s, imprinted=False)),
    "a failure that took cash": Planted("false_not_done", lambda s: drawer(s, -900000)),
    "a failure that opened a shift": Planted("false_not_done", hidden_shift),
    "another name": Planted("wrong_document", lambda s: line(s, **{"1030": "Кабель"})),
    "another quantity": Planted("wrong_document", lambda s: line(s, **{"1023": "3"})),
    "another rate": Planted("wrong_document", lambda s: line(s, **{"1199": 1})),
    "another way of payment": Planted("wrong_document", lambda s: line(s, **{"1214": 1})),
    "another object": Planted("wrong_document", lambda s: line(s, **{"1212": 4})),
    "a line too many": Planted("wrong_document", lambda s: tags(s, 3)["1059"].append(tags(s, 3)["1059"][0])),
    "another taxation": Planted("wrong_document", lambda s: tags(s, 3).update({"1055": 2})),
    "paid by card": Planted("wrong_document", paid_by_card),
    "made by another register": Planted("wrong_document", astray),
    "done without a proof": Planted("no_proof", lambda s: no_proof(s, "one")),
    "cash without its drawer": Planted("no_proof", lambda s: proofs(s, "cash", drawer=None)),
    "cash without its number": Planted("no_proof", lambda s: proofs(s, "cash", document_number=None)),
    "cash with a number that nobody tells": Planted(
        "no_proof", lambda s: s.tills["17"].known.update(numbers_cash=False)
    ),
    "a shift without its registration": Planted("no_proof", lambda s: proofs(s, "close", registration_number=None)),
    "a person who has decided nothing": Planted(
        "no_proof", lambda s: s.asked.update(asked=replace(s.asked["asked"], decisions=()))
    ),
    "a person who has decided otherwise": Planted(
        "no_proof", lambda s: s.asked.update(asked=replace(s.asked["asked"], decisions=[("done", None)]))
    ),
    "a person without a name": Planted("no_proof", lambda s: proofs(s, "asked", person=None)),
    "not done, and not proven": Planted("no_proof", lambda s: reasons(s, "short", certainty="unproven")),
    "not done for no reason": Planted("no_proof", lambda s: reasons(s, "slip", reason=None)),
    "rejected for no reason": Planted("no_proof", lambda s: reasons(s, "wrong", reason=None)),
    "cancelled though nobody asked": Planted(
        "no_proof", lambda s: s.asked.update(never=replace(s.asked["never"], cancelled=False))
    ),
    "another fiscal sign": Planted("proof_differs", lambda s: proofs(s, "one", fpd="1")),
    "another document of ours": Planted("proof_differs", lambda s: proofs(s, "one", fd=4)),
    "another moment": Planted("proof_differs", lambda s: proofs(s, "one", printed_at="2026-07-06T09:59:00+03:00")),
    "another sum": Planted("proof_differs", lambda s: proofs(s, "one", total="122.01")),
    "another sum of cash": Planted("proof_differs", lambda s: proofs(s, "cash", total="50.01")),
    "another VAT": Planted("proof_differs", lambda s: proofs(s, "one", vat={"vat22": "22.01"})),
    "another QR": Planted("proof_differs", lambda s: proofs(s, "one", qr="t=20260706T0900&s=1.00&fn=1&i=1&fp=1&n=1")),
    "another shift": Planted("proof_differs", lambda s: proofs(s, "close", shift=9)),
    "another register's serial": Planted("proof_differs", lambda s: proofs(s, "one", register_serial="s18")),
    "another document kept": Planted(
        "proof_differs", lambda s: s.jobs["one"].update(document={"fd": 3, "tags": {"1020": "1.00"}})
    ),
    "the server's proof is not the journal's": Planted(
        "proof_differs",
        lambda s: record(s, "one", "archived")["body"]["job"].update(outcome={"proof": {"fd": 3}, "paper": "complete"}),
    ),
    "another program's receipt for a proof": Planted("foreign_taken", lambda s: proofs(s, "plain", fd=3)),
    "another program's closing for a proof": Planted(
        "foreign_taken", lambda s: s.tills["17"].known["foreign"].add(("fn171", 5))
    ),
    "a receipt of nobody": Planted("unasked", lambda s: (s.policy("A", "17", "open_shift"), s.sale("17", "nobody"))),
    "a foreign receipt of no program": Planted(
        "unasked", lambda s: s.tills["18"].known["foreign"].discard(("fn181", 3))
    ),
    "a job of nobody": Planted("unasked", lambda s: s.jobs.update(nobody={**s.jobs["never"], "job_id": "nobody"})),
    "the server has forgotten": Planted("missing_in_server", lambda s: s.jobs.pop("one")),
    "the server is ahead": Planted("states_differ", lambda s: rev(s, "slip")),
    "the agent is ahead": Planted("states_differ", lambda s: s.job("A", "slip", "note", "not_done", told=False, rev=9)),
    "the agent has never heard of it": Planted("states_differ", lambda s: drop(s, "late")),
    "two agents hold it": Planted("states_differ", elsewhere),
    "rejected, and taken": Planted("states_differ", lambda s: s.job("A", "wrong", "offer", "accepted", told=False)),
    "an end changed in the journal": Planted("final_changed", changed_end),
    "an end changed at the server": Planted("final_changed", changed_end_told),
    "a rev fell in the journal": Planted(
        "rev_went_back", lambda s: record(s, "one", "closing")["body"]["job"].update(rev=0)
    ),
    "a rev stood still in the journal": Planted(
        "rev_went_back", lambda s: record(s, "two", "doubt")["body"]["job"].update(rev=4)
    ),
    "a rev fell at the server": Planted("rev_went_back", lambda s: told_rev(s, "resolving", 1)),
    "a rev stood still at the server": Planted("rev_went_back", lambda s: told_rev(s, "resolving", 4)),
    "a body changed": Planted("chain_broken", forge=forged("A", lambda b: row_changed(b, 2, body=other_body(b)))),
    "a moment changed": Planted("chain_broken", forge=forged("A", lambda b: row_changed(b, 2, at=b.rows[0].at))),
    "a hash changed": Planted("chain_broken", forge=forged("A", lambda b: row_changed(b, 2, hash="0"))),
    "a record is missing": Planted("chain_broken", forge=forged("A", lambda b: replace(b, rows=b.rows[1:]))),
    "a job's row is not the journal's": Planted(
        "projection_differs",
        forge=forged("B", lambda b: replace(b, jobs={**b.jobs, "waits": {**b.jobs["waits"], "attempt": 9}})),
    ),
    "a register's row is not the journal's": Planted(
        "projection_differs", forge=forged("B", lambda b: replace(b, devices={"18": {"kkm_id": "18"}}))
    ),
    "an end that was heard by no older copy": Planted(
        "heard_wrongly", lambda s: record(s, "one", "proven")["body"].update(event="heard_done")
    ),
    "a document without INTENT": Planted("intent_missing", no_intent),
    "a document without CLOSING": Planted("intent_missing", lambda s: drop(s, "one", "closing")),
    "cash without INTENT": Planted("intent_missing", lambda s: drop(s, "cash", "intent")),
    "a shift without INTENT": Planted("intent_missing", lambda s: drop(s, None, "operation_intent")),
    "INTENT of an older drive only": Planted(
        "intent_missing", lambda s: record(s, "one", "intent")["body"]["job"]["snapshot"].update(fn_serial="fn170")
    ),
    "INTENT after the document": Planted("intent_missing", lambda s: made_at(s, 3, "intent", -1)),
    "CLOSING after the document": Planted("intent_missing", lambda s: made_at(s, 3, "closing", -1)),
    "doubt without INTENT": Planted("intent_missing", lambda s: drop(s, "waits", "intent", "closing", agent="B")),
    "started after its lease": Planted(
        "intent_after_lease", lambda s: record(s, "one", "intent")["body"]["job"].update(start_by=START.isoformat())
    ),
    "a shift opened after the lease of its job": Planted(
        "intent_after_lease", lambda s: record(s, "one", "offer")["body"]["job"].update(start_by=START.isoformat())
    ),
    "started after its lease by the world's clock": Planted("intent_after_lease", late_by_the_world),
    "taken by another agent": Planted("wrong_address", lambda s: offered(s, "one", agent_id="B")),
    "taken with another payload": Planted("wrong_address", lambda s: offered(s, "one", payload={})),
    "taken for another account": Planted("wrong_address", lambda s: offered(s, "one", tenant_id="tn_2")),
    "taken for another register": Planted("wrong_address", lambda s: offered(s, "one", kkm_id="18")),
    "a fourth attempt": Planted("too_many_attempts", lambda s: attempt(s, "two", 4)),
    "two jobs at once": Planted("two_open_intents", open_twice),
    "the policy beside a job": Planted("two_open_intents", lambda s: s.policy("B", "18", "close_shift")),
    "a job beside the policy": Planted("two_open_intents", open_under_policy),
    "cancelled after INTENT": Planted("abandoned", lambda s: left(s, "cancel", "cancelled", "cancelled_by_crm")),
    "held after INTENT": Planted("abandoned", lambda s: left(s, "lease_passed", "held", "lease_passed")),
    "given up after INTENT": Planted("abandoned", lambda s: left(s, "renew", "accepted", "lease_passed")),
    "a register given up in an attempt": Planted("abandoned", given_up),
    "begun where another PC may have begun it": Planted("unconfirmed", adopted_and_begun),
    "one job on two agents": Planted("two_agents", second_agent),
    "under no epoch of the register": Planted(
        "epoch_wrong", lambda s: record(s, "one", "intent")["body"]["job"].update(binding_epoch=0)
    ),
    "on a register that was released": Planted("epoch_wrong", released),
    "on a register that another PC has": Planted("epoch_wrong", newer_binding),
    "a person is needed on a desk of our own": Planted("human_with_imprint", human),
    "still queued": Planted("not_final", lambda s: s.post("slow", "receipt", "17")),
    "still accepted": Planted("not_final", lambda s: unfinished(s, "offer", "accepted")),
    "still resolving": Planted("not_final", lambda s: unfinished(s, "doubt", "resolving")),
    "still held": Planted("not_final", lambda s: unfinished(s, "adopt", "held")),
    "the agent has something to say": Planted(
        "outbox_left", lambda s: s.books["A"].outbox.append(Letter("m1", "update", "one", 3, "{}"))
    ),
    "the server has something to say": Planted(
        "outbox_left", lambda s: s.outbox.append({"agent_id": None, "kkm_id": "17", "type": "offer", "body": {}})
    ),
    "an end was not acknowledged": Planted("outbox_left", lambda s: drop(s, "one", "archived")),
    "a release without an answer": Planted("ownership_open", lambda s: s.binding.update({"17": {"releasing": 1}})),
    "a binding without an answer": Planted("ownership_open", lambda s: s.binding.update({"17": {"bound_epoch": 0}})),
    "evidence in a plain run": Planted("outbox_left", lambda s: s.evidence.append({"why": "stale_epoch"})),
    "the end was not heard": Planted("event_missing", forge=heard(lambda e: unheard(e, "one", "done"))),
    "nothing was heard": Planted("event_missing", forge=heard(lambda e: unheard(e, "late"))),
    "a shift that nobody was told of": Planted("event_missing", untold_shift),
    "a word that was told twice": Planted("event_twice", lambda s: word_again(s, "one")),
    "an older word came last": Planted("event_contradicts", forge=heard(lambda e: say(e, "one", len(e), rev=2))),
    "another end was heard": Planted(
        "event_contradicts", forge=heard(lambda e: say(e, "one", last(e, "one"), state="cancelled"))
    ),
    "another proof was heard": Planted("event_contradicts", forge=heard(other_proof)),
    "one event in two ways": Planted("event_contradicts", forge=heard(told_twice)),
    "a kopeck in the drawer": Planted("totals", lambda s: drawer(s, 1)),
    "a kopeck in the turnover": Planted("totals", lambda s: s.jobs["one"].update(total=12201)),
    "a gap in the numbers": Planted("numbering", lambda s: document(s, 1).update(fd=0)),
    "a shift of two days": Planted("shift", lambda s: document(s, 2).update(at="2026-07-04T09:00:00")),
    "a shift out of turn": Planted("shift", lambda s: tags(s, 2).update({"1038": 7})),
    "a receipt miscounted": Planted("shift", lambda s: tags(s, 3, "18").update({"1042": 7})),
    "a receipt outside any shift": Planted("shift", lambda s: s.sale("17", "theirs", foreign=True)),
    "a shift in a shift": Planted("shift", lambda s: s.document("18", "open_shift", foreign=True)),
    "a card charged twice": Planted("charged_twice", charged_twice),
    "a declined sale that keeps what was charged before": Planted("owed_untold", kept),
    "a sale that waits for its receipt in silence": Planted("owed_untold", owed_untold),
    "a sale that owes nothing": Planted("owed_falsely", owed_falsely),
    "a sale that has ended and is owed": Planted("owed_falsely", ends_owed),
    "a correction receipt beside the receipt": Planted("duplicate", left_and_made),
    "a sale that is left owed in silence": Planted("owed_untold", left_untold),
    "money on its way back beside a receipt in doubt": Planted("undone_in_doubt", undone_in_doubt),
    "a charge after the money was on its way back": Planted("after_undoing", charged_after_undoing),
    "a charge after a restart": Planted("charged_unasked", charged_unasked),
    "a receipt before all the money": Planted("out_of_order", receipt_too_early),
    "a part that moved alone": Planted("parted", parted),
    "a day closed unasked": Planted("settled_twice", settled_unasked),
    "one reference for two payments": Planted("reference_twice", one_reference),
    "a payment of nobody": Planted("unasked", lambda s: sold(s).books("payment", "5.00")),
}
