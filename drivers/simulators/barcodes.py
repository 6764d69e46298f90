"""One-dimensional codes as strings of modules: "1" is a bar, "0" a space. Pure; drawn by ``paper``.

Sources: ISO/IEC 15420 (EAN, UPC), 15417 (Code 128), 16388 (Code 39), 16390 (interleaved 2 of 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


class BarcodeError(ValueError):
    """Data that this symbology cannot carry; the text says why."""


# --- EAN and UPC -----------------------------------------------------------------------------------------------------

_LEFT = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
_PARITY = ("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL")


def _right(digit: str) -> str:
    return "".join("1" if bit == "0" else "0" for bit in _LEFT[int(digit)])


def _left(digit: str, parity: str) -> str:
    return _LEFT[int(digit)] if parity == "L" else _right(digit)[::-1]


def check_digit(digits: str) -> str:
    """Weights 3, 1, 3, … from the right."""
    return str(-sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits))) % 10)


def _numeric(data: str, size: int) -> str:
    """With its check digit, which may be left out."""
    if not data.isascii() or not data.isdecimal() or len(data) not in (size - 1, size):
        raise BarcodeError(f"{size - 1} or {size} digits are needed")
    if len(data) == size and check_digit(data[:-1]) != data[-1]:
        raise BarcodeError("wrong check digit")
    return data[: size - 1] + check_digit(data[: size - 1])


def ean13(data: str) -> str:
    digits = _numeric(data, 13)
    parity = _PARITY[int(digits[0])]
    left = "".join(_left(digit, side) for digit, side in zip(digits[1:7], parity, strict=True))
    return "101" + left + "01010" + "".join(_right(digit) for digit in digits[7:]) + "101"


def upc_a(data: str) -> str:
    return ean13("0" + _numeric(data, 12))


def ean8(data: str) -> str:
    digits = _numeric(data, 8)
    left = "".join(_left(digit, "L") for digit in digits[:4])
    return "101" + left + "01010" + "".join(_right(digit) for digit in digits[4:]) + "101"


# --- Code 128 --------------------------------------------------------------------------------------------------------

_WIDTHS_128 = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221"
    "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321"
    "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131"
    "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114"
    "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232"
)
_STOP_128 = "2331112"
_START_B, _START_C, _TO_B, _TO_C = 104, 105, 100, 99


def code128(data: str) -> str:
    """Sets B and C: pairs of digits go two by two."""
    if not data or any(not 32 <= ord(letter) <= 127 for letter in data):
        raise BarcodeError("Code 128 needs printable ASCII")
    symbols: list[int] = []
    at, dense = 0, False
    while at < len(data):
        run = 0
        while at + run < len(data) and data[at + run].isdecimal():
            run += 1
        wanted = run >= (2 if dense else 4)
        if not symbols:
            symbols.append(_START_C if wanted else _START_B)
        elif wanted != dense:
            symbols.append(_TO_C if wanted else _TO_B)
        dense = wanted
        if dense:
            symbols.append(int(data[at : at + 2]))
            at += 2
        else:
            symbols.append(ord(data[at]) - 32)
            at += 1
    total = symbols[0] + sum(place * symbol for place, symbol in enumerate(symbols[1:], 1))
    widths = "".join(_WIDTHS_128[6 * symbol : 6 * symbol + 6] for symbol in [*symbols, total % 103])
    return _alternating(widths + _STOP_128)


def _alternating(widths: str) -> str:
    return "".join("10"[place % 2] * int(width) for place, width in enumerate(widths))


# --- Code 39 and interleaved 2 of 5: narrow is one module, wide is three ---------------------------------------------

_LETTERS_39 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%*"
"""In the order of their patterns; the star is the sign at both ends."""
_PATTERNS_39 = (
    *("000110100", "100100001", "001100001", "101100000", "000110001", "100110000", "001110000", "000100101"),
    *("100100100", "001100100", "100001001", "001001001", "101001000", "000011001", "100011000", "001011000"),
    *("000001101", "100001100", "001001100", "000011100", "100000011", "001000011", "101000010", "000010011"),
    *("100010010", "001010010", "000000111", "100000110", "001000110", "000010110", "110000001", "011000001"),
    *("111000000", "010010001", "110010000", "011010000", "010000101", "110000100", "011000100", "010101000"),
    *("010100010", "010001010", "000101010", "010010100"),
)


def code39(data: str) -> str:
    if not data or any(letter not in _LETTERS_39[:-1] for letter in data):
        raise BarcodeError("Code 39 takes digits, capital letters and - . $ / + %")
    return "0".join(_bars(_PATTERNS_39[_LETTERS_39.index(letter)]) for letter in f"*{data}*")


def _bars(pattern: str) -> str:
    return _alternating("".join("3" if wide == "1" else "1" for wide in pattern))


_PATTERNS_ITF = ("00110", "10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010")


def itf(data: str) -> str:
    if not data.isascii() or not data.isdecimal() or len(data) % 2:
        raise BarcodeError("interleaved 2 of 5 takes an even number of digits")
    pairs = zip(data[::2], data[1::2], strict=True)
    woven = "".join(
        bar + space
        for first, second in pairs
        for bar, space in zip(_PATTERNS_ITF[int(first)], _PATTERNS_ITF[int(second)], strict=True)
    )
    return "1010" + _bars(woven) + "11101"


LINEAR: Mapping[str, Callable[[str], str]] = {
    "UPC-A": upc_a,
    "EAN-13": ean13,
    "EAN-8": ean8,
    "CODE39": code39,
    "ITF": itf,
    "CODE128": code128,
}
