"""What the terminal says about an operation, a day and itself: ledger entries as ZVT units. Pure.

Card data stand where a real terminal can let them out: field 22 holds the whole number, 0E the expiry, and so does the
merchant's copy of a slip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from drivers.simulators.bank import Bank, Entry, Kind, Origin, Settlement, Standing
from drivers.simulators.zvt import codes
from drivers.simulators.zvt.apdu import Apdu, command
from drivers.simulators.zvt.fields import bcd, field, pan, read, said, tag
from drivers.simulators.zvt.state import Registration, ZvtState

SOFTWARE = "SIM 1.0"
GIROCARD_TO_OTHERS = ("", "", "MASTERCARD", "", "VISA", "", "MIR")
"""Which of our card systems each of the seven rows of field 60 counts."""
ONLINE = 0x60


def receipt(entry: Entry) -> int:
    """The receipt number: four digits, never 0."""
    return (entry.number - 1) % 9999 + 1


def result_of(bank: Bank, entry: Entry) -> int:
    """Result byte: the bank's answer, or that the terminal has taken it back by itself."""
    if not entry.approved:
        return int(entry.response)
    if bank.standing(entry) is Standing.REVERSED and reversal_of(bank, entry) is Origin.TERMINAL:
        return codes.KEY_OR_TIMEOUT
    return codes.OK


def reversal_of(bank: Bank, entry: Entry) -> Origin | None:
    """Who has reversed it."""
    for later in reversed(bank.state.entries):
        if later.kind is Kind.REVERSAL and later.original == entry.rrn:
            return later.origin
        if later is entry:
            break
    return None


def status_information(state: ZvtState, bank: Bank, entry: Entry, *, synchronised: bool = False) -> Apdu:
    """04 0F of an operation, as it stands now."""
    card = bank.card(entry)
    original = bank.find(rrn=entry.original) if entry.original else None
    data = [
        field(0x27, bytes([result_of(bank, entry)])),
        field(0x04, bcd(entry.amount, 6)),
        field(0x49, bcd(int(state.currency), 2)),
        field(0x0C, bcd(int(f"{entry.at:%H%M%S}"), 3)),
        field(0x0D, bcd(int(f"{entry.at:%m%d}"), 2)),
        field(0x0B, bcd(entry.number, 3)),
        field(0x87, bcd(receipt(entry), 2)),
        field(0x29, bytes.fromhex(entry.terminal_id)),
        field(0x2A, state.bank.merchant_id.encode("ascii").ljust(15)),
    ]
    if entry.approved:
        data += [
            field(0x3B, entry.auth_code.encode("ascii").ljust(8, b"\0")),
            field(0x19, bytes([ONLINE])),
            field(0x0E, bytes.fromhex(card.expiry)),
            pan(card.pan),
            field(0x8B, card.system.encode("ascii") + b"\0"),
        ]
    if original is not None:  # last, since not every reader of the others knows it
        data.append(field(0x37, bcd(original.number, 3)))
    objects = [tag(codes.SYNC, bcd(receipt(entry), 2))] if synchronised else []
    return command(codes.STATUS_INFORMATION, b"".join(data), *objects)


def given_back() -> Apdu:
    """04 0F after a result that was answered «not yet» too often."""
    return command(codes.STATUS_INFORMATION, field(0x27, bytes([codes.KEY_OR_TIMEOUT])))


def day(state: ZvtState, entries: Sequence[Entry], total: int, at_numbers: tuple[int, int], bank: Bank) -> Apdu:
    """04 0F of a terminal day. A balance below zero is said as 0: the field has no sign."""
    singles = bcd(at_numbers[0], 2) + bcd(at_numbers[1], 2)
    for system in GIROCARD_TO_OTHERS:
        paid = [
            entry.amount
            for entry in entries
            if entry.kind is Kind.PAYMENT and system and bank.card(entry).system == system
        ]
        singles += bytes([min(len(paid), 255)]) + bcd(sum(paid), 6)
    return command(
        codes.STATUS_INFORMATION,
        field(0x27, b"\0")
        + field(0x04, bcd(max(total, 0), 6))
        + field(0x49, bcd(int(state.currency), 2))
        + field(0x60, singles),
    )


def settled(state: ZvtState, done: Settlement, bank: Bank) -> Apdu:
    return day(state, done.entries, done.terminal.balance, _numbers(done.entries), bank)


def totals(state: ZvtState, bank: Bank) -> Apdu:
    entries = list(bank.today())
    return day(state, entries, bank.balance, _numbers(entries), bank)


def _numbers(entries: Sequence[Entry]) -> tuple[int, int]:
    return (receipt(entries[0]), receipt(entries[-1])) if entries else (0, 0)


def intermediate(state: int, minutes: int = 0) -> Apdu:
    """04 FF: what goes on, and a new T4 in minutes (0: none)."""
    return command(codes.INTERMEDIATE, bytes([state]) + bcd(minutes, 1))


def completion(data: bytes = b"", *objects: bytes) -> Apdu:
    return command(codes.COMPLETION, data, *objects)


def aborted(error: int) -> Apdu:
    return command(codes.ABORTED, bytes([error]))


def garbage(random_bytes: bytes) -> Apdu:
    """04 0F whose first field nobody knows."""
    return command(codes.STATUS_INFORMATION, b"\xfe" + random_bytes)


def of_another(said: Apdu) -> Apdu:
    """The same 04 0F as another terminal would say it: its number is the next one."""
    fields = read(said.data).bmps
    data = b"".join(field(bmp, bcd(int(value.hex()) + 1, 4) if bmp == 0x29 else value) for bmp, value in fields.items())
    return replace(said, data=data)


def registered(state: ZvtState, status: int, *objects: bytes) -> Apdu:
    return completion(
        field(0x19, bytes([status]))
        + field(0x29, bytes.fromhex(state.bank.terminal_id))
        + field(0x49, bcd(int(state.currency), 2)),
        *objects,
    )


def standing(status: int, *, version: bool, objects: Iterable[bytes] = ()) -> Apdu:
    """06 0F of the status enquiry."""
    text = SOFTWARE.encode("ascii")
    head = said(len(text), 3) + text if version else b""
    return completion(head + bytes([status]), *objects)


def device(state: ZvtState, status: int) -> bytes:
    return tag(
        codes.DEVICE,
        tag(codes.NAME, b"SIMULATOR")
        + tag(codes.SOFTWARE, SOFTWARE.encode("ascii"))
        + tag(codes.SERIAL, bytes.fromhex(state.serial))
        + tag(codes.DEVICE_STATE, bytes([status])),
    )


def prints(registration: Registration, lines: Sequence[str], kind: int) -> list[Apdu]:
    """A slip as the cash register wants it: one block, lines, or nothing, when it makes its own."""
    texts = [line.encode("cp437", "replace") for line in lines]
    if registration.takes_blocks:
        block = tag(codes.PRINT_TEXTS, b"".join(tag(codes.TEXT_LINE, text) for text in texts))
        return [command(codes.PRINT_BLOCK, b"", tag(codes.RECEIPT_TYPE, bytes([kind])), block)]
    if registration.config & codes.PRINT_LINES:
        return [command(codes.PRINT_LINE, b"\0" + text) for text in texts]
    return []
