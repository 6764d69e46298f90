"""What a cashier's program says to the register, one function for one command of the reference (section 3)."""

from . import tlv
from .client import GIVEN_NOT, Answer, Host, Host2, le

Speaker = Host | Host2

SHORT = "op:1 flags:2 mode:1 submode:1 opsLo:1 battery:1 supply:1 fpErr:1 eklzErr:1 opsHi:1 reserved:3s lastPrint:1"
LONG = (
    "op:1 swVersion:2s swBuild:2 swDate:3s roomNo:1 docNo:2 flags:2 mode:1 submode:1 port:1 fpVersion:2s fpBuild:2 "
    "fpDate:3s date:3s time:3s fpFlags:1 serialLo:4 lastClosedShift:2 fpFreeRecords:2 regsDone:1 regsLeft:1 inn:6"
)
DRIVE = "phase:1 curDoc:1 docData:1 shiftOpen:1 warn:1 lastDocDateTime:5s fnNumber:16s lastFD:4"
SHIFT = "open:1 shiftNo:2 receiptNo:2"
CLOSED = "change:5 FD:4 FP:4"
SIGNED = "FD:4 FP:4"
SHIFT_REPORT = "shiftNo:2 FD:4 FP:4"
FOUND_RECEIPT = "type:1 ticket:1 dt:5s FD:4 FP:4 op:1 total:5"
FOUND_SHIFT = "type:1 ticket:1 dt:5s FD:4 FP:4 shiftNo:2"
OFD = "state:1 reading:1 queue:2 firstFD:4 firstDateTime:5s"

INCOME, INCOME_RETURN, EXPENSE, EXPENSE_RETURN = 1, 2, 3, 4
OPENING = {INCOME: 0, EXPENSE: 1, INCOME_RETURN: 2, EXPENSE_RETURN: 3}
"""FF46 opType to 8Dh type: the trap of 3.6."""

OSN, NO_VAT, VAT_20, VAT_10, VAT_0 = 1, 0x08, 0x01, 0x02, 0x04


def mode(host: Speaker) -> int:
    """10h, the mode byte."""
    return short(host)["mode"]


def short(host: Speaker) -> dict[str, int]:
    answer = host.ask("10")
    layout = SHORT if len(answer.body) == 15 else SHORT.removesuffix(" lastPrint:1")
    return {key: value for key, value in answer.fields(layout).items() if isinstance(value, int)}


def full(host: Speaker) -> dict[str, int | bytes]:
    answer = host.ask("11")
    return answer.fields(LONG + (" serialHi:2" if len(answer.body) == 48 else ""))


def document_number(host: Speaker) -> int:
    return host.ask("11").integer(LONG + (" serialHi:2" if len(host.ask("11").body) == 48 else ""), "docNo")


def last_fd(host: Speaker) -> int:
    return host.ask("FF01").integer(DRIVE, "lastFD")


def money(host: Speaker, register: int) -> int:
    wide = le(register, 2 if register > 255 else 1)
    return host.ask("1A", wide).integer("op:1 value:6", "value")


def counter(host: Speaker, register: int) -> int:
    return host.ask("1B", le(register, 1)).integer("op:1 value:2", "value")


def table(host: Speaker, number: int, row: int, field: int) -> bytes:
    return host.ask("1F", le(number, 1), le(row, 2), le(field, 1)).body


def write_table(host: Speaker, number: int, row: int, field: int, value: bytes) -> Answer:
    return host.ask("1E", le(number, 1), le(row, 2), le(field, 1), value)


def opening(host: Speaker, kind: int = INCOME) -> Answer:
    return host.ask("8D", le(OPENING[kind], 1))


def operation(
    host: Speaker,
    price: int,
    qty: int = 1_000_000,
    *,
    kind: int = INCOME,
    total: int = GIVEN_NOT,
    tax_sum: int = GIVEN_NOT,
    rate: int = NO_VAT,
    department: int = 1,
    method: int = 4,
    subject: int = 1,
    name: str = "Товар",
) -> Answer:
    """FF46. Price and sums in kopecks, quantity in millionths."""
    return host.ask(
        "FF46",
        le(kind, 1) + le(qty, 6) + le(price, 5) + le(total, 5) + le(tax_sum, 5),
        bytes([rate, department, method, subject]) + name.encode("cp1251"),
    )


def closing(
    host: Speaker,
    cash: int = 0,
    card: int = 0,
    *,
    advance: int = 0,
    credit: int = 0,
    other: int = 0,
    rounding: int = 0,
    system: int = OSN,
    code: str = "FF45",
    taxes: tuple[int, ...] = (),
    sums: dict[int, int] | None = None,
    note: str = "",
) -> Answer:
    """FF45, FF76 or FF78: sixteen sums, rounding, six, ten or twelve taxes, the tax system."""
    paid = {1: cash, 2: card, 14: advance, 15: credit, 16: other, **(sums or {})}
    rows = {"FF45": 6, "FF76": 10, "FF78": 12}[code]
    given = (*taxes, *([0] * (rows - len(taxes))))
    return host.ask(
        code,
        b"".join(le(paid.get(number, 0), 5) for number in range(1, 17)),
        le(rounding, 1),
        b"".join(le(tax, 5) for tax in given),
        le(system, 1),
        note.encode("cp1251"),
    )


def sale(host: Speaker, price: int = 10000, *, kind: int = INCOME, rate: int = NO_VAT, cash: int | None = None) -> int:
    """A whole receipt for cash; its FD number."""
    assert opening(host, kind).error == 0
    assert operation(host, price, kind=kind, rate=rate).error == 0
    return closing(host, price if cash is None else cash).integer(CLOSED, "FD")


def document(host: Speaker, fd: int) -> tuple[int, tlv.Tags]:
    """FF3A and FF3B: form code and tags of a document."""
    head = host.ask("FF3A", le(fd, 4)).fields("docType:2 length:2")
    form, length = head["docType"], head["length"]
    assert isinstance(form, int)
    assert isinstance(length, int)
    data = b""
    while len(data) < length:
        block = host.ask("FF3B")
        assert block.error == 0
        assert block.body
        data += block.body
    assert len(data) == length
    assert host.ask("FF3B").refused in {0x08, 0x34}
    return form, tlv.parse(data)


def drive_time(data: bytes) -> str:
    """YY MM DD HH MM of the fiscal drive (2)."""
    return "20{:02}-{:02}-{:02} {:02}:{:02}".format(*data)
