"""The tasks that the server can have the register do, by name: a task in, its result out (reference, A.6 and A.7).

Each raises ``TaskError``, ``Refusal``, ``DriveError`` or ``TlvError`` for what is not done. ``FISCAL`` are those that
leave a document in the fiscal drive; a request may have one of them.

Not there: marking, licences, the tasks that register a drive or close its archive (11, not supported).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from drivers.simulators.atol.core import Core
from drivers.simulators.atol.reasons import Refusal
from drivers.simulators.atol_web import answers, codes, printing, receipts, words
from drivers.simulators.atol_web.codes import TaskError
from drivers.simulators.atol_web.numbers import kopecks
from drivers.simulators.atol_web.validation import MOMENT, Task
from drivers.simulators.fiscal_drive import Archived, DriveError
from drivers.simulators.tlv import TlvError

Result = dict[str, Any] | None
Make = Callable[[Core, Task], Result]
RECEIPT_COUNT = "receiptsCount"


def execute(core: Core, task: Task) -> Result:
    """The library's own answer; raises ``TaskError`` with the library's code."""
    try:
        return TASKS[task["type"]](core, task)
    except (Refusal, DriveError) as error:
        raise TaskError(codes.of_refusal(error)) from error
    except TlvError as error:
        raise TaskError(codes.PROPERTY_WRITE, str(error.tag)) from error


# --- documents ---


def _receipt(core: Core, task: Task) -> Result:
    made = receipts.make(core, task)
    return {"fiscalParams": answers.of_receipt(core, made), "warnings": {}}


def _begun(core: Core, task: Task) -> None:
    receipts.cashier(core, task)
    for item in task.get("preItems") or ():
        printing.put(core, item)


def _told(core: Core, made: Archived) -> dict[str, Any]:
    return {"fiscalParams": answers.fiscal_params(core, made), "warnings": {}}


def _open_shift(core: Core, task: Task) -> Result:
    _begun(core, task)
    return _told(core, core.open_shift())


def _close_shift(core: Core, task: Task) -> Result:
    _begun(core, task)
    told = _told(core, core.close_shift())
    told["fiscalParams"][RECEIPT_COUNT] = core.drive.state.receipts_in_shift
    return told


def _state_report(core: Core, task: Task) -> Result:
    _begun(core, task)
    told = _told(core, core.state_report())
    return {**told, **answers.exchange(core)}


# --- cash and paper ---


def _cash(sign: int) -> Make:
    def move(core: Core, task: Task) -> Result:
        amount = kopecks(task["cashSum"])
        if amount < 0:
            raise TaskError(codes.INVALID_SUM)
        receipts.cashier(core, task)
        receipts.in_a_shift(core)
        core.move_cash(sign * amount)
        return answers.cash(core)

    return move


def _non_fiscal(core: Core, task: Task) -> Result:
    core.annul()
    for item in task["items"]:
        printing.put(core, item)
    core.cut()
    return None


def _set_clock(core: Core, task: Task) -> Result:
    core.set_clock(datetime.strptime(task["dateTime"], MOMENT))  # noqa: DTZ007 - the register's wall clock
    return None


def _does(act: Callable[[Core], object], *, annuls: bool = True) -> Make:
    """A task without fields of its own and with an empty answer."""

    def do(core: Core, _task: Task) -> Result:
        if annuls:
            core.annul()
        act(core)
        return None

    return do


# --- questions ---


def _asks(about: Callable[[Core], dict[str, Any]]) -> Make:
    return lambda core, _: about(core)


def _last(core: Core, task: Task) -> Result:
    """``forReceipt`` before the first receipt: the last document, as the library was seen to answer."""
    fd = core.state.last_receipt_fd if task.get("forReceipt") else 0
    return answers.last(core, fd or core.drive.last_fd)


def _document(core: Core, task: Task) -> Result:
    return answers.document(core, task["fiscalDocumentNumber"], raw=bool(task.get("withRawData")))


def _drawer(core: Core, _task: Task) -> Result:
    return {"cashDrawerStatus": {"cashDrawerOpened": core.drawer_open}, **answers.cash(core)}


def _parameters(_core: Core, task: Task) -> Result:
    """What the numbers mean is not in the reference: none is known."""
    unknown = {"errorCode": codes.NOT_SUPPORTED, "errorDescription": codes.text(codes.NOT_SUPPORTED)}
    keys = task["keys"] if "keys" in task else [each["key"] for each in task.get("deviceParameters") or ()]
    return {"deviceParameters": [{"key": key, **unknown} for key in keys]}


def _not_supported(_core: Core, _task: Task) -> Result:
    raise TaskError(codes.NOT_SUPPORTED)


REGISTERING = ("registration", "fnChange", "changeRegistrationParameters", "closeArchive")
MARKING = (
    *("beginMarkingCodeValidation", "getMarkingCodeValidationStatus", "acceptMarkingCode", "declineMarkingCode"),
    *("cancelMarkingCodeValidation", "clearMarkingCodeValidationResult", "checkMarkingCodeValidationsReady"),
    *("validateMarks", "addMarksToBuffer", "pingIsm", "checkImcWorkState", "checkImcTime", "ismExchangeStatus"),
)
NEW = frozenset({*MARKING, "reportFnRegistrations", "getMcu", "getDepartmentSum", "printDocumentsFromJournal"})
"""Tasks that an older library does not know."""

TASKS: Mapping[str, Make] = {
    **dict.fromkeys(words.RECEIPTS, _receipt),
    "openShift": _open_shift,
    "closeShift": _close_shift,
    "reportOfdExchangeStatus": _state_report,
    "cashIn": _cash(1),
    "cashOut": _cash(-1),
    "reportX": _does(Core.x_report),
    "reportDepartments": _does(Core.departments_report),
    "nonFiscal": _non_fiscal,
    "printLastReceiptCopy": _does(Core.copy),
    "printFnDocument": lambda core, task: _does(lambda on: on.copy(task["fiscalDocumentNumber"]))(core, task),
    "continuePrint": _does(Core.continue_print, annuls=False),
    "openCashDrawer": _does(Core.open_drawer, annuls=False),
    "setDateTime": _set_clock,
    "getDeviceStatus": _asks(answers.device_status),
    "getShiftStatus": _asks(answers.shift_status),
    "getDeviceInfo": _asks(answers.device_info),
    "getFnInfo": _asks(answers.fn_info),
    "getFnStatus": _asks(answers.fn_status),
    "ofdExchangeStatus": _asks(answers.exchange),
    "getRegistrationInfo": _asks(answers.registration),
    "getShiftTotals": _asks(answers.shift_totals),
    "getOverallTotals": _asks(answers.overall_totals),
    "getCashDrawerStatus": _drawer,
    "getLastFiscalParams": _last,
    "getFnDocument": _document,
    "getDeviceParameters": _parameters,
    "setDeviceParameters": _parameters,
    "getLicenses": lambda *_: {"licenses": []},
    **dict.fromkeys((*REGISTERING, *sorted(NEW)), _not_supported),
}
KNOWN = frozenset(TASKS)
FISCAL = frozenset({*words.RECEIPTS, "openShift", "closeShift", "reportOfdExchangeStatus", *REGISTERING})
QUERIES = frozenset(name for name in TASKS if name.startswith("get")) | {"ofdExchangeStatus"}
"""Tasks that change nothing."""


def known(*, newer: bool) -> frozenset[str]:
    return KNOWN if newer else KNOWN - NEW
