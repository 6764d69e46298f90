"""What banks' programs for card terminals leave behind, and the files that they are set up with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from drivers.address import SetupError
from drivers.errors import NotSent
from drivers.terminal_api import Operation, Outcome, Transaction
from drivers.terminals import arcus2, masking, sber, slips
from drivers.terminals.arcus2.operations import Absent, Ambiguous, Want, read_operations
from drivers.terminals.arcus2.setup import read_setup
from drivers.terminals.program import Mark
from drivers.terminals.record import Entry, Record
from drivers.terminals.sber.result import read_result, told_return
from tests.drivers.terminals.arcus2.conftest import CASHREG, CLASSES, NUMBERS
from tests.drivers.terminals.sber.conftest import SLIP, declined, e
from tests.fuzz.parser import ROOT, Parser, file, pure, text

_NOON = datetime.fromisoformat("2026-03-01 12:15:00")
_ANSWER = Transaction(Outcome.APPROVED, "0", operation=Operation.PAYMENT, amount=15000, at=_NOON, slips=(("A",),))
_RECORD = Record(Entry("payment", 180.0, 17, 15000), 1.0, _NOON, Mark(7, "boot:1"))


def _setup(data: bytes, folder: Path) -> Any:
    (folder / "CommandLineTool").write_bytes(b"")
    (folder / "ops.ini").write_text(CLASSES, "cp1251")
    (folder / "cashreg.ini").write_bytes(data)
    return read_setup(folder, arcus2.load_profile(), None, None)


def _cash_codes(data: str) -> list[str]:
    operations = read_operations(data)
    found = []
    for want in Want:
        try:
            found.append(operations.cash_code(want))
        except (Absent, Ambiguous) as error:
            found.append(str(error))
    return found


def _slip(data: bytes) -> Any:
    written = slips.copies(data.decode("cp866", "replace"), sber.terminal.DIVIDER)
    return slips.amount_told(written, 15000), slips.merchant_first(written)


def _profiles(name: str) -> tuple[bytes, ...]:
    return ((ROOT / "drivers/profiles" / name).read_bytes(), b"[time]\nquery = 1\n")


PROGRAMS = (
    Parser("Sber's result", pure(lambda data: (read_result(data, "cp866"), told_return(data))), (), (
        e(), e()[:40], declined("4405,Нет"), b"return:2000\n",
    ), ("drivers.terminals.sber.result:read_result",)),
    Parser("slip of a program", pure(_slip), (), (SLIP.encode("cp866"), b"~S\x01\r\nA 1 500.00\x0c")),
    Parser("masking", text(lambda data: (masking.mask(data), masking.card(data), masking.lines(data))), (), (
        b"4111 1111 1111 1111", b";4111111111111111=28122010000012345?", b"RRN 606012345678",
    )),
    Parser("Arcus2's ops.ini", text(_cash_codes), (), (CLASSES.encode(), NUMBERS.encode()), (
        "drivers.terminals.arcus2.operations:read_operations",
    )),
    Parser("Arcus2's cashreg.ini", _setup, (NotSent,), (
        CASHREG.encode("cp1251"), b"RESULT_FILE=r.out\nOPCHARSET=cp866\n",
    ), ("drivers.terminals.arcus2.setup:read_setup",)),
    Parser("record of a run", text(Record.from_json), (ValueError,), (
        _RECORD.to_json().encode(), replace(_RECORD, over=True, answer=_ANSWER).to_json().encode(),
    ), ("drivers.terminals.record:Record.from_json",), True),
    Parser("profile of sber", file("own.toml", sber.load_profile), (SetupError,), _profiles("sber.toml"), (
        "drivers.terminals.sber.profile:load_profile",
    )),
    Parser("profile of arcus2", file("own.toml", arcus2.load_profile), (SetupError,), _profiles("arcus2.toml"), (
        "drivers.terminals.arcus2.profile:load_profile",
    )),
)  # fmt: skip
