"""ATOL's driver library as far as the host uses it: its C functions by ctypes, its texts, one handle.

The library (``libfptr10.so``, ``fptr10.dll``; cdecl) is opened by a path or by a bare name that the system looks up.
Every function returns 0 or -1; after -1 its error code and description are read at once, before the next call wipes
them. Texts are ``wchar_t``: two bytes on Windows, four elsewhere.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import POINTER, c_char_p, c_int, c_uint, c_void_p, c_wchar_p
from types import MappingProxyType
from typing import Any

from drivers.hosts.result import Result

JSON_DATA = 65645  # the parameter that holds a task's text, and afterwards its answer's
DATA_TYPE = 65587  # the parameter that says what ``query_data`` is to read
RECEIPT_STATE = 15  # its value for the receipt that is open, or not
RECEIPT_TYPE = 65545  # the parameter with the answer: 0 when none is open
UNKNOWN = 15  # the library's own code for an error without a name
BUFFER = 64 * 1024  # characters; longer texts are read again into a buffer of their own length

_WIDE = "utf-16-le" if ctypes.sizeof(ctypes.c_wchar) == 2 else "utf-32-le"
_TEXT_OF_HANDLE = (c_int, (c_void_p, c_wchar_p, c_int))
_HANDLE = (c_int, (c_void_p,))

FUNCTIONS: Mapping[str, tuple[Any, tuple[Any, ...]]] = MappingProxyType(
    {
        "get_version_string": (c_char_p, ()),
        "create": (c_int, (POINTER(c_void_p),)),
        "destroy": (None, (POINTER(c_void_p),)),
        "get_settings": _TEXT_OF_HANDLE,
        "set_single_setting": (None, (c_void_p, c_wchar_p, c_wchar_p)),
        "apply_single_settings": _HANDLE,
        "open": _HANDLE,
        "close": _HANDLE,
        "is_opened": _HANDLE,
        "error_code": _HANDLE,
        "error_description": _TEXT_OF_HANDLE,
        "set_param_str": (None, (c_void_p, c_int, c_wchar_p)),
        "get_param_str": (c_int, (c_void_p, c_int, c_wchar_p, c_int)),
        "set_param_int": (None, (c_void_p, c_int, c_uint)),
        "get_param_int": (c_uint, (c_void_p, c_int)),
        "query_data": _HANDLE,
        "process_json": _HANDLE,
        "cancel_receipt": _HANDLE,
        "continue_print": _HANDLE,
    }
)
"""Without their prefix ``libfptr_``: result and arguments. An undeclared handle would be cut to an int."""

NEWER: Mapping[str, tuple[Any, tuple[Any, ...]]] = MappingProxyType(
    {"validate_json": _HANDLE, "error_recommendation": _TEXT_OF_HANDLE}
)
"""Functions that not every version has."""


class NotUsable(Exception):
    """The file cannot be loaded or is not this library."""


class Fptr10:
    """The library, loaded, with its one handle. Raises ``NotUsable``."""

    def __init__(self, path: str) -> None:
        try:
            self._library = ctypes.CDLL(path)
        except OSError as error:
            raise NotUsable(f"{path}: {error}") from error
        missing = sorted(name for name in FUNCTIONS if not self._declare(name, FUNCTIONS[name]))
        if missing:
            raise NotUsable(f"{path}: not ATOL's driver library 10, it has no libfptr_{', libfptr_'.join(missing)}")
        self._newer = frozenset(name for name in NEWER if self._declare(name, NEWER[name]))
        self._handle = c_void_p()
        if self._function("create")(ctypes.byref(self._handle)) != 0 or not self._handle:
            raise NotUsable(f"{path}: the library gives no handle")

    def has(self, function: str) -> bool:
        return function in FUNCTIONS or function in self._newer

    @property
    def version(self) -> str:
        text: bytes = self._function("get_version_string")()
        return text.decode("ascii", "replace")

    def open(self, settings: Mapping[str, str]) -> Result:
        """Set what is given over the library's defaults (every value as text) and connect."""
        for key, value in settings.items():
            self._function("set_single_setting")(self._handle, key, value)
        applied = self.call("apply_single_settings")
        return applied if applied.code else self.call("open")

    def is_opened(self) -> Result:
        """``number``: 1 from a successful ``open`` on, also while the library seeks a link that it lost."""
        return Result(number=self._function("is_opened")(self._handle))

    def settings(self) -> Result:
        return Result(text=self._read_text("get_settings"))

    def with_json(self, function: str, text: str) -> Result:
        """``process_json`` or ``validate_json``: the answer's text, which many tasks leave empty."""
        self._function("set_param_str")(self._handle, JSON_DATA, text)
        result = self.call(function)
        return result if result.code else Result(text=self._read_text("get_param_str", JSON_DATA))

    def receipt_type(self) -> Result:
        """``number``: the type of the open receipt, 0 for none."""
        self._function("set_param_int")(self._handle, DATA_TYPE, RECEIPT_STATE)
        result = self.call("query_data")
        return result if result.code else Result(number=self._function("get_param_int")(self._handle, RECEIPT_TYPE))

    def call(self, function: str) -> Result:
        if self._function(function)(self._handle) == 0:
            return Result()
        code = self._function("error_code")(self._handle) or UNKNOWN
        words = self._read_text("error_description")
        advice = self._read_text("error_recommendation") if self.has("error_recommendation") else ""
        return Result(code, words, advice)

    def destroy(self) -> None:
        self._function("destroy")(ctypes.byref(self._handle))

    # --- the C side --------------------------------------------------------------------------------------------------

    def _declare(self, name: str, types: tuple[Any, tuple[Any, ...]]) -> bool:
        function = getattr(self._library, f"libfptr_{name}", None)
        if function is None:
            return False
        function.restype, function.argtypes = types
        return True

    def _function(self, name: str) -> Any:
        return getattr(self._library, f"libfptr_{name}")

    def _read_text(self, getter: str, *parameters: int) -> str:
        """A getter cuts what does not fit and answers the length that it needs, with the closing zero."""
        size = BUFFER
        while True:
            buffer = ctypes.create_unicode_buffer(size)
            needed = self._function(getter)(self._handle, *parameters, buffer, size)
            if needed <= size:
                break
            size = needed
        held = memoryview(buffer).cast("B")[: max(0, needed) * ctypes.sizeof(ctypes.c_wchar)]
        text = bytes(held).decode(_WIDE, "replace")  # never by ``value``: it raises for a code point that is none
        return text.split("\0", 1)[0]
