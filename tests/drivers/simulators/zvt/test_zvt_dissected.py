"""Another program's opinion: the ZVT dissector of tshark reads what simulator and hand-written cash register say.

It knows neither; it must find nothing malformed, take every unit for ZVT but four commands of the cash register that it
does not know, and read the values that the ledger holds.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from drivers.simulators.zvt import Options
from tests.drivers.simulators.zvt.capture import PORT, capture
from tests.drivers.simulators.zvt.host import YES, Register, silent_to

TSHARK = shutil.which("tshark")

pytestmark = pytest.mark.skipif(
    TSHARK is None, reason="tshark is not installed: nobody else checks what the simulated ZVT terminal says"
)


def dissect(host: Register, folder: Path, *fields: str, only: str = "") -> list[list[str]]:
    """The wanted fields of every packet that passes the filter."""
    assert TSHARK is not None
    path = folder / "zvt.pcap"
    path.write_bytes(capture(host.said))
    wanted = [word for name in fields for word in ("-e", name)]
    done = subprocess.run(
        [TSHARK, "-r", str(path), "-n", "-d", f"tcp.port=={PORT},zvt", "-Y", only or "tcp", "-T", "fields", *wanted],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return [line.split("\t") for line in done.stdout.splitlines()]


def a_day() -> Register:
    host = Register(config=None)
    host.say("06 00 04 00 00 00 ba")
    host.say("05 01 05 000000 03 04")
    host.say("06 01 0c 04 00 00 00 00 01 23 49 06 43 06 00")
    host.say("06 20 05 000000 03 03")
    host.say("06 31 0A 000000 04 000000005000")
    host.say("06 10 03 000000")
    host.say("06 00 0C 000000 3E 06 06 26 04 0a 02 06 d3")
    host.pay(1010)
    host.pay(10_001)
    host.pay(10_002)
    host.say("06 30 06 000000 87 0003")
    host.say("06 30 06 000000 87 0777")
    host.say("06 50 03 000000")
    host.say("06 70 00")
    host.say("06 02 00")
    return host


def test_nothing_is_malformed_and_everything_is_zvt(tmp_path: Path) -> None:
    host = a_day()
    assert len(host.said) > 100
    assert dissect(host, tmp_path, "frame.number", only="_ws.malformed or zvt.apdu_len.invalid") == []
    foreign = {
        bytes.fromhex(payload.replace(":", ""))[:2]
        for (payload,) in dissect(host, tmp_path, "tcp.payload", only="not zvt")
    }
    assert foreign == {b"\x05\x01", b"\x06\x02", b"\x06\x10", b"\x06\x20"}


def test_nothing_is_malformed_when_things_go_wrong(tmp_path: Path) -> None:
    host = Register(options=Options(vending=True))
    host.pay(10_000, lambda unit: b"\x84\x9c\x00" if unit[:2] == b"\x04\x0f" else YES, more="0203")
    host.pay(10_000, silent_to("040f"), more="06031f1f00")
    host.say("06 00 0C 000000 0A 06 06 1F 73 03 00 00 00")
    assert dissect(host, tmp_path, "frame.number", only="_ws.malformed or zvt.apdu_len.invalid") == []


def test_it_sees_what_is_malformed(tmp_path: Path) -> None:
    host = Register(config=None)
    host.said = [(True, bytes.fromhex("04 0F 05 27 00 04 00 00"))]
    assert dissect(host, tmp_path, "frame.number", only="_ws.malformed") == [["1"]]


def test_it_reads_what_the_ledger_holds(tmp_path: Path) -> None:
    host = a_day()
    rows = dissect(
        host, tmp_path, "zvt.amount", "zvt.terminal_id", "zvt.trace_number", "zvt.card_number", "zvt.expiry_date",
        "zvt.card_name", "zvt.result_code", "zvt.time", only="zvt.control_field == 0x040f and zvt.trace_number",
    )  # fmt: skip
    bank = host.device.bank
    expected = []
    for entry in (bank.state.entries[at] for at in (0, 0, 1, 2, 3, 4)):  # the first one was repeated
        card, gone = bank.card(entry), not entry.approved
        expected.append([
            str(entry.amount),
            entry.terminal_id,
            f"{entry.number:06d}",
            "" if gone else card.pan,
            "" if gone else f"{card.expiry[:2]}/{card.expiry[2:]}",
            "" if gone else card.system,
            "0x05" if gone else "0x00",
            f"{entry.at:%H:%M:%S}",
        ])  # fmt: skip
    assert rows == expected


def test_it_reads_the_slips(tmp_path: Path) -> None:
    host = a_day()
    lines = [line for (line,) in dissect(host, tmp_path, "zvt.tlv.text_lines.line", only="zvt.tlv.text_lines.line")]
    text = ",".join(lines)
    assert "MERCHANT COPY" in text
    assert "AMOUNT                 10.10 RUB" in text
    assert "DECLINED 05" in text
