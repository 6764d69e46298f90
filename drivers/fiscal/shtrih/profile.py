"""A model's quirks as data: ``drivers/profiles/shtrih.toml``, and a file that may replace parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.fiscal.requisites import cashless_switch
from drivers.profiles import load, number, whole
from protocol.wire.shtrih.commands import Command
from protocol.wire.shtrih.exchange import Limits
from protocol.wire.steps import Pace

Cell = tuple[int, int, int]
"""Table, row, field."""

OPEN = ("tax.", "time.command.", "models.")
"""Parts that may be added to; elsewhere an unknown name is a mistake."""
_PAPER = ("columns", "font", "bold_font", "feed", "cut")


@dataclass(frozen=True, slots=True)
class Model:
    """What differs between models of the family, by the model id of FCh."""

    name: str
    columns: int  # of the common font, where the register does not tell its fonts
    font: int
    bold_font: int
    feed: int  # lines before a cut
    cut: int  # 0 full, 1 partial
    missing: frozenset[str] = frozenset()  # codes of commands that it has not, hexadecimal

    def knows(self, command: type[Command[Any]]) -> bool:
        return command.code.hex().upper() not in self.missing


@dataclass(frozen=True, slots=True)
class Barcodes:
    """Sizes in dots; ``qr`` and ``pdf417`` are the five parameters of DEh."""

    height: int
    bar: int
    text_place: int
    text_font: int
    qr: tuple[int, ...]
    pdf417: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    password: int
    department: int
    max_time: Mapping[str, float]  # by ``Pace``
    command_time: Mapping[str, float]  # by code, hexadecimal: commands that are known to be quicker
    printing: float  # seconds to wait for the printer
    poll: float  # seconds between two looks at the status
    limits: Limits
    protocol: int | None  # lower level 1 or 2; ``None``: the device is asked
    serial: Cell
    ffd: Cell
    do_not_print: Cell
    replace_vat20: Cell
    tax_by_host: Cell
    tax_systems: Cell
    vat_table: int
    vat_rate_field: int
    vat_name_field: int
    ffd_versions: Mapping[int, str]
    tax_bytes: Mapping[int, int]
    any_model: Model
    models: Mapping[int, Model]
    barcodes: Barcodes
    cashless_details: bool  # the firmware takes tag 1234

    def model(self, number: int) -> Model:
        """By the model id of FCh; models not listed are taken as all of them are."""
        return self.models.get(number, self.any_model)

    def time_of(self, command: Command[Any]) -> float:
        """Longest execution time of a command, never above that of its pace."""
        longest = self.max_time[command.pace]
        return min(longest, self.command_time.get(command.code.hex().upper(), longest))

    def tax_byte(self, row: int) -> int:
        """Byte of the operation command (FF46h) for a row of the tax table."""
        return self.tax_bytes.get(row, 0xC0 + row)


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("shtrih.toml", path, OPEN, _profile)


def _profile(values: Mapping[str, Any]) -> Profile:
    access, wait, tables = values["access"], values["wait"], values["tables"]
    line = {name: number(f"line.{name}", value) for name, value in values["line"].items() if name != "protocol"}
    vat = tables["vat"]
    return Profile(
        password=whole("access.password", access["password"]),
        department=whole("access.department", access["department"]),
        max_time={pace.value: number(f"time.{pace}", values["time"][pace]) for pace in Pace},
        command_time={
            code.upper(): number(f"time.command.{code}", value) for code, value in values["time"]["command"].items()
        },
        printing=number("wait.printing", wait["printing"]),
        poll=number("wait.poll", wait["poll"]),
        limits=Limits(
            control=line["control"],
            frame=line["frame"],
            earlier=line["earlier"],
            ask_after=line["ask_after"],
            enquiries=int(line["enquiries"]),
            rounds=int(line["rounds"]),
            repeats=int(line["repeats"]),
        ),
        protocol=_protocol(values["line"]["protocol"]),
        serial=_cell("serial", tables["serial"]),
        ffd=_cell("ffd", tables["ffd"]),
        do_not_print=_cell("do_not_print", tables["do_not_print"]),
        replace_vat20=_cell("replace_vat20", tables["replace_vat20"]),
        tax_by_host=_cell("tax_by_host", tables["tax_by_host"]),
        tax_systems=_cell("tax_systems", tables["tax_systems"]),
        vat_table=whole("tables.vat.table", vat["table"]),
        vat_rate_field=whole("tables.vat.rate_field", vat["rate_field"]),
        vat_name_field=whole("tables.vat.name_field", vat["name_field"]),
        ffd_versions={int(key): str(value) for key, value in values["ffd"].items()},
        tax_bytes={int(key): whole(f"tax.{key}", value) for key, value in values["tax"].items()},
        any_model=_model("paper", values["paper"], {"name": "Shtrih-M"}),
        models={
            int(number): _model(f"models.{number}", values["paper"], own) for number, own in values["models"].items()
        },
        barcodes=_barcodes(values["barcode"]),
        cashless_details=cashless_switch(values["requisites"]["cashless_details"]),
    )


def _model(where: str, paper: Mapping[str, Any], own: Mapping[str, Any]) -> Model:
    """``own`` says what differs from ``paper``."""
    if not isinstance(own, dict):
        raise ValueError(f"{where}: a table expected, not {own!r}")
    unknown = own.keys() - {"name", "missing", *_PAPER}
    if unknown:
        known = ", ".join(("name", "missing", *_PAPER))
        raise ValueError(f"{where}.{min(unknown)}: no such setting; known here: {known}")
    missing = own.get("missing", [])
    if not isinstance(missing, list) or not all(isinstance(code, str) for code in missing):
        raise ValueError(f'{where}.missing: a list of codes like "CB" expected, not {missing!r}')
    sizes = {name: whole(f"{where}.{name}", own.get(name, paper[name])) for name in _PAPER}
    return Model(name=str(own.get("name", where)), missing=frozenset(code.upper() for code in missing), **sizes)


def _barcodes(values: Mapping[str, Any]) -> Barcodes:
    return Barcodes(
        height=whole("barcode.height", values["height"]),
        bar=whole("barcode.bar", values["bar"]),
        text_place=whole("barcode.text_place", values["text_place"]),
        text_font=whole("barcode.text_font", values["text_font"]),
        qr=_five("barcode.qr", values["qr"]),
        pdf417=_five("barcode.pdf417", values["pdf417"]),
    )


def _five(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != 5:
        raise ValueError(f"{name}: five numbers expected, not {value!r}")
    return tuple(whole(name, part) for part in value)


def _protocol(value: Any) -> int | None:
    if value == "auto":
        return None
    if isinstance(value, bool) or value not in (1, 2):
        raise ValueError(f'line.protocol: "auto", 1 or 2 expected, not {value!r}')
    return int(value)


def _cell(name: str, value: Any) -> Cell:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError(f"tables.{name}: [table, row, field] expected, not {value!r}")
    table, row, field = (whole(f"tables.{name}", part) for part in value)
    return table, row, field
