"""Error bytes of the wire: which code of the driver library each stands for, and through it our word.

A byte of no known meaning is the library's 15 (unknown) and proves nothing. EEh says that the real code stands in
register 37h (``queries.ExtendedError``), whose form is not published: it goes into the words for support.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from protocol.wire.atol.codes import Fate, LibraryCode
from protocol.wire.atol.codes import describe as describe_library

LIBRARY_CODES: Mapping[int, int] = MappingProxyType({
    0x08: 16, 0x0A: 17, 0x0B: 18, 0x0C: 19, 0x0D: 20, 0x0E: 21, 0x0F: 22, 0x10: 23, 0x11: 24, 0x12: 25, 0x13: 26,
    0x14: 27, 0x15: 28, 0x16: 29, 0x18: 30, 0x19: 31, 0x1A: 32, 0x1B: 33, 0x1E: 34, 0x1F: 35, 0x20: 36, 0x21: 37,
    0x3D: 38, 0x3E: 39, 0x3F: 40, 0x40: 41, 0x41: 42, 0x42: 43, 0x43: 43, 0x46: 5, 0x66: 12, 0x67: 44, 0x68: 46,
    0x69: 47, 0x6A: 48, 0x6B: 30, 0x6C: 11, 0x6D: 49, 0x6E: 50, 0x6F: 51, 0x70: 42, 0x71: 52, 0x72: 66, 0x73: 53,
    0x75: 54, 0x76: 55, 0x77: 56, 0x7A: 11, 0x7B: 57, 0x7C: 58, 0x7D: 59, 0x7E: 60, 0x7F: 61, 0x80: 62, 0x81: 63,
    0x82: 64, 0x84: 65, 0x86: 66, 0x87: 67, 0x88: 68, 0x89: 69, 0x8A: 70, 0x8C: 71, 0x8E: 72, 0x8F: 73, 0x91: 74,
    0x92: 75, 0x93: 76, 0x94: 77, 0x95: 77, 0x96: 78, 0x97: 79, 0x98: 80, 0x9A: 81, 0x9B: 82, 0x9C: 83, 0x9E: 84,
    0x9F: 85, 0xA2: 86, 0xA3: 11, 0xA4: 71, 0xA5: 87, 0xA6: 88, 0xA7: 88, 0xA8: 89, 0xA9: 90, 0xAA: 91, 0xAB: 92,
    0xAC: 93, 0xAD: 30, 0xAE: 94, 0xAF: 30, 0xB0: 95, 0xB1: 96, 0xB2: 97, 0xB3: 98, 0xB4: 99, 0xB5: 100, 0xB6: 101,
    0xB7: 102, 0xB8: 103, 0xBA: 104, 0xBE: 105, 0xBF: 106, 0xC8: 107, 0xC9: 108, 0xCA: 109, 0xCB: 110, 0xCC: 111,
    0xCD: 112, 0xD0: 113, 0xD1: 114, 0xD2: 115, 0xD3: 116, 0xD4: 117, 0xD5: 118, 0xD6: 119, 0xD7: 120, 0xD8: 121,
    0xD9: 122, 0xDA: 123, 0xDB: 124, 0xDC: 125, 0xDD: 126, 0xDE: 127, 0xDF: 128, 0xE0: 129, 0xE1: 130, 0xE4: 131,
    0xE6: 132, 0xE7: 133, 0xE8: 134, 0xE9: 135, 0xEA: 136, 0xEB: 137, 0xEC: 138, 0xED: 139, 0xEF: 140, 0xF0: 141,
    0xF1: 142, 0xF2: 26, 0xF3: 110, 0xF4: 26, 0xF5: 147, 0xF6: 110,
})  # fmt: skip

UNKNOWN = 15
"""The library's code for bytes that are not in the table."""

INVALID_MODE = 0x66
BUSY = 0x76
"""The operation before is not finished: this one was not begun."""
RECEIPT_CLOSED = 0x9A
NO_MORE_DATA = 0xDA
"""The fiscal drive has no such document, or no further tag."""
EXTENDED = 0xEE


@dataclass(frozen=True, slots=True)
class WireError:
    byte: int
    library: LibraryCode

    @property
    def code(self) -> str:
        """Our word."""
        return self.library.code

    @property
    def vendor(self) -> str:
        return f"{self.byte:02X}"

    @property
    def text(self) -> str:
        return f"error {self.vendor}h ({self.library.number} {self.library.name})"

    @property
    def safe_to_repeat(self) -> bool:
        """The refusal proves that the command did nothing. ``False``: a command that makes a document may have made it
        before the printer or the talk with the drive failed."""
        return self.byte == BUSY or self.library.fate is not Fate.OPEN


def describe(byte: int) -> WireError:
    return WireError(byte, describe_library(LIBRARY_CODES.get(byte, UNKNOWN)))
