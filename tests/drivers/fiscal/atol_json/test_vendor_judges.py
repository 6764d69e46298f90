"""The maker's own validator over our tasks, without a device: it takes every one of them, and knows every field.

A field that it did not know it would ignore, and what we mean by it would be missing from the document. So each field
in turn is given a value of the wrong type: the validator must name it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from drivers.address import parse_address
from drivers.errors import DeviceError
from drivers.fiscal.atol_lib.place import place_of
from drivers.fiscal.atol_lib.runner import FptrRunner
from drivers.transports.base import SystemClock
from protocol.ffd.planned import PlannedBuyer, PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import AgentType, PaymentMethod, PaymentObject, ReceiptType, Taxation, Unit
from protocol.wire.atol import json_tasks as tasks
from protocol.wire.atol.json_receipt import Task, receipt_task
from protocol.wire.atol.json_text import dumps
from protocol.wire.atol.json_words import NEW_PAYMENT_OBJECTS, NEW_RATES
from tests.protocol.wire.atol.json_samples import AGENT, MILK, NEW, OLD, SALE, WHOLE
from tests.support.vendor_library import NEWER, USED, Package
from tests.support.vendor_tests import library, needs_library, needs_newer_library

WRONG: Any = {"of": ["a wrong", "type"]}
ACCEPTED = {"", "1"}  # of a receipt that is in order newer versions go on to ask the device, which is not there
OLDER_WHOLE = replace(
    WHOLE,
    lines=(replace(WHOLE.lines[0], industry=()),),
    buyer=PlannedBuyer("Петров П. П.", "500100732259"),
    industry=(),
    operation=None,
    cashless=(),
)

PLAIN: list[Task] = [
    tasks.open_shift("Иванов", "500100732259"),
    tasks.close_shift(None, None),
    tasks.cash_in(123456, "Иванов"),
    tasks.cash_out(1, None),
    tasks.report_x(),
    tasks.fn_document(5),
    tasks.non_fiscal(
        [tasks.Text("a", "right", wide=True), *(tasks.Barcode(kind, "1") for kind in tasks.BARCODES)], footer=False
    ),
]


class Judge:
    def __init__(self, package: Package) -> None:
        place = place_of(parse_address(f"lib:{library(package)}?usb=auto"))
        self._runner = FptrRunner(place, SystemClock())
        self._runner.load()

    def says(self, task: Task) -> tuple[str, str]:
        """Code and words; an empty code: in order."""
        try:
            self._runner.validate(task)
        except DeviceError as error:
            return error.vendor or "?", error.detail
        return "", ""

    def close(self) -> None:
        self._runner.close()


@pytest.fixture(scope="module", params=[pytest.param(USED, marks=needs_library()),
                                        pytest.param(NEWER, marks=needs_newer_library())])  # fmt: skip
def package(request: pytest.FixtureRequest) -> Package:
    found: Package = request.param
    return found


@pytest.fixture(scope="module")
def judge(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # the library writes its logs there
        judge = Judge(package)
        yield judge
        judge.close()


def whole(package: Package) -> Task:
    if package is USED:
        return receipt_task(OLDER_WHOLE, "1.1", OLD)
    return receipt_task(WHOLE, "1.2", NEW)


def fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from fields(part, (*path, name))
    elif isinstance(value, list):
        yield path
        for at, part in enumerate(value):
            yield from fields(part, (*path, at))
    else:
        yield path


def without_knowing(judge: Judge, task: Task) -> list[tuple[Any, ...]]:
    """Fields of whose wrong type the validator says nothing."""
    text = dumps(task)
    unknown = []
    for path in fields(json.loads(text)):
        changed: Any = json.loads(text, parse_float=lambda _: 1)
        place = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = WRONG
        code, words = judge.says(changed)
        name = next(str(step) for step in reversed(path) if isinstance(step, str))
        if code != "501" or name not in words:
            unknown.append(path)
    return unknown


def test_a_receipt_with_everything_is_in_order(judge: Judge, package: Package) -> None:
    assert judge.says(whole(package))[0] in ACCEPTED


def test_every_field_of_a_receipt_is_known(judge: Judge, package: Package) -> None:
    assert without_knowing(judge, whole(package)) == []


@pytest.mark.parametrize("task", PLAIN, ids=[str(task["type"]) for task in PLAIN])
def test_the_other_tasks_are_in_order_and_their_fields_known(judge: Judge, task: Task) -> None:
    assert judge.says(task) == ("", "")
    assert without_knowing(judge, task) == []


def lines_of_every_word(package: Package) -> Iterator[PlannedLine]:
    new = package is NEWER
    for method in PaymentMethod:
        yield replace(MILK, payment_method=method.code)
    for thing in PaymentObject:
        if new or thing.code not in NEW_PAYMENT_OBJECTS:
            yield replace(MILK, payment_object=thing.code)
    for unit in Unit:
        yield replace(MILK, unit=unit.code)
    for vat in Vat:
        if new or vat not in NEW_RATES:
            yield replace(MILK, vat=vat, vat_sum=vat.amount(MILK.total))
    for agent in AgentType:
        yield replace(MILK, agent=replace(AGENT, kind=agent.code))


def receipts_of_every_word(package: Package) -> Iterator[PlannedReceipt]:
    yield replace(SALE, lines=tuple(lines_of_every_word(package)))
    yield replace(SALE, payments=PlannedPayments(1, 1, 1, 1, 1))
    for kind in ReceiptType:
        yield replace(SALE, sign=kind.code)
    for taxation in Taxation:
        yield replace(SALE, taxation=taxation.code)


def test_every_word_is_accepted(judge: Judge, package: Package) -> None:
    ffd, version = ("1.2", NEW) if package is NEWER else ("1.1", OLD)
    judged = [judge.says(receipt_task(receipt, ffd, version)) for receipt in receipts_of_every_word(package)]
    assert [words for code, words in judged if code not in ACCEPTED] == []


@pytest.mark.parametrize("vat", [vat for vat in Vat if vat in NEW_RATES])
def test_the_capability_by_version_is_the_librarys_own(judge: Judge, package: Package, vat: Vat) -> None:
    line = replace(MILK, vat=vat, vat_sum=vat.amount(MILK.total))
    code, words = judge.says(receipt_task(replace(SALE, lines=(line,)), "1.1", NEW))
    if package is NEWER:
        assert code in ACCEPTED
    else:
        assert code == "501"
        assert "items[0].tax.type" in words
