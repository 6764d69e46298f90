"""The server goes back to a copy while PCs and registers have gone on: nothing is printed twice, and nothing is lost
that a PC knows (S8 of the crash table: what PCs tell is taken over with its proof)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.rig import ROOT, Rig


def upkeep(shop: Rig, *words: str) -> None:
    command = [sys.executable, "-m", "server.cli", *words, "--database", shop.database]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_server_restored_from_its_copy_learns_what_it_forgot(shop: Rig, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.sqlite3")
    shop.start_agent()
    shop.bound()
    shop.submit("before-1")
    shop.settled("before-1")
    upkeep(shop, "backup", copy)  # the server runs

    for job_id in ("after-1", "after-2"):
        shop.submit(job_id)
        shop.settled(job_id)
    known = {job_id: shop.job(job_id)["proof"] for job_id in ("before-1", "after-1", "after-2")}
    assert shop.server is not None
    assert shop.server.stop() == 0
    upkeep(shop, "restore", copy, "--replace")
    shop.start_server()
    shop.bound()

    shop.until(lambda: shop.call("GET", "/jobs/after-2").status_code == 200, 60, "the PC has told of it")
    for job_id, proof in known.items():
        job = shop.settled(job_id)
        assert (job["state"], job["proof"]) == ("done", proof), job
    again = shop.call("POST", "/jobs", shop.job_body("after-1"))
    assert again.status_code in (202, 409), again.text
    shop.submit("new-1")
    assert shop.settled("new-1")["state"] == "done"
    totals = [document["tags"]["1020"] for document in shop.receipts()]
    assert len(totals) == 4, "each of the four once"
