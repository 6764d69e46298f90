"""The first run of a PC, by hand: a link is clicked, the owner confirms, a register is named, a receipt is printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.page.browser import Browser, Page
from tests.e2e.shop import Shop
from tests.support.rig import ROOT


def link(config: Path, *words: str) -> str:
    """``kassabridge agent open``, as the tray, or a click in the CRM, asks for it."""
    command = [sys.executable, "-m", "agent.cli", "agent", "open", *words, "--no-browser", "--json"]
    done = subprocess.run([*command, "--config", str(config)], capture_output=True, text=True, cwd=ROOT, timeout=60)
    return str(json.loads(done.stdout)["url"]) if done.returncode == 0 else ""


def test_from_the_link_in_the_crm_to_the_first_receipt(tills: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)  # the browser is this test
    till, rig, browser = tills.till("320"), tills.rig, Browser()
    config = rig.folder / "first.toml"
    config.write_text(f'# мой файл\n[agent]\ndata_dir = "{rig.folder / "first"}"\n', "utf-8")
    code = rig.post("/pairing-codes", {})
    click = ("agent", "open", "pair", "--line", "kassabridge:" + code["line"], "--start", "--config", str(config))
    rig.spawn("first", "-m", "agent.cli", *click, ready=False)
    opened = rig.until(lambda: link(config, "pair", *click[3:5]), 60, "the window answers")

    page = browser.open(opened)
    assert f"Подключить этот компьютер к {rig.url.removeprefix('http://')}?" in page.words
    browser.send(page.form("Подключить"), pc_name="Касса у входа")
    rig.until(lambda: "ждёт владелец" in browser.get("/pair").words, 60, "the owner is waited for")
    assert rig.get(f"/pairing-codes/{code['code']}")["pc_name"] == "Касса у входа"
    rig.post(f"/pairing-codes/{code['code']}/confirm", {})
    rig.until(lambda: "подключён к «Тест»" in browser.get("/pair").words, 60, "paired")

    def at_work() -> Page | None:
        page = browser.get("/")
        return page if "Решать нечего." in page.words else None

    assert "Здесь ещё нет ни одной кассы." in rig.until(at_work, 60, "the agent runs").words
    rig.put("/devices", {"kkm_id": "320", "agent_id": rig.get(f"/pairing-codes/{code['code']}")["agent_id"]})
    assert "Для кассы 320" in browser.get("/registers").words
    form = browser.get("/registers").form("Записать")
    assert "Записано." in browser.send(form, kkm_id="320", driver="shtrih", address=till.address).words
    assert config.read_text("utf-8").startswith("# мой файл\n")
    tills.bound(till)
    assert "Для кассы 320" not in browser.get("/registers").words
    rig.until(lambda: "готова" in browser.get("/").words or "не привязана" in browser.get("/").words, 60, "ready")
    assert till.do("open_shift")["state"] == "done"
