"""Support looks at a PC from afar: real server, agent, register and commands of the PC."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from typing import Any

from tests.e2e.shop import Shop
from tests.e2e.terminals import terminal
from tests.protocol.ffd.payloads import item, payload
from tests.support.rig import ROOT

WHO = {"person": "Поддержка, Ольга", "reason": "Не печатается чек 1042"}


def says(shop: Shop, *words: str, typed: str = "", code: int = 0) -> dict[str, Any]:
    """``kassabridge agent …``, as another process of the same PC."""
    config = str(shop.rig.folder / "agent.toml")
    command = [sys.executable, "-m", "agent.cli", "agent", *words, "--config", config, "--json"]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, cwd=ROOT, timeout=90)
    assert done.returncode == code, done.stderr
    return dict(json.loads(done.stdout)) if code == 0 else {"said": done.stderr}


def ended(shop: Shop, path: str) -> dict[str, Any]:
    last: dict[str, Any] = {}

    def look() -> bool:
        last.update(shop.rig.get(path))
        return last["state"] in ("done", "refused", "expired")

    shop.rig.until(look, 90, path)
    return last


def content(shop: Shop, bundle_id: str) -> zipfile.ZipFile:
    answer = shop.rig.call("GET", f"/support/bundles/{bundle_id}/content")
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_support_looks_at_a_pc_from_afar(tills: Shop) -> None:
    till = tills.till("320")
    agent_id = tills.pc(till)
    tills.start(till)
    tills.desk(till)
    where = f"/agents/{agent_id}"

    # a test print: on the register's paper, among the PC's jobs, and in no list of the CRM
    printed = says(tills, "test-print", "320")["job_id"]
    assert "ПРОБНАЯ ПЕЧАТЬ" in till.paper()
    assert [job["job_id"] for job in says(tills, "status")["recent"]] == [printed]
    assert tills.rig.get("/jobs")["jobs"] == []
    assert till.do("x_report")["reason"]["code"] == "shift_closed", "the lane goes on"
    assert "unknown_job" not in tills.rig.logs()

    # the doctor: nobody is asked, and nothing of this PC is named
    tills.rig.post(f"{where}/doctor", WHO)
    told = ended(tills, f"{where}/doctor")
    assert told["state"] == "done", told
    checks = {(check["id"], check["device"]): check for check in told["report"]["checks"]}
    assert checks["agent.running", None]["verdict"] == "ok"
    assert checks["device.bound", "320"]["verdict"] == "ok"
    assert str(tills.rig.folder) not in json.dumps(told)
    assert "127.0.0.1" not in json.dumps(told)

    # a bundle: somebody at the PC is shown what it is, and agrees
    request_id = tills.rig.post(f"{where}/bundle", WHO)["request_id"]
    tills.rig.until(lambda: says(tills, "status")["asks"], 30, "asked at the PC")
    (ask,) = says(tills, "status")["asks"]
    assert (ask["request_id"], ask["person"], ask["reason"]) == (request_id, WHO["person"], WHO["reason"])
    assert tills.rig.get(f"{where}/bundle")["state"] == "asked"
    assert "Ничего не отправлено" in says(tills, "bundle", "--allow", request_id, typed="нет\n", code=1)["said"]
    assert tills.rig.get("/support/bundles")["bundles"] == []
    sent = says(tills, "bundle", "--allow", request_id, "--person", "Иванова", typed="да\n")
    told = tills.rig.get(f"{where}/bundle")
    assert (told["state"], told["bundle_id"]) == ("done", sent["bundle_id"])
    row = tills.rig.get(f"/support/bundles/{sent['bundle_id']}")
    assert (row["reference"], row["consent_person"], row["standing"]) == (sent["reference"], "Иванова", False)
    with content(tills, sent["bundle_id"]) as bundle:
        assert bundle.testzip() is None
        assert json.loads(bundle.read("manifest.json"))["reference"] == sent["reference"]
        assert printed in bundle.read("journal.json").decode()

    # another one: somebody says no
    request_id = tills.rig.post(f"{where}/bundle", WHO)["request_id"]
    tills.rig.until(lambda: says(tills, "status")["asks"], 30, "asked at the PC")
    says(tills, "bundle", "--refuse", request_id)
    assert ended(tills, f"{where}/bundle")["reason"]["code"] == "consent_refused"
    assert "уже закончен" in says(tills, "bundle", "--allow", request_id, "--yes", code=1)["said"]

    # one that nobody has asked for, also without a running agent
    assert tills.rig.agent is not None
    assert tills.rig.agent.stop() == 0
    own = says(tills, "bundle", "--send", "--yes", "--person", "Иванова")
    row = tills.rig.get(f"/support/bundles/{own['bundle_id']}")
    assert (row["reference"], row["request_id"]) == (own["reference"], None)


def test_an_owner_who_has_agreed_to_all_is_not_asked(tills: Shop) -> None:
    till = tills.till("321")
    agent_id = tills.pc(till)
    config = tills.rig.folder / "agent.toml"
    config.write_text('[support]\nconsent = "always"\n' + config.read_text("utf-8"), "utf-8")
    tills.rig.post(f"/agents/{agent_id}/bundle", WHO)  # the PC is off, and comes in time
    tills.start(till)
    told = ended(tills, f"/agents/{agent_id}/bundle")
    assert told["state"] == "done", told
    assert tills.rig.get(f"/support/bundles/{told['bundle_id']}")["standing"] is True
    assert says(tills, "status")["asks"] == []


def test_the_exchange_of_a_sale_comes_when_its_pc_is_asked(tills: Shop) -> None:
    """Register and terminal in one conversation, decoded where the wire is known; nothing of a card in it."""
    till, card = tills.till("322"), terminal(tills, "t322")
    tills.desk(till, terminal_kkm_id=card.kkm_id)
    agent_id = tills.pc(till, card)
    tills.start(till, card)
    till.do("open_shift")
    sum_ = "815.00"
    sale = till.post("sale", payload(item(sum_), payments=[{"type": "card", "amount": sum_}]))
    assert tills.ended(sale)["state"] == "done"
    where = f"/jobs/{sale}/exchange"
    assert tills.rig.call("GET", where).json()["code"] == "no_exchange_yet"

    request_id = tills.rig.post(f"/agents/{agent_id}/bundle", WHO | {"jobs": [sale]})["request_id"]
    tills.rig.until(lambda: says(tills, "status")["asks"], 30, "asked at the PC")
    assert says(tills, "status")["asks"][0]["jobs"] == [sale]
    sent = says(tills, "bundle", "--allow", request_id, "--person", "Иванова", typed="да\n")

    told = tills.rig.get(f"{where}?limit=200")
    assert (told["bundle"]["bundle_id"], told["bundle"]["jobs"], told["damages"]) == (sent["bundle_id"], [sale], [])
    records = told["records"]
    assert {("t322", "payment1"), ("322", "receipt1")} <= {(one["kkm_id"], one["part"]) for one in records}
    assert [one["at"] for one in records] == sorted(one["at"] for one in records)
    commands = [one["command"] for one in records if one["way"] == "tx"]
    assert {"Authorisation", "CloseReceipt"} <= set(commands), commands
    assert not any("ENQ" in (one["command"] or "") for one in records)
    with content(tills, sent["bundle_id"]) as bundle:
        assert sale in json.loads(bundle.read("manifest.json"))["jobs"]
