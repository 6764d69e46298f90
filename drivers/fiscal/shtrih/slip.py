"""A non-fiscal slip as commands: wrapped and aligned text, barcodes, and the cut.

The slip carries no heading of ours: what it is, its text says. A register's own document header (18h) would count as a
document and so disturb the evidence of cash operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drivers.api import SlipBarcode, SlipText
from drivers.errors import Refused
from drivers.fiscal.paper_text import laid_out
from drivers.fiscal.shtrih.asking import Asking
from drivers.fiscal.shtrih.barcodes import barcode_commands
from drivers.fiscal.shtrih.profile import Barcodes, Model
from protocol.wire.layout import LayoutError
from protocol.wire.shtrih.commands import Command
from protocol.wire.shtrih.printer_commands import (
    RECEIPT_ROLL,
    Cut,
    Feed,
    FontMetrics,
    PrintBoldLine,
    PrintFontLine,
    PrintLine,
)


@dataclass(frozen=True, slots=True)
class Face:
    """How text of one weight is printed. ``font`` is ``None`` where the register does not tell its fonts."""

    columns: int
    bold: bool
    font: int | None = None

    def line(self, password: int, text: str) -> Command[Any]:
        text = text or " "  # an empty line may be dropped
        if self.font is not None:
            return PrintFontLine(password, RECEIPT_ROLL, self.font, text)
        return (PrintBoldLine if self.bold else PrintLine)(password, RECEIPT_ROLL, text)


@dataclass(frozen=True, slots=True)
class Faces:
    plain: Face
    bold: Face


def read_faces(asking: Asking, model: Model) -> Faces:
    """By 26h; a register that does not answer prints by 17h and 12h, as wide as its model says."""
    return Faces(
        _face(asking, model, model.font) or Face(model.columns, bold=False),
        _face(asking, model, model.bold_font, bold=True) or Face(model.columns // 2, bold=True),
    )


def _face(asking: Asking, model: Model, font: int, *, bold: bool = False) -> Face | None:
    if not model.knows(FontMetrics) or not model.knows(PrintFontLine):
        return None
    metrics = asking.optional(FontMetrics(asking.password, font))
    columns = metrics.area // metrics.char_width if metrics and metrics.char_width else 0
    return Face(columns, bold, font) if columns else None


def slip_commands(
    lines: Sequence[SlipText | SlipBarcode], faces: Faces, model: Model, barcodes: Barcodes, password: int
) -> tuple[Command[Any], ...]:
    """Raises ``Refused``: ``bad_barcode``, ``unsupported``, ``bad_parameter``."""
    commands: list[Command[Any]] = []
    for line in lines:
        if isinstance(line, SlipBarcode):
            commands += barcode_commands(line, barcodes, password)
        else:
            face = faces.bold if line.bold else faces.plain
            commands += (face.line(password, text) for text in laid_out(line, face.columns))
    _must_fit(commands, model)
    return tuple(commands)


def cut_commands(model: Model, password: int, *, has_cutter: bool) -> tuple[Command[Any], ...]:
    """Feed the slip to where it is cut or torn off, and cut it where there is a cutter."""
    cut = (Cut(password, model.cut),) if has_cutter and model.knows(Cut) else ()
    return (Feed(password, RECEIPT_ROLL, model.feed), *cut)


def _must_fit(commands: Sequence[Command[Any]], model: Model) -> None:
    for command in commands:
        if not model.knows(type(command)):
            raise Refused("unsupported", f"{type(command).__name__}: {model.name} has no such command")
        try:
            command.to_bytes()
        except LayoutError as error:
            raise Refused("bad_parameter", str(error)) from error
