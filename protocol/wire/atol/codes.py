"""Error codes of ATOL's driver library: what a number means, who must act, and whether the task can have taken effect.

One table for the three ways to the device: the library answers with these numbers, the web server passes them on as
``error.code``, and every error byte of the wire protocol stands for one of them (``protocol.wire.atol.errors``).
Source: the vendor's header; 1 to 147 were also seen as translations of wire bytes. The vendor appends new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Handling(StrEnum):
    """Where a code comes from, which is who can mend it."""

    LINK = "link"  # the library lost the device, or never had it
    BUSY = "busy"  # ask again in a second or two
    PAPER = "paper"  # the printer stopped; the document may be registered and half printed
    SHIFT = "shift"
    STATE = "state"  # something else is open or closed than the task needs
    REQUEST = "request"  # the task itself is wrong, and will stay so
    DRIVE = "drive"  # the fiscal drive
    DEVICE = "device"  # clock, battery, memory: a technician's
    LICENCE = "licence"  # not registered, not licensed, archive closed
    MARKING = "marking"
    LIBRARY = "library"  # settings or a fault of the library and its servers


class Fate(StrEnum):
    """What a code says about a task that was to change something."""

    NOT_STARTED = "not_started"  # given before any exchange with the device: the task certainly did not run
    REFUSED = "refused"  # the device or the library said no to it
    OPEN = "open"  # the device may have carried it out: the number of the last fiscal document decides


@dataclass(frozen=True, slots=True)
class LibraryCode:
    number: int
    name: str  # the vendor's, without its prefix
    code: str  # our word, ``protocol.crm.codes``
    handling: Handling
    fate: Fate

    @property
    def certainly_not_run(self) -> bool:
        return self.fate is Fate.NOT_STARTED


_H = Handling

# number: (vendor's name, our word, handling)
_TABLE: Mapping[int, tuple[str, str, Handling]] = {
    1: ("CONNECTION_DISABLED", "device_offline", _H.LINK),
    2: ("NO_CONNECTION", "device_offline", _H.LINK),
    3: ("PORT_BUSY", "port_busy", _H.LINK),
    4: ("PORT_NOT_AVAILABLE", "device_offline", _H.LINK),
    5: ("INCORRECT_DATA", "bad_parameter", _H.REQUEST),
    6: ("INTERNAL", "register_refused", _H.LIBRARY),
    7: ("UNSUPPORTED_CAST", "register_refused", _H.LIBRARY),
    8: ("NO_REQUIRED_PARAM", "bad_parameter", _H.REQUEST),
    9: ("INVALID_SETTINGS", "bad_address", _H.LIBRARY),
    10: ("NOT_CONFIGURED", "bad_address", _H.LIBRARY),
    11: ("NOT_SUPPORTED", "unsupported", _H.LIBRARY),
    12: ("INVALID_MODE", "wrong_state", _H.STATE),
    13: ("INVALID_PARAM", "bad_parameter", _H.REQUEST),
    14: ("NOT_LOADED", "unsupported", _H.LIBRARY),
    15: ("UNKNOWN", "register_refused", _H.LIBRARY),
    16: ("INVALID_SUM", "bad_parameter", _H.REQUEST),
    17: ("INVALID_QUANTITY", "bad_parameter", _H.REQUEST),
    18: ("CASH_COUNTER_OVERFLOW", "shift_overflow", _H.SHIFT),
    19: ("LAST_OPERATION_STORNO_DENIED", "bad_parameter", _H.REQUEST),
    20: ("STORNO_BY_CODE_DENIED", "bad_parameter", _H.REQUEST),
    21: ("LAST_OPERATION_NOT_REPEATABLE", "bad_parameter", _H.REQUEST),
    22: ("DISCOUNT_NOT_REPEATABLE", "bad_parameter", _H.REQUEST),
    23: ("DISCOUNT_DENIED", "bad_parameter", _H.REQUEST),
    24: ("INVALID_COMMODITY_CODE", "bad_parameter", _H.REQUEST),
    25: ("INVALID_COMMODITY_BARCODE", "bad_parameter", _H.REQUEST),
    26: ("INVALID_COMMAND_FORMAT", "bad_parameter", _H.REQUEST),
    27: ("INVALID_COMMAND_LENGTH", "bad_parameter", _H.REQUEST),
    28: ("BLOCKED_IN_DATE_INPUT_MODE", "clock_unset", _H.DEVICE),
    29: ("NEED_DATE_ACCEPT", "clock_unset", _H.DEVICE),
    30: ("NO_MORE_DATA", "no_data", _H.REQUEST),
    31: ("NO_ACCEPT_OR_CANCEL", "wrong_state", _H.STATE),
    32: ("BLOCKED_BY_REPORT_INTERRUPTION", "continue_print", _H.STATE),
    33: ("DISABLE_CASH_CONTROL_DENIED", "bad_parameter", _H.REQUEST),
    34: ("MODE_BLOCKED", "wrong_state", _H.STATE),
    35: ("CHECK_DATE_TIME", "clock_wrong", _H.DEVICE),
    36: ("DATE_TIME_LESS_THAN_FS", "clock_wrong", _H.DEVICE),
    37: ("CLOSE_ARCHIVE_DENIED", "fn_state", _H.DRIVE),
    38: ("COMMODITY_NOT_FOUND", "bad_parameter", _H.REQUEST),
    39: ("WEIGHT_BARCODE_WITH_INVALID_QUANTITY", "bad_parameter", _H.REQUEST),
    40: ("RECEIPT_BUFFER_OVERFLOW", "receipt_full", _H.REQUEST),
    41: ("QUANTITY_TOO_FEW", "bad_parameter", _H.REQUEST),
    42: ("STORNO_TOO_MUCH", "bad_parameter", _H.REQUEST),
    43: ("BLOCKED_COMMODITY_NOT_FOUND", "bad_parameter", _H.REQUEST),
    44: ("NO_PAPER", "no_paper", _H.PAPER),
    45: ("COVER_OPENED", "cover_open", _H.PAPER),
    46: ("PRINTER_FAULT", "printer_fault", _H.PAPER),
    47: ("MECHANICAL_FAULT", "printer_fault", _H.PAPER),
    48: ("INVALID_RECEIPT_TYPE", "bad_parameter", _H.REQUEST),
    49: ("INVALID_UNIT_TYPE", "bad_parameter", _H.REQUEST),
    50: ("NO_MEMORY", "receipt_full", _H.REQUEST),
    51: ("PICTURE_NOT_FOUND", "bad_parameter", _H.REQUEST),
    52: ("NONCACH_PAYMENTS_TOO_MUCH", "cashless_over", _H.REQUEST),
    53: ("RETURN_DENIED", "bad_parameter", _H.REQUEST),
    54: ("PAYMENTS_OVERFLOW", "bad_parameter", _H.REQUEST),
    55: ("BUSY", "device_busy", _H.BUSY),
    56: ("GSM", "register_refused", _H.DEVICE),
    57: ("INVALID_DISCOUNT", "bad_parameter", _H.REQUEST),
    58: ("OPERATION_AFTER_DISCOUNT_DENIED", "bad_parameter", _H.REQUEST),
    59: ("INVALID_DEPARTMENT", "bad_parameter", _H.REQUEST),
    60: ("INVALID_PAYMENT_TYPE", "bad_parameter", _H.REQUEST),
    61: ("MULTIPLICATION_OVERFLOW", "bad_parameter", _H.REQUEST),
    62: ("DENIED_BY_SETTINGS", "register_refused", _H.REQUEST),
    63: ("TOTAL_OVERFLOW", "bad_parameter", _H.REQUEST),
    64: ("DENIED_IN_ANNULATION_RECEIPT", "bad_parameter", _H.REQUEST),
    65: ("JOURNAL_OVERFLOW", "shift_overflow", _H.SHIFT),
    66: ("NOT_FULLY_PAID", "payment_short", _H.REQUEST),
    67: ("DENIED_IN_RETURN_RECEIPT", "bad_parameter", _H.REQUEST),
    68: ("SHIFT_EXPIRED", "shift_expired", _H.SHIFT),
    69: ("DENIED_IN_SELL_RECEIPT", "bad_parameter", _H.REQUEST),
    70: ("FISCAL_MEMORY_OVERFLOW", "fn_full", _H.DRIVE),
    71: ("INVALID_PASSWORD", "wrong_password", _H.LIBRARY),
    72: ("JOURNAL_BUSY", "device_busy", _H.BUSY),
    73: ("DENIED_IN_CLOSED_SHIFT", "shift_closed", _H.SHIFT),
    74: ("INVALID_TABLE_NUMBER", "bad_parameter", _H.REQUEST),
    75: ("INVALID_ROW_NUMBER", "bad_parameter", _H.REQUEST),
    76: ("INVALID_FIELD_NUMBER", "bad_parameter", _H.REQUEST),
    77: ("INVALID_DATE_TIME", "clock_wrong", _H.DEVICE),
    78: ("INVALID_STORNO_SUM", "bad_parameter", _H.REQUEST),
    79: ("CHANGE_CALCULATION", "bad_parameter", _H.REQUEST),
    80: ("NO_CASH", "cash_short", _H.REQUEST),
    81: ("DENIED_IN_CLOSED_RECEIPT", "document_closed", _H.STATE),
    82: ("DENIED_IN_OPENED_RECEIPT", "document_open", _H.STATE),
    83: ("DENIED_IN_OPENED_SHIFT", "shift_open", _H.SHIFT),
    84: ("SERIAL_NUMBER_ALREADY_ENTERED", "register_refused", _H.LICENCE),
    85: ("TOO_MUCH_REREGISTRATIONS", "register_refused", _H.LICENCE),
    86: ("INVALID_SHIFT_NUMBER", "wrong_state", _H.SHIFT),
    87: ("INVALID_SERIAL_NUMBER", "register_refused", _H.LICENCE),
    88: ("INVALID_RNM_VATIN", "register_refused", _H.LICENCE),
    89: ("FISCAL_PRINTER_NOT_ACTIVATED", "fn_state", _H.LICENCE),
    90: ("SERIAL_NUMBER_NOT_ENTERED", "fn_state", _H.LICENCE),
    91: ("NO_MORE_REPORTS", "fn_full", _H.DRIVE),
    92: ("MODE_NOT_ACTIVATED", "wrong_state", _H.STATE),
    93: ("RECORD_NOT_FOUND_IN_JOURNAL", "no_data", _H.REQUEST),
    94: ("INVALID_LICENSE", "register_refused", _H.LICENCE),
    95: ("NEED_FULL_RESET", "register_needs_reset", _H.DEVICE),
    96: ("DENIED_BY_LICENSE", "register_refused", _H.LICENCE),
    97: ("DISCOUNT_CANCELLATION_DENIED", "bad_parameter", _H.REQUEST),
    98: ("CLOSE_RECEIPT_DENIED", "bad_parameter", _H.REQUEST),
    99: ("INVALID_ROUTE_NUMBER", "bad_parameter", _H.REQUEST),
    100: ("INVALID_START_ZONE_NUMBER", "bad_parameter", _H.REQUEST),
    101: ("INVALID_END_ZONE_NUMBER", "bad_parameter", _H.REQUEST),
    102: ("INVALID_RATE_TYPE", "bad_parameter", _H.REQUEST),
    103: ("INVALID_RATE", "bad_parameter", _H.REQUEST),
    104: ("FISCAL_MODULE_EXCHANGE", "fn_failed", _H.DRIVE),
    105: ("NEED_TECHNICAL_SUPPORT", "register_fault", _H.DEVICE),
    106: ("SHIFT_NUMBERS_DID_NOT_MATCH", "register_fault", _H.SHIFT),
    107: ("DEVICE_NOT_FOUND", "register_fault", _H.DEVICE),
    108: ("EXTERNAL_DEVICE_CONNECTION", "register_fault", _H.DEVICE),
    109: ("DISPENSER_INVALID_STATE", "bad_parameter", _H.REQUEST),
    110: ("INVALID_POSITIONS_COUNT", "bad_parameter", _H.REQUEST),
    111: ("DISPENSER_INVALID_NUMBER", "bad_parameter", _H.REQUEST),
    112: ("INVALID_DIVIDER", "bad_parameter", _H.REQUEST),
    113: ("FN_ACTIVATION_DENIED", "fn_state", _H.DRIVE),
    114: ("PRINTER_OVERHEAT", "printer_fault", _H.PAPER),
    115: ("FN_EXCHANGE", "fn_failed", _H.DRIVE),
    116: ("FN_INVALID_FORMAT", "fn_data_rejected", _H.DRIVE),
    117: ("FN_INVALID_STATE", "fn_state", _H.DRIVE),
    118: ("FN_FAULT", "fn_failed", _H.DRIVE),
    119: ("FN_CRYPTO_FAULT", "fn_failed", _H.DRIVE),
    120: ("FN_EXPIRED", "fn_expired", _H.DRIVE),
    121: ("FN_OVERFLOW", "fn_full", _H.DRIVE),
    122: ("FN_INVALID_DATE_TIME", "clock_wrong", _H.DRIVE),
    123: ("FN_NO_MORE_DATA", "no_data", _H.REQUEST),
    124: ("FN_TOTAL_OVERFLOW", "fn_data_rejected", _H.DRIVE),
    125: ("BUFFER_OVERFLOW", "receipt_full", _H.REQUEST),
    126: ("PRINT_SECOND_COPY_DENIED", "register_refused", _H.REQUEST),
    127: ("NEED_RESET_JOURNAL", "register_fault", _H.DEVICE),
    128: ("TAX_SUM_TOO_MUCH", "bad_parameter", _H.REQUEST),
    129: ("TAX_ON_LAST_OPERATION_DENIED", "bad_parameter", _H.REQUEST),
    130: ("INVALID_FN_NUMBER", "fn_state", _H.DRIVE),
    131: ("TAX_CANCEL_DENIED", "bad_parameter", _H.REQUEST),
    132: ("LOW_BATTERY", "register_fault", _H.DEVICE),
    133: ("FN_INVALID_COMMAND", "fn_data_rejected", _H.DRIVE),
    134: ("FN_COMMAND_OVERFLOW", "fn_data_rejected", _H.DRIVE),
    135: ("FN_NO_TRANSPORT_CONNECTION", "ofd_failed", _H.DRIVE),
    136: ("FN_CRYPTO_HAS_EXPIRED", "fn_expired", _H.DRIVE),
    137: ("FN_RESOURCE_HAS_EXPIRED", "ofd_blocked", _H.DRIVE),
    138: ("INVALID_MESSAGE_FROM_OFD", "ofd_failed", _H.DRIVE),
    139: ("FN_HAS_NOT_SEND_DOCUMENTS", "fn_state", _H.DRIVE),
    140: ("FN_TIMEOUT", "fn_failed", _H.DRIVE),
    141: ("FN_SHIFT_EXPIRED", "shift_expired", _H.SHIFT),
    142: ("FN_INVALID_TIME_DIFFERENCE", "clock_wrong", _H.DRIVE),
    143: ("INVALID_TAXATION_TYPE", "taxation_not_registered", _H.REQUEST),
    144: ("INVALID_TAX_TYPE", "vat_rate_missing", _H.REQUEST),
    145: ("INVALID_COMMODITY_PAYMENT_TYPE", "bad_parameter", _H.REQUEST),
    146: ("INVALID_COMMODITY_CODE_TYPE", "bad_parameter", _H.REQUEST),
    147: ("EXCISABLE_COMMODITY_DENIED", "bad_parameter", _H.REQUEST),
    148: ("FISCAL_PROPERTY_WRITE", "bad_parameter", _H.REQUEST),
    149: ("INVALID_COUNTER_TYPE", "bad_parameter", _H.REQUEST),
    150: ("CUTTER_FAULT", "printer_fault", _H.PAPER),
    151: ("REPORT_INTERRUPTED", "continue_print", _H.PAPER),
    152: ("INVALID_LEFT_MARGIN", "bad_parameter", _H.REQUEST),
    153: ("INVALID_ALIGNMENT", "bad_parameter", _H.REQUEST),
    154: ("INVALID_TAX_MODE", "bad_parameter", _H.REQUEST),
    155: ("FILE_NOT_FOUND", "bad_parameter", _H.REQUEST),
    156: ("PICTURE_TOO_BIG", "bad_barcode", _H.REQUEST),
    157: ("INVALID_BARCODE_PARAMS", "bad_barcode", _H.REQUEST),
    158: ("FISCAL_PROPERTY_DENIED", "bad_parameter", _H.REQUEST),
    159: ("FN_INTERFACE", "fn_failed", _H.DRIVE),
    160: ("DATA_DUPLICATE", "bad_parameter", _H.REQUEST),
    161: ("NO_REQUIRED_FISCAL_PROPERTY", "bad_parameter", _H.REQUEST),
    162: ("FN_READ_DOCUMENT", "archive_unreadable", _H.DRIVE),
    163: ("FLOAT_OVERFLOW", "bad_parameter", _H.REQUEST),
    164: ("INVALID_SETTING_VALUE", "bad_parameter", _H.REQUEST),
    165: ("HARD_FAULT", "register_fault", _H.DEVICE),
    166: ("FN_NOT_FOUND", "fn_absent", _H.DRIVE),
    167: ("INVALID_AGENT_FISCAL_PROPERTY", "bad_parameter", _H.REQUEST),
    168: ("INVALID_FISCAL_PROPERTY_VALUE_1002_1056", "bad_parameter", _H.REQUEST),
    169: ("INVALID_FISCAL_PROPERTY_VALUE_1002_1017", "bad_parameter", _H.REQUEST),
    170: ("SCRIPT", "register_refused", _H.LIBRARY),
    171: ("INVALID_USER_MEMORY_INDEX", "bad_parameter", _H.REQUEST),
    172: ("NO_ACTIVE_OPERATOR", "bad_parameter", _H.REQUEST),
    173: ("REGISTRATION_REPORT_INTERRUPTED", "continue_print", _H.PAPER),
    174: ("CLOSE_FN_REPORT_INTERRUPTED", "continue_print", _H.PAPER),
    175: ("OPEN_SHIFT_REPORT_INTERRUPTED", "continue_print", _H.PAPER),
    176: ("OFD_EXCHANGE_REPORT_INTERRUPTED", "continue_print", _H.PAPER),
    177: ("CLOSE_RECEIPT_INTERRUPTED", "continue_print", _H.PAPER),
    178: ("FN_QUERY_INTERRUPTED", "fn_failed", _H.PAPER),
    179: ("RTC_FAULT", "register_fault", _H.DEVICE),
    180: ("MEMORY_FAULT", "register_fault", _H.DEVICE),
    181: ("CHIP_FAULT", "register_fault", _H.DEVICE),
    182: ("TEMPLATES_CORRUPTED", "register_fault", _H.DEVICE),
    183: ("INVALID_MAC_ADDRESS", "bad_parameter", _H.REQUEST),
    184: ("INVALID_SCRIPT_NUMBER", "bad_parameter", _H.REQUEST),
    185: ("SCRIPTS_FAULT", "bad_parameter", _H.REQUEST),
    186: ("INVALID_SCRIPTS_VERSION", "bad_parameter", _H.REQUEST),
    187: ("INVALID_CLICHE_FORMAT", "bad_parameter", _H.REQUEST),
    188: ("WAIT_FOR_REBOOT", "device_busy", _H.DEVICE),
    189: ("NO_LICENSE", "register_refused", _H.LICENCE),
    190: ("INVALID_FFD_VERSION", "unsupported", _H.LICENCE),
    191: ("CHANGE_SETTING_DENIED", "bad_parameter", _H.REQUEST),
    192: ("INVALID_NOMENCLATURE_TYPE", "marking_refused", _H.MARKING),
    193: ("INVALID_GTIN", "marking_refused", _H.MARKING),
    194: ("NEGATIVE_MATH_RESULT", "bad_parameter", _H.REQUEST),
    195: ("FISCAL_PROPERTIES_COMBINATION", "bad_parameter", _H.REQUEST),
    196: ("OPERATOR_LOGIN", "register_refused", _H.REQUEST),
    197: ("INVALID_INTERNET_CHANNEL", "bad_parameter", _H.REQUEST),
    198: ("DATETIME_NOT_SYNCRONIZED", "clock_wrong", _H.DEVICE),
    199: ("JOURNAL", "register_refused", _H.LIBRARY),
    200: ("DENIED_IN_OPENED_DOC", "document_open", _H.STATE),
    201: ("DENIED_IN_CLOSED_DOC", "document_closed", _H.STATE),
    202: ("LICENSE_MEMORY_OVERFLOW", "register_refused", _H.LICENCE),
    203: ("NEED_CANCEL_DOCUMENT", "document_open", _H.STATE),
    204: ("REGISTERS_NOT_INITIALIZED", "register_fault", _H.DEVICE),
    205: ("TOTAL_REQUIRED", "bad_parameter", _H.REQUEST),
    206: ("SETTINGS_FAULT", "register_fault", _H.DEVICE),
    207: ("COUNTERS_FAULT", "register_fault", _H.DEVICE),
    208: ("USER_MEMORY_FAULT", "register_fault", _H.DEVICE),
    209: ("SERVICE_COUNTERS_FAULT", "register_fault", _H.DEVICE),
    210: ("ATTRIBUTES_FAULT", "register_fault", _H.DEVICE),
    211: ("ALREADY_IN_UPDATE_MODE", "wrong_state", _H.STATE),
    212: ("INVALID_FIRMWARE", "register_fault", _H.DEVICE),
    213: ("INVALID_CHANNEL", "register_refused", _H.DEVICE),
    214: ("INTERFACE_DOWN", "register_refused", _H.DEVICE),
    215: ("INVALID_FISCAL_PROPERTY_VALUE_1212_1030", "bad_parameter", _H.REQUEST),
    216: ("INVALID_FISCAL_PROPERTY_VALUE_1214", "bad_parameter", _H.REQUEST),
    217: ("INVALID_FISCAL_PROPERTY_VALUE_1212", "bad_parameter", _H.REQUEST),
    218: ("SYNC_TIME", "clock_wrong", _H.DEVICE),
    219: ("VAT18_VAT20_IN_RECEIPT", "bad_parameter", _H.REQUEST),
    220: ("PICTURE_NOT_CLOSED", "wrong_state", _H.STATE),
    221: ("INTERFACE_BUSY", "device_busy", _H.BUSY),
    222: ("INVALID_PICTURE_NUMBER", "bad_parameter", _H.REQUEST),
    223: ("INVALID_CONTAINER", "bad_parameter", _H.REQUEST),
    224: ("ARCHIVE_CLOSED", "fn_state", _H.LICENCE),
    225: ("NEED_REGISTRATION", "fn_state", _H.LICENCE),
    226: ("DENIED_DURING_UPDATE", "wrong_state", _H.STATE),
    227: ("INVALID_TOTAL", "total_differs", _H.REQUEST),
    228: ("MARKING_CODE_CONFLICT", "marking_refused", _H.REQUEST),
    229: ("INVALID_RECORDS_ID", "bad_parameter", _H.REQUEST),
    230: ("INVALID_SIGNATURE", "bad_parameter", _H.REQUEST),
    231: ("INVALID_EXCISE_SUM", "bad_parameter", _H.REQUEST),
    232: ("NO_DOCUMENTS_FOUND_IN_JOURNAL", "no_data", _H.REQUEST),
    233: ("INVALID_SCRIPT_TYPE", "bad_parameter", _H.REQUEST),
    234: ("INVALID_SCRIPT_NAME", "bad_parameter", _H.REQUEST),
    235: ("INVALID_POSITIONS_COUNT_WITH_1162", "bad_parameter", _H.REQUEST),
    236: ("INVALID_UC_COUNTER", "bad_parameter", _H.REQUEST),
    237: ("INVALID_UC_TAG", "bad_parameter", _H.REQUEST),
    238: ("INVALID_UC_IDX", "bad_parameter", _H.REQUEST),
    239: ("INVALID_UC_SIZE", "bad_parameter", _H.REQUEST),
    240: ("INVALID_UC_CONFIG", "bad_parameter", _H.REQUEST),
    241: ("CONNECTION_LOST", "link_lost", _H.LINK),
    242: ("UNIVERSAL_COUNTERS_FAULT", "register_fault", _H.DEVICE),
    243: ("INVALID_TAX_SUM", "bad_parameter", _H.REQUEST),
    244: ("INVALID_MARKING_CODE_TYPE", "marking_refused", _H.MARKING),
    245: ("LICENSE_HARD_FAULT", "register_refused", _H.LICENCE),
    246: ("LICENSE_INVALID_SIGN", "register_refused", _H.LICENCE),
    247: ("LICENSE_INVALID_SERIAL", "register_refused", _H.LICENCE),
    248: ("LICENSE_INVALID_TIME", "register_refused", _H.LICENCE),
    249: ("DOCUMENT_CANCELED", "wrong_state", _H.STATE),
    250: ("INVALID_SCRIPT_PARAMS", "bad_parameter", _H.REQUEST),
    251: ("CLICHE_TOO_LONG", "bad_parameter", _H.REQUEST),
    252: ("COMMODITIES_TABLE_FAULT", "bad_parameter", _H.REQUEST),
    253: ("COMMODITIES_TABLE", "bad_parameter", _H.REQUEST),
    254: ("COMMODITIES_TABLE_INVALID_TAG", "bad_parameter", _H.REQUEST),
    255: ("COMMODITIES_TABLE_INVALID_TAG_SIZE", "bad_parameter", _H.REQUEST),
    256: ("COMMODITIES_TABLE_NO_TAG_DATA", "bad_parameter", _H.REQUEST),
    257: ("COMMODITIES_TABLE_NO_FREE_MEMORY", "bad_parameter", _H.REQUEST),
    258: ("INVALID_CACHE", "register_refused", _H.LIBRARY),
    259: ("SCHEDULER_NOT_READY", "register_refused", _H.DEVICE),
    260: ("SCHEDULER_INVALID_TASK", "register_refused", _H.DEVICE),
    261: ("MINIPOS_NO_POSITION_PAYMENT", "register_refused", _H.REQUEST),
    262: ("MINIPOS_COMMAND_TIME_OUT", "register_refused", _H.REQUEST),
    263: ("MINIPOS_MODE_FR_DISABLED", "register_refused", _H.REQUEST),
    264: ("ENTRY_NOT_FOUND_IN_OTP", "no_data", _H.REQUEST),
    265: ("EXCISABLE_COMMODITY_WITHOUT_EXCISE", "bad_parameter", _H.REQUEST),
    266: ("BARCODE_TYPE_NOT_SUPPORTED", "unsupported", _H.REQUEST),
    267: ("OVERLAY_DATA_OVERFLOW", "bad_parameter", _H.REQUEST),
    268: ("INVALID_MODULE_ADDRESS", "bad_parameter", _H.REQUEST),
    269: ("ECR_MODEL_NOT_SUPPORTED", "unsupported", _H.LIBRARY),
    270: ("PAID_NOT_REQUIRED", "bad_parameter", _H.REQUEST),
    271: ("NON_PRINTABLE_CHAR", "bad_parameter", _H.REQUEST),
    272: ("INVALID_USER_TAG", "bad_parameter", _H.REQUEST),
    273: ("COMMODITIES_TABLE_ITERATION_STOPPED", "bad_parameter", _H.REQUEST),
    274: ("COMMODITIES_TABLE_INVALID_CSV_FORMAT", "bad_parameter", _H.REQUEST),
    275: ("MINIPOS_NO_FILE_ON_USB_STORE", "register_refused", _H.REQUEST),
    276: ("MINIPOS_NO_AGENT_FISCAL_PROPERTY", "bad_parameter", _H.REQUEST),
    277: ("NO_CONNECTION_WITH_PRINT_SERVICE", "link_lost", _H.LINK),
    278: ("UNIVERSAL_COUNTERS_ARE_DISABLED", "register_refused", _H.DEVICE),
    401: ("MARKING_CODE_VALIDATION_IN_PROGRESS", "device_busy", _H.BUSY),
    402: ("NO_CONNECTION_WITH_SERVER", "marking_refused", _H.MARKING),
    403: ("MARKING_CODE_VALIDATION_CANCELED", "marking_refused", _H.MARKING),
    404: ("INVALID_MARKING_CODE_STATUS", "marking_refused", _H.MARKING),
    405: ("INVALID_GS1", "marking_refused", _H.MARKING),
    406: ("MARKING_WORK_DENIED", "marking_refused", _H.MARKING),
    407: ("MARKING_WORK_TEMPORARY_BLOCKED", "marking_refused", _H.MARKING),
    408: ("MARKS_OVERFLOW", "marking_refused", _H.MARKING),
    409: ("INVALID_MARKING_CODE", "marking_refused", _H.MARKING),
    410: ("INVALID_STATE", "marking_refused", _H.MARKING),
    411: ("OFD_EXCHANGE", "marking_refused", _H.MARKING),
    412: ("INVALID_MEASUREMENT_UNIT", "marking_refused", _H.MARKING),
    413: ("OPERATION_DENIED_IN_CURRENT_FFD", "marking_refused", _H.MARKING),
    414: ("MARKING_OPERATION_DENIED", "marking_refused", _H.MARKING),
    415: ("NO_DATA_TO_SEND", "marking_refused", _H.MARKING),
    416: ("NO_MARKED_POSITION", "marking_refused", _H.MARKING),
    417: ("HAS_NOT_SEND_NOTICES", "marking_refused", _H.MARKING),
    418: ("UPDATE_KEYS_REQUIRED", "marking_refused", _H.MARKING),
    419: ("UPDATE_KEYS_SERVICE", "marking_refused", _H.MARKING),
    420: ("MARK_NOT_CHECKED", "marking_refused", _H.MARKING),
    421: ("MARK_CHECK_TIMEOUT_EXPIRED", "marking_refused", _H.MARKING),
    422: ("NO_MARKING_CODE_IN_TABLE", "marking_refused", _H.MARKING),
    423: ("CHEKING_MARK_IN_PROGRESS", "device_busy", _H.BUSY),
    424: ("INVALID_SERVER_ADDRESS", "marking_refused", _H.MARKING),
    425: ("UPDATE_KEYS_TIMEOUT", "marking_refused", _H.MARKING),
    426: ("PROPERTY_FOR_MARKING_POSITION_ONLY", "marking_refused", _H.MARKING),
    501: ("RECEIPT_PARSE_ERROR", "bad_parameter", _H.REQUEST),
    502: ("INTERRUPTED_BY_PREVIOUS_ERRORS", "register_refused", _H.LIBRARY),
    503: ("DRIVER_SCRIPT_ERROR", "register_refused", _H.LIBRARY),
    504: ("VALIDATE_FUNC_NOT_FOUND", "unsupported", _H.LIBRARY),
    505: ("WEB_FAIL", "register_refused", _H.LIBRARY),
    601: ("RCP_SERVER_BUSY", "device_busy", _H.BUSY),
    602: ("RCP_SERVER_VERSION", "unsupported", _H.LIBRARY),
    603: ("RCP_SERVER_EXCHANGE", "register_refused", _H.LIBRARY),
}

NOT_STARTED = frozenset({9, 10, 14, 501, 502, 504, 602})
"""Settings, the task's own form (501 names the field in its description), a subtask after a failed one (502), no
library behind the wrapper."""

OPEN = frozenset(
    {
        *(1, 2, 3, 4, 241, 277),  # the link: the command may have left
        *(55, 221, 601),  # "the previous operation is not finished": that may be this one
        *(44, 45, 46, 47, 114, 150, 151, *range(173, 179)),  # printing: the drive may have signed before
        *(104, *range(115, 123), 124, *range(133, 139), 140, 141, 142, 159, 166),  # the talk with the fiscal drive
        *(47, 105, 165, 179, 180, 181, 188, *range(206, 211), 242),  # the register lost one of its own parts
        *(6, 15, 170, 503, 505, 603),  # the library does not know itself
    }
)
"""The web server's blocking codes (2, 3, 4, 15, 115-122, 124, 133-138, 141, 142, 159; newer ones 1, 166, 177, 241)
and all others whose meaning leaves room for a document."""

OK = 0
NOTHING_OPEN = frozenset({81, 201})
"""What cancelling answers when no receipt or document is open."""
NO_SUCH_RECORD = frozenset({30, 93, 123, 232})
"""What a query for a document answers when there is none of this number."""
NO_PAPER = frozenset({44, 45, 46, 114})
"""What "continue printing" answers while it still cannot print."""


def _fate(number: int) -> Fate:
    if number in NOT_STARTED:
        return Fate.NOT_STARTED
    return Fate.OPEN if number in OPEN else Fate.REFUSED


CODES: Mapping[int, LibraryCode] = MappingProxyType(
    {number: LibraryCode(number, *known, fate=_fate(number)) for number, known in _TABLE.items()}
)


def describe(number: int) -> LibraryCode:
    """What a code means. A number that is not in the table proves nothing: ``register_refused``, ``Fate.OPEN``."""
    known = CODES.get(number)
    return known or LibraryCode(number, "UNLISTED", "register_refused", Handling.LIBRARY, Fate.OPEN)
