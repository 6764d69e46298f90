"""Tables of settings: shape and factory values (protocol 1.17, «Таблицы»)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.simulators.fiscal_drive import FiscalDrive
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.models import FONTS
from drivers.simulators.shtrih.state import ShtrihState


@dataclass(frozen=True, slots=True)
class FieldSpec:
    name: str
    size: int = 1
    text: bool = False
    default: int | str = 0
    low: int = 0
    high: int | None = None  # None: all that fits
    fixed: bool = False  # refuses 1Eh with 7Ah

    @property
    def maximum(self) -> int:
        return self.high if self.high is not None else (1 << (8 * self.size)) - 1


@dataclass(frozen=True, slots=True)
class TableSpec:
    name: str
    rows: int
    fields: dict[int, FieldSpec]

    @property
    def width(self) -> int:
        return max(self.fields)

    def field(self, number: int) -> FieldSpec:
        return self.fields.get(number, FieldSpec(f"РЕЗЕРВ {number}"))


VAT_ROWS = {
    1: (2000, "НДС 20%"),
    2: (1000, "НДС 10%"),
    3: (0, "НДС 0%"),
    4: (0, "БЕЗ НДС"),
    5: (2000, "НДС 20/120"),
    6: (1000, "НДС 10/110"),
    7: (500, "НДС 5%"),
    8: (700, "НДС 7%"),
    9: (500, "НДС 5/105"),
    10: (700, "НДС 7/107"),
    11: (2200, "НДС 22%"),
    12: (2200, "НДС 22/122"),
}
PAYMENT_NAMES = ("НАЛИЧНЫМИ", *(f"БЕЗНАЛИЧНЫМИ {n}" for n in range(2, 14)), "АВАНС", "КРЕДИТ", "ИНОЕ")

ADVERT_ROWS, CLICHE_ROWS = range(1, 4), range(11, 15)
"""Rows of table 4 that are printed at the end and at the top of a document."""

TABLES: dict[int, TableSpec] = {
    1: TableSpec(
        "ТИП И РЕЖИМ КАССЫ",
        1,
        {
            1: FieldSpec("НОМЕР В ЗАЛЕ", default=1, low=1, high=99),
            2: FieldSpec("АВТООБНУЛЕНИЕ НАЛИЧНОСТИ", high=1),
            6: FieldSpec("РАБОТА С ДЕНЕЖНЫМ ЯЩИКОМ", high=1),
            7: FieldSpec("ОТРЕЗКА ЧЕКА", default=1, high=2),
            10: FieldSpec("ИМПУЛЬС ЯЩИКА", default=20),
            11: FieldSpec("ПАУЗА ЯЩИКА", default=20),
            12: FieldSpec("ЧИСЛО ИМПУЛЬСОВ ЯЩИКА", default=1),
            14: FieldSpec("НАЧИСЛЕНИЕ НАЛОГОВ", high=1),
            16: FieldSpec("ПЕЧАТЬ НАЛОГОВ", default=1, high=4),
            19: FieldSpec("СОХРАНЕНИЕ СТРОК", default=1, high=1),
            20: FieldSpec("ПЕЧАТЬ ЧЕКА ПО ЗАКРЫТИЮ", default=1, low=1, high=1, fixed=True),
            23: FieldSpec("ЗАПРЕТ НУЛЕВОГО ЧЕКА", high=1),
            39: FieldSpec("ПЕЧАТЬ КЛИШЕ ПОСЛЕ ДОКУМЕНТА", default=1, high=1),
            41: FieldSpec("ПЕЧАТЬ QR-КОДА", default=1, high=1),
        },
    ),
    2: TableSpec(
        "ПАРОЛИ КАССИРОВ И АДМИНИСТРАТОРОВ",
        30,
        {
            1: FieldSpec("ПАРОЛЬ", 4, high=99_999_999),
            2: FieldSpec("ИМЯ КАССИРА", 64, text=True, default=""),
        },
    ),
    4: TableSpec("ТЕКСТ В ЧЕКЕ", 14, {1: FieldSpec("ТЕКСТ", 48, text=True, default="")}),
    5: TableSpec("НАИМЕНОВАНИЕ ТИПОВ ОПЛАТЫ", 16, {1: FieldSpec("НАИМЕНОВАНИЕ", 40, text=True, default="")}),
    6: TableSpec(
        "НАЛОГОВЫЕ СТАВКИ",
        12,
        {
            1: FieldSpec("ВЕЛИЧИНА НАЛОГА", 2, high=10000, fixed=True),
            2: FieldSpec("НАЗВАНИЕ НАЛОГА", 64, text=True, default="", fixed=True),
        },
    ),
    7: TableSpec("НАИМЕНОВАНИЕ ОТДЕЛОВ", 16, {1: FieldSpec("НАИМЕНОВАНИЕ ОТДЕЛА", 40, text=True, default="")}),
    8: TableSpec(
        "ШРИФТЫ",
        len(FONTS),
        {
            1: FieldSpec("ШИРИНА СИМВОЛА", fixed=True),
            2: FieldSpec("ВЫСОТА СИМВОЛА", fixed=True),
        },
    ),
    9: TableSpec("ФОРМАТ ЧЕКА", 1, {1: FieldSpec("ШРИФТ СТРОКИ", default=1, low=1, high=len(FONTS))}),
    17: TableSpec(
        "РЕГИОНАЛЬНЫЕ НАСТРОЙКИ",
        1,
        {
            3: FieldSpec("РЕЖИМ ИСЧИСЛЕНИЯ СКИДОК", high=2),
            4: FieldSpec("МОДУЛЬ QR-КОДА", default=4, low=2, high=8),
            5: FieldSpec("КОРРЕКЦИЯ QR-КОДА", default=1, high=3),
            6: FieldSpec("РАЗМЕР QR-КОДА", default=0),
            7: FieldSpec("НЕ ПЕЧАТАТЬ ДОКУМЕНТ", high=3),
            8: FieldSpec("МИНУТ ДО КОНЦА 24 Ч", default=1, high=120),
            15: FieldSpec("ПЕЧАТЬ АННУЛИРОВАННОГО ЧЕКА", default=1, high=1),
            17: FieldSpec("ФОРМАТ ФД", default=4, low=2, high=4),
            25: FieldSpec("АВТОПЕЧАТЬ РЕКВИЗИТОВ", default=1, high=1),
            36: FieldSpec("РАСШИРЕННЫЙ ОТВЕТ", high=1),
            71: FieldSpec("ЗАМЕНА НДС 20% НА 22%", default=2, low=1, high=2),
        },
    ),
    18: TableSpec(
        "FISCAL STORAGE",
        1,
        {
            1: FieldSpec("ЗАВОДСКОЙ НОМЕР", 21, text=True, fixed=True),
            2: FieldSpec("ИНН", 12, text=True, fixed=True),
            3: FieldSpec("РНМ", 20, text=True, fixed=True),
            4: FieldSpec("НОМЕР ФН", 16, text=True, fixed=True),
            5: FieldSpec("СИСТЕМА НАЛОГООБЛОЖЕНИЯ", fixed=True),
            6: FieldSpec("РЕЖИМ РАБОТЫ", fixed=True),
            7: FieldSpec("ПОЛЬЗОВАТЕЛЬ", 200, text=True, fixed=True),
            8: FieldSpec("ОПЕРАТОР", 64, text=True, fixed=True),
            9: FieldSpec("АДРЕС РАСЧЕТОВ", 200, text=True, fixed=True),
            10: FieldSpec("НАИМЕНОВАНИЕ ОФД", 64, text=True, fixed=True),
            11: FieldSpec("URL ОФД", 64, text=True, fixed=True),
            12: FieldSpec("ИНН ОФД", 12, text=True, fixed=True),
            13: FieldSpec("САЙТ НАЛОГОВОГО ОРГАНА", 64, text=True, fixed=True),
            14: FieldSpec("МЕСТО РАСЧЕТОВ", 64, text=True, fixed=True),
            15: FieldSpec("ЭЛ. АДРЕС ОТПРАВИТЕЛЯ", 64, text=True, fixed=True),
            23: FieldSpec("ИНН КАССИРА", 12, text=True, default=""),
        },
    ),
    19: TableSpec(
        "ПАРАМЕТРЫ ОФД",
        1,
        {
            1: FieldSpec("СЕРВЕР", 64, text=True, default="ofd.example"),
            2: FieldSpec("ПОРТ", 2, default=7777),
            3: FieldSpec("ТАЙМАУТ ЧТЕНИЯ ОТВЕТА", 2, default=100),
            5: FieldSpec("СЕРВЕР ПРОВЕРКИ КМ", 64, text=True, default=""),
            6: FieldSpec("ПОРТ ПРОВЕРКИ КМ", 2),
            7: FieldSpec("СЕРВЕР КЛЮЧЕЙ", 64, text=True, default=""),
            8: FieldSpec("ПОРТ КЛЮЧЕЙ", 2),
        },
    ),
    20: TableSpec(
        "СТАТУС ОБМЕНА С ОФД",
        1,
        {
            1: FieldSpec("СТАТУС ОБМЕНА", fixed=True),
            2: FieldSpec("ДОКУМЕНТОВ В ОЧЕРЕДИ", 2, fixed=True),
            3: FieldSpec("ПЕРВЫЙ ДОКУМЕНТ ОЧЕРЕДИ", 4, fixed=True),
        },
    ),
    21: TableSpec(
        "СЕТЕВЫЕ ИНТЕРФЕЙСЫ",
        1,
        {
            2: FieldSpec("РЕЖИМ ОБМЕНА С ОФД", default=1, high=2),
            3: FieldSpec("TCP-СЕРВЕР", default=1, high=1),
            4: FieldSpec("ПОРТ TCP-СЕРВЕРА", 2, default=7778),
            9: FieldSpec("RNDIS", default=1, high=1),
            16: FieldSpec("ТАЙМАУТ TCP", 2, default=60),
        },
    ),
}


class Tables:
    """Values: the register's own where they mirror the registration, else what was written, else the factory's."""

    def __init__(self, state: ShtrihState, drive: FiscalDrive) -> None:
        self._state = state
        self._drive = drive

    def spec(self, table: int) -> TableSpec:
        if table not in TABLES:
            raise Refusal(Code.NO_TABLE)
        return TABLES[table]

    def field(self, table: int, row: int, field: int) -> FieldSpec:
        spec = self.spec(table)
        if not 1 <= row <= spec.rows or not 1 <= field <= spec.width:
            raise Refusal(Code.BAD_PARAMETERS)
        return spec.field(field)

    def get(self, table: int, row: int, field: int) -> int | str:
        spec = self.field(table, row, field)
        written = self._state.tables.get(f"{table}.{row}.{field}")
        if written is not None:
            return written
        given = self._given(table, row, field)
        return spec.default if given is None else given

    def number(self, table: int, row: int, field: int) -> int:
        return int(self.get(table, row, field))

    def text(self, table: int, row: int, field: int) -> str:
        return str(self.get(table, row, field))

    def set(self, table: int, row: int, field: int, value: int | str) -> None:
        self._state.tables[f"{table}.{row}.{field}"] = value

    def forget(self, table: int, row: int, field: int) -> None:
        """Back to the factory's value, or the registration's."""
        self._state.tables.pop(f"{table}.{row}.{field}", None)

    def read(self, table: int, row: int, field: int) -> bytes:
        spec = self.field(table, row, field)
        value = self.get(table, row, field)
        if spec.text:
            return str(value).encode("cp1251", "replace")[: spec.size].ljust(spec.size, b"\0")
        return int(value).to_bytes(spec.size, "little")

    def write(self, table: int, row: int, field: int, data: bytes) -> None:
        spec = self.field(table, row, field)
        if spec.fixed:
            raise Refusal(Code.NOT_EDITABLE)
        if spec.text:
            if len(data) > spec.size:
                raise Refusal(Code.WRONG_LENGTH)
            self.set(table, row, field, data.split(b"\0")[0].decode("cp1251", "replace"))
            return
        if len(data) != spec.size:
            raise Refusal(Code.WRONG_LENGTH)
        number = int.from_bytes(data, "little")
        if not spec.low <= number <= spec.maximum:
            raise Refusal(Code.BAD_PARAMETERS)
        self.set(table, row, field, number)

    def _given(self, table: int, row: int, field: int) -> int | str | None:
        registration = self._drive.state.registration
        match table, field:
            case 2, 1:
                return row
            case 2, 2:
                return {29: "АДМИНИСТРАТОР", 30: "СИСТ. АДМИНИСТРАТОР"}.get(row, f"КАССИР {row}")
            case 5, 1:
                return PAYMENT_NAMES[row - 1]
            case 6, 1:
                return VAT_ROWS[row][0]
            case 6, 2:
                return VAT_ROWS[row][1]
            case 7, 1:
                return f"ОТДЕЛ {row}"
            case 8, 1:
                return FONTS[row].width
            case 8, 2:
                return FONTS[row].height
            case 20, _:
                confirmed, last = len(self._drive.state.ofd.confirmed), self._drive.last_fd
                queue = 0 if self._drive.autonomous else last - confirmed
                return {1: int(queue > 0), 2: min(queue, 0xFFFF), 3: confirmed + 1 if queue else 0}.get(field)
            case 17, 17:
                return registration.ffd
            case 18, _:
                mirrored: dict[int, int | str] = {
                    1: registration.register_serial,
                    2: registration.inn,
                    3: registration.rnm,
                    4: registration.fn_number,
                    5: registration.tax_systems,
                    6: registration.work_mode,
                    7: registration.user,
                    8: registration.cashier,
                    9: registration.address,
                    10: registration.ofd_name,
                    11: "ofd.example",
                    12: registration.ofd_inn,
                    13: "www.nalog.gov.ru",
                    14: registration.place,
                    15: registration.sender_email,
                }
                return mirrored.get(field)
            case _:
                return None
