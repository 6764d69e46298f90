"""Handlers of registration and of the archive's end: FF05h to FF07h, FF34h, FF09h, FF4Ch, FF0Eh, FF60h, FF3Dh, FF3Eh.

Protocol 1.17, FN commands. See ``commands`` for the contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from drivers.simulators import forms, tlv
from drivers.simulators.fiscal_drive import READY, Archived, DriveCode, DriveError
from drivers.simulators.registration import USAGE, Registration, inn_is_right, registration_number
from drivers.simulators.requisites import FFD_11
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.wire import Args, char, date_time, u

FIRST, DRIVE_CHANGED, SAME_DRIVE = range(3)
"""Kinds of FF05h."""
MASK_OF_REASON = {1: 1 << 0, 2: 1 << 1, 3: 1 << 2, 4: 1 << 31}
"""Reason code of 1.05 (tag 1101) -> bit of 1205."""
RESET_CODE = 0x16
WHOLE = 0xFFFF
WORK_TAGS = ((1056, 0), (1002, 1), (1001, 2), (1109, 3), (1110, 4), (1108, 5))
"""Tag of a registration report -> bit of the work mode."""
EXTENDED_TAGS = ((1207, 0), (1193, 1), (1126, 2), (1221, 3))
FROM_TAGS = {1009: "address", 1017: "ofd_inn", 1021: "cashier", 1046: "ofd_name", 1048: "user", 1117: "sender_email"}
FROM_TAGS |= {1187: "place"}
"""Tag that a host gives -> field of the registration."""


def begin(register: Register, args: Args, _operator: int) -> bytes:
    kind = args.number(1)
    args.end()
    if kind not in (FIRST, DRIVE_CHANGED, SAME_DRIVE):
        raise Refusal(Code.BAD_PARAMETERS)
    _phase(register, first=kind != SAME_DRIVE)
    register.begin(forms.CHANGE if kind == SAME_DRIVE else forms.REGISTRATION)
    return b""


def register_first(register: Register, args: Args, _operator: int) -> bytes:
    wanted = _wanted(register, args)
    args.end()
    _phase(register, first=True)
    with register.begun(forms.REGISTRATION):
        given = _given(register, forms.REGISTRATION)
        document = register.drive.register(register.now(), replace(wanted, **given))
    return _done(register, document)


def change(register: Register, args: Args, _operator: int) -> bytes:
    """FF34h: the reason is one code, or with the further fields a mask of 1205."""
    wanted = _wanted(register, args)
    if args.left == 4:
        reasons = args.number(4)
        reason = next((code for code, mask in MASK_OF_REASON.items() if reasons & mask), 4)
    else:
        reason = args.number(1)
        reasons = MASK_OF_REASON.get(reason, 0)
    args.end()
    if not reasons:
        raise Refusal(Code.BAD_PARAMETERS)
    _phase(register, first=False)
    with register.begun(forms.CHANGE):
        given = _given(register, forms.CHANGE)
        document = register.drive.change(register.now(), replace(wanted, **given), reason, reasons)
    return _done(register, document)


def _phase(register: Register, *, first: bool) -> None:
    if (register.drive.state.phase == READY) is not first:
        raise DriveError(DriveCode.WRONG_STATE, f"phase {register.drive.state.phase}")


def _wanted(register: Register, args: Args) -> Registration:
    """ИНН, РНМ, tax systems and work mode; formats from 1.1 on may add the extended mode and the operator's ИНН."""
    inn, rnm = (args.take(size).decode("cp866").strip(" \0") for size in (12, 20))
    taxes, work = args.take(2)
    old = register.drive.state.registration
    wanted = replace(old, inn=inn, rnm=rnm, tax_systems=taxes, work_mode=work, ffd=register.tables.number(17, 1, 17))
    if args.left >= 13:
        extended, ofd_inn = args.number(1), args.take(12).decode("cp866").strip(" \0")
        wanted = replace(wanted, extended_mode=extended, ofd_inn=ofd_inn or old.ofd_inn)
    right = inn_is_right(inn) and rnm[:10].isdecimal()
    if not right or rnm != registration_number(int(rnm[:10]), inn, old.register_serial):
        raise Refusal(Code.BAD_PARAMETERS)
    if not taxes or taxes > 0x3F or work > 0x3F:
        raise Refusal(Code.BAD_PARAMETERS)
    return wanted


