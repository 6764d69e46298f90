"""Tasks beside receipts, as the reference's table has them."""

from __future__ import annotations

import pytest

from protocol.wire.atol import json_tasks as tasks
from protocol.wire.atol.json_tasks import BARCODES, Barcode, Query, Text
from protocol.wire.atol.json_text import Json, dumps

TABLE = [
    (tasks.open_shift("Иванов", "500100732259"),
     '{"type":"openShift","operator":{"name":"Иванов","vatin":"500100732259"}}'),
    (tasks.open_shift(None, None), '{"type":"openShift"}'),
    (tasks.close_shift("Иванов", None), '{"type":"closeShift","operator":{"name":"Иванов"}}'),
    (tasks.cash_in(123456, "Иванов"), '{"type":"cashIn","operator":{"name":"Иванов"},"cashSum":1234.56}'),
    (tasks.cash_out(1, None), '{"type":"cashOut","cashSum":0.01}'),
    (tasks.report_x(), '{"type":"reportX"}'),
    (tasks.print_last_receipt_copy(), '{"type":"printLastReceiptCopy"}'),
    (tasks.continue_print(), '{"type":"continuePrint"}'),
    (tasks.open_cash_drawer(), '{"type":"openCashDrawer"}'),
    (tasks.fn_document(42), '{"type":"getFnDocument","fiscalDocumentNumber":42,"withRawData":true}'),
    (tasks.last_fiscal_params(for_receipt=True), '{"type":"getLastFiscalParams","forReceipt":true}'),
    (tasks.query(Query.SHIFT_TOTALS), '{"type":"getShiftTotals"}'),
    (tasks.non_fiscal([Text("раз"), Text("два", "right", wide=True)]),
     '{"type":"nonFiscal","items":[{"type":"text","text":"раз","alignment":"left","wrap":"words"},'
     '{"type":"text","text":"два","alignment":"right","wrap":"words","doubleWidth":true}]}'),
    (tasks.non_fiscal([Barcode("ean13", "4601234567893")], footer=False),
     '{"type":"nonFiscal","items":[{"type":"barcode","barcode":"4601234567893","barcodeType":"EAN13",'
     '"alignment":"center","scale":1}],"printFooter":false}'),
]  # fmt: skip


@pytest.mark.parametrize(("task", "text"), TABLE, ids=[text[9:40] for _, text in TABLE])
def test_a_task_as_text(task: Json, text: str) -> None:
    assert dumps(task) == text


@pytest.mark.parametrize("query", list(Query))
def test_a_query_takes_nothing(query: Query) -> None:
    assert tasks.query(query) == {"type": query.value}


@pytest.mark.parametrize("kind", sorted(BARCODES))
def test_every_kind_of_barcode_has_its_word(kind: str) -> None:
    assert Barcode(kind, "1").item()["barcodeType"] == kind.upper()
