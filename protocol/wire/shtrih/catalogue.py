"""Every command of the family that is known here, by its code: for traces and tests."""

from __future__ import annotations

from typing import Any

from protocol.wire.layout import LayoutError
from protocol.wire.shtrih import commands, printer_commands, record_commands
from protocol.wire.shtrih.commands import Command

COMMANDS: tuple[type[Command[Any]], ...] = (
    commands.DeviceType,
    commands.ModelParameters,
    commands.ErrorText,
    commands.ShortStatus,
    commands.FullStatus,
    commands.MoneyRegister,
    commands.ReadTable,
    commands.WriteTable,
    commands.TableInfo,
    commands.FieldInfo,
    commands.DriveStatus,
    commands.Registration,
    commands.ShiftParameters,
    commands.FindDocument,
    commands.OpenDocument,
    commands.NextBlock,
    commands.OpenShift,
    commands.CloseShift,
    commands.BeginOpenShift,
    commands.BeginCloseShift,
    commands.XReport,
    commands.ContinuePrint,
    commands.OpenReceipt,
    commands.Subtotal,
    commands.CancelReceipt,
    commands.CancelDriveDocument,
    commands.SendTags,
    commands.SendLineTags,
    commands.Operation,
    commands.CloseReceipt,
    record_commands.OperationRegister,
    record_commands.CashIn,
    record_commands.CashOut,
    record_commands.DriveExpiry,
    record_commands.ExchangeState,
    record_commands.Unconfirmed,
    record_commands.DriveMemory,
    record_commands.BeginBuffer,
    record_commands.WriteBuffer,
    record_commands.SendBuffer,
    printer_commands.FontMetrics,
    printer_commands.PrintLine,
    printer_commands.PrintBoldLine,
    printer_commands.PrintFontLine,
    printer_commands.Feed,
    printer_commands.Cut,
    printer_commands.OpenDrawer,
    printer_commands.PrintCopy,
    printer_commands.PrintEan13,
    printer_commands.PrintBarcode,
    printer_commands.LoadMatrix,
    printer_commands.PrintMatrix,
)


def read_command(payload: bytes) -> Command[Any]:
    """The request inside a frame. Raises ``LayoutError`` when it is none of ours."""
    for kind in COMMANDS:
        if payload.startswith(kind.code):
            return kind.from_bytes(payload)
    raise LayoutError(f"no command {payload[:2].hex()}")
