"""``simulate sber`` and ``simulate arcus2`` as a person or a script runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.simulators.cli import main
from tests.support.patience import BUSY


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script here")
def test_a_payment_is_in_the_dump(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, state = tmp_path / "sc552", tmp_path / "terminal.json"
    command = ["sber", "--listen", f"exe:{folder}", "--state", str(state), "--terminal", "00311159", "--control"]
    process = subprocess.Popen(
        [sys.executable, "-m", "drivers.simulators", *command, "--pace", "0", "--fault", "files:nth=2,as=missing"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline()) == {"listening": f"exe:{folder}"}

        def pay() -> list[str]:
            (folder / "e").unlink(missing_ok=True)
            subprocess.run(["./sb_pilot", "1", "15000"], cwd=folder, check=True, timeout=BUSY, capture_output=True)
            return (folder / "e").read_bytes().decode("koi8-r").splitlines() if (folder / "e").exists() else []

        first = pay()
        assert first[0] == "0,Успешное завершение"
        assert first[7] == "00311159"
        assert pay() == []
        process.stdin.write('{"do": "unplug"}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["plugged"] is False
        assert pay()[0].startswith("99,")
    finally:
        process.terminate()
        assert process.wait(BUSY) == 0
        process.stdin.close()
        process.stdout.close()
    assert main(["sber", "--state", str(state), "--dump"]) == 0
    dumped = json.loads(capsys.readouterr().out)
    assert [(each["amount"], each["kind"]) for each in dumped["charges"]] == [("150.00", "payment")] * 2
    assert dumped["charges"][0]["rrn"] == first[9]
    assert dumped["family"] == "sber"


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["sber"], "expected exe:DIR"),
        (["sber", "--listen", "tcp:127.0.0.1:0"], "expected exe:DIR"),
        (["arcus2", "--listen", "exe:"], "expected exe:DIR"),
        (["shtrih", "--listen", "exe:folder"], "expected tcp:HOST:PORT"),
        (["sber", "--listen", "exe:x", "--ops", "one"], "unknown option --ops"),
        (["arcus2", "--listen", "exe:x", "--ops", "two"], "one, by-name, zero"),
        (["sber", "--listen", "exe:x", "--fault", "auto-cancel"], "nothing like it"),
        (["sber", "--listen", "exe:x", "--fault", "files:as=gone"], "must be one of"),
        (["zvt", "--listen", "tcp:127.0.0.1:0", "--fault", "files:as=stale"], "nothing like it"),
    ],
)
def test_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("family", ["sber", "arcus2"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str) -> None:
    (tmp_path / "file").write_text("")
    assert main([family, "--listen", f"exe:{tmp_path / 'file'}"]) == 2
    assert "cannot listen or write" in capsys.readouterr().err
