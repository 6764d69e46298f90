"""``kassabridge demo`` as a person runs it: real processes, every example receipt done with its proof, and the sales by
card as they must end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from protocol.ffd.money import format_kopecks
from protocol.ffd.qr import parse_qr

pytest.importorskip("fastapi")

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples" / "receipts").glob("*.json"))

SALES = {("done", "payment done", "receipt done"), ("not_done", "payment not_done")}


def demo(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", "demo", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )


@pytest.mark.gate
def test_every_example_receipt_is_done_with_proof(tmp_path: Path) -> None:
    output = tmp_path / "demo-output"
    (output / "run").mkdir(parents=True)
    refused = demo(tmp_path, "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"]["code"] == "demo_output_taken"
    (output / "run").rmdir()
    (output / "mine.txt").write_text("not of the demo", "utf-8")

    done = demo(tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is True
    made = {name: [one for one in document["receipts"] if one["register"] == name] for name in ("Штрих-М", "АТОЛ")}
    assert [one["name"] for one in made["Штрих-М"]] == EXAMPLES
    assert len(EXAMPLES) >= 12
    assert {one["name"] for one in made["АТОЛ"]} < set(EXAMPLES)
    assert {rate for one in made["АТОЛ"] for rate in one["vat"]} == {"none", "vat10", "vat20"}
    assert {one["ffd"] for one in document["receipts"]} == {"1.2", "1.05"}
    for receipts in made.values():
        assert [one["fd"] for one in receipts] == list(range(3, 3 + len(receipts)))
    for one in document["receipts"]:
        assert one["state"] == "done"
        assert one["fpd"].isdigit()
        assert one["vat"]
        with Image.open(tmp_path / one["picture"]) as picture:
            (code,) = zxingcpp.read_barcodes(picture)
        read = parse_qr(code.text)
        assert (read.fd, read.fpd, format_kopecks(read.total)) == (one["fd"], one["fpd"], one["total"])

    assert {(sale["state"], *sale["steps"]) for sale in document["sales"]} == SALES
    assert all(sale["good"] for sale in document["sales"])
    for sale in document["sales"]:
        if sale["state"] == "done":
            with Image.open(tmp_path / sale["picture"]) as picture:
                (code,) = zxingcpp.read_barcodes(picture)
            assert parse_qr(code.text).fd == sale["fd"]

    (output / "run" / "left-over.txt").write_text("of the last demo", "utf-8")
    again = demo(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    count = len(document["receipts"])
    assert f"{count} из {count}" in again.stdout
    assert not (output / "run" / "left-over.txt").exists()
    assert (output / "mine.txt").read_text("utf-8") == "not of the demo"