def _given(register: Register, form: int) -> Mapping[str, Any]:
    return {FROM_TAGS[tag]: value for tag, value in register.drive.given(form) if tag in FROM_TAGS}


def _done(register: Register, document: Archived) -> bytes:
    register.tables.forget(17, 1, 17)  # from here on the field tells the registered format
    register.count_document()
    register.print_document(document)
    return signed(register, document)


def signed(register: Register, document: Archived) -> bytes:
    """Number and sign, and the moment when extended answers are wanted."""
    reply = u(document.fd, 4) + u(document.fpd, 4)
    return reply + (date_time(document.at) if register.tables.number(17, 1, 36) else b"")


def reset(register: Register, args: Args, _operator: int) -> bytes:
    code = args.number(1)
    args.end()
    if code != RESET_CODE:
        raise Refusal(Code.BAD_PARAMETERS)
    register.drive.reset()
    register.state.last_receipt_fd = 0
    return b""


def begin_close_archive(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    register.begin(forms.CLOSE_ARCHIVE)
    return b""


def close_archive(register: Register, args: Args, operator: int) -> bytes:
    args.end()
    with register.begun(forms.CLOSE_ARCHIVE):
        document = register.drive.close_archive(register.now(), register.cashier(operator))
    register.count_document()
    register.print_document(document)
    return signed(register, document)


# --- reading ---------------------------------------------------------------------------------------------------------


def last(register: Register, args: Args, _operator: int) -> bytes:
    args.end()
    return _summary(_document(register, len(register.drive.state.registrations)))


def numbered(register: Register, args: Args, _operator: int) -> bytes:
    number = args.number(1)
    args.end()
    return _summary(_document(register, number))


def requisite(register: Register, args: Args, _operator: int) -> bytes:
    """FFFFh asks for all of them, by blocks of FF3Bh."""
    number, tag = args.number(1), args.number(2)
    args.end()
    document = _document(register, number)
    if tag == WHOLE:
        register.reading = document.tlv
        return u(document.form, 2) + u(len(register.reading), 2)
    found = [(each, value) for each, value in document.fields() if each == tag]
    if not found:
        raise DriveError(DriveCode.NO_DATA, f"no tag {tag} in registration {number}")
    return tlv.encode(found)


def _document(register: Register, number: int) -> Archived:
    made = register.drive.state.registrations
    if not 1 <= number <= len(made):
        raise DriveError(DriveCode.NO_DATA, f"no registration {number}")
    return register.drive.find(made[number - 1])


def _summary(document: Archived) -> bytes:
    """50 bytes of reply for format 1.05, 67 for the later ones, code and error included."""
    tags = cast("dict[int, Any]", dict(document.fields()))
    head = date_time(document.at) + identity(tags)
    if tags[1209] >= FFD_11:
        reasons = tags.get(1205, 0)
        head += bytes([extended_mode(tags)]) + _inn(tags.get(1017, "")) + u(reasons, 4)
    return head + u(document.fd, 4) + u(document.fpd, 4)


def identity(tags: Mapping[int, Any]) -> bytes:
    """ИНН, РНМ, tax systems, work mode: the middle of FF09h and of FF0Ah."""
    return _inn(tags[1018]) + char(tags[1037], 20, b" ") + bytes([tags[1062], work_mode(tags)])


def work_mode(tags: Mapping[int, Any]) -> int:
    return _mode(tags, "work_mode", WORK_TAGS)


def extended_mode(tags: Mapping[int, Any]) -> int:
    return _mode(tags, "extended_mode", EXTENDED_TAGS)


def _mode(tags: Mapping[int, Any], name: str, own: tuple[tuple[int, int], ...]) -> int:
    """From tags of their own, or from the mask of format 1.2."""
    usage = tags.get(1290, 0)
    packed = sum(mask for bit, field, mask in USAGE if field == name and usage >> bit & 1)
    return packed | sum(1 << bit for tag, bit in own if tags.get(tag))


def _inn(inn: str) -> bytes:
    return char(inn, 12, b" ")
