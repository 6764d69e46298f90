"""Text and codes of a task as rows of the simulated paper."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from drivers.simulators import barcodes
from drivers.simulators.atol.core import Core
from drivers.simulators.atol_web import codes, words
from drivers.simulators.atol_web.codes import TaskError
from drivers.simulators.paper import Code, Row


def put(core: Core, item: Mapping[str, Any]) -> None:
    """Into the open receipt, or onto the tape. What is neither text nor code leaves nothing on the paper."""
    match item.get("type"):
        case "text":
            core.put(_text(item, core.model.columns))
        case "barcode":
            core.put([_code(item)])


def _text(item: Mapping[str, Any], columns: int) -> list[Row]:
    big = bool(item.get("doubleWidth") or item.get("doubleHeight"))
    width = columns // 2 if big else columns
    given = (item.get("text") or "").split("\n")
    wrap = item.get("wrap", "none")
    if wrap == "words":
        lines = [line for each in given for line in textwrap.wrap(each, width) or [""]]
    elif wrap == "chars":
        lines = [each[at : at + width] for each in given for at in range(0, max(1, len(each)), width)]
    else:
        lines = [each[:width] for each in given]
    place = {"center": str.center, "right": str.rjust}.get(item.get("alignment", "left"))
    return [Row(place(line, width).rstrip() if place else line, big=big) for line in lines]


def _code(item: Mapping[str, Any]) -> Row:
    name, data = words.CODES[item["barcodeType"]], item["barcode"]
    if not data:
        raise TaskError(codes.INVALID_BARCODE)
    if name in barcodes.LINEAR:
        try:
            barcodes.LINEAR[name](data)
        except barcodes.BarcodeError as error:
            raise TaskError(codes.INVALID_BARCODE, str(error)) from error
    scale = min(max(item.get("scale") or 2, 2), 8)
    align = words.ALIGNMENTS[item.get("alignment") or "left"]
    return Row(code=Code(name, data, module=scale, align=align))
