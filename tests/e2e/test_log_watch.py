"""Support watches the log of a real agent by a real server: asked, agreed to at the PC, seen line by line, ended."""

from __future__ import annotations

from typing import Any

from tests.e2e.shop import Shop
from tests.e2e.test_support import WHO, says


def _lines(shop: Shop, where: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = shop.rig.get(f"{where}/log/lines?limit=200")["lines"]
    return lines


def test_a_job_is_seen_in_the_log_while_it_is_made_and_the_pc_has_the_last_word(tills: Shop) -> None:
    till = tills.till("323")
    agent_id = tills.pc(till)
    tills.start(till)
    tills.desk(till)
    where = f"/agents/{agent_id}"

    request_id = tills.rig.post(f"{where}/log", WHO)["request_id"]
    tills.rig.until(lambda: says(tills, "status")["asks"], 30, "asked at the PC")
    (ask,) = says(tills, "status")["asks"]
    assert (ask["request_id"], ask["what"], ask["person"], ask["reason"]) == (
        request_id, "log", WHO["person"], WHO["reason"],
    )  # fmt: skip
    assert "Ничего не показано" in says(tills, "log", "--allow", request_id, typed="нет\n", code=1)["said"]
    till.do("open_shift")
    assert tills.rig.get(f"{where}/log")["state"] == "asked"
    assert _lines(tills, where) == [], "nothing before the yes"

    says(tills, "log", "--allow", request_id, "--person", "Иванова", typed="да\n")
    tills.rig.until(lambda: tills.rig.get(f"{where}/log")["state"] == "running", 30, "the log is watched")
    told = tills.rig.get(f"{where}/log")
    assert (told["agreed_by"], told["standing"]) == ("Иванова", False)
    watched = says(tills, "status")["watched"]
    assert (watched["request_id"], watched["person"], watched["agreed"]) == (request_id, WHO["person"], "Иванова")
    before = tills.rig.get("/jobs")["jobs"]

    job_id = till.post("x_report")
    assert tills.ended(job_id)["state"] == "done"
    tills.rig.until(
        lambda: any(one.get("job_id") == job_id and one.get("state") == "done" for one in _lines(tills, where)),
        30, "the job's way in the log",
    )  # fmt: skip
    lines = _lines(tills, where)
    assert [one["n"] for one in lines] == list(range(1, len(lines) + 1))
    ways = [one["step"] for one in lines if one.get("job_id") == job_id]
    assert ways[0] == "offer"
    assert "proven" in ways or "answered" in ways, ways
    assert not any(job["job_id"] in str(lines) for job in before), "nothing of what was before"
    assert str(tills.rig.folder) not in str(lines)
    assert "127.0.0.1" not in str(lines)

    says(tills, "log", "--stop")
    tills.rig.until(lambda: tills.rig.get(f"{where}/log")["state"] == "done", 30, "ended at the PC")
    assert tills.rig.get(f"{where}/log")["reason"]["code"] == "log_stopped_at_pc"
    assert says(tills, "status")["watched"] is None
    count = len(_lines(tills, where))
    assert tills.ended(till.post("x_report"))["state"] == "done"
    assert len(_lines(tills, where)) == count, "the log is closed; what was seen can still be read"

    # once more: support closes it
    request_id = tills.rig.post(f"{where}/log", WHO)["request_id"]
    tills.rig.until(lambda: says(tills, "status")["asks"], 30, "asked again")
    says(tills, "log", "--allow", request_id, "--yes", "--person", "Иванова")
    tills.rig.until(lambda: tills.rig.get(f"{where}/log")["state"] == "running", 30, "the log is watched")
    tills.rig.post(f"{where}/log/stop", {})
    tills.rig.until(lambda: says(tills, "status")["watched"] is None, 30, "the PC was told")
    assert tills.rig.get(f"{where}/log")["reason"]["code"] == "log_stopped"

    # and once more: the connection ends it
    request_id = tills.rig.post(f"{where}/log", WHO)["request_id"]
    tills.rig.until(lambda: says(tills, "status")["asks"], 30, "asked again")
    says(tills, "log", "--allow", request_id, "--yes", "--person", "Иванова")
    tills.rig.until(lambda: tills.rig.get(f"{where}/log")["state"] == "running", 30, "the log is watched")
    assert tills.rig.agent is not None
    assert tills.rig.agent.stop() == 0
    tills.rig.until(lambda: tills.rig.get(f"{where}/log")["state"] == "done", 30, "the connection is over")
    assert tills.rig.get(f"{where}/log")["reason"]["code"] == "log_connection_lost"
