"""A program that drives a register by the maker's own library: ``python vendor_client.py LIBRARY PORT``.

Tasks come on stdin, one JSON per line; for each one line leaves on the descriptor that stdout was: ``{"code": 0,
"answer": {…}}``. The first line tells the result of opening. The library's own prints go to stderr.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Any

JSON_DATA = 65645
SIZE = 65536


class Library:
    def __init__(self, path: str, port: str) -> None:
        self._dll = dll = ctypes.CDLL(path)
        handle, text = ctypes.c_void_p, ctypes.c_wchar_p
        dll.libfptr_create.argtypes = [ctypes.POINTER(handle)]
        for name in ("open", "close", "process_json", "error_code", "apply_single_settings"):
            getattr(dll, f"libfptr_{name}").argtypes = [handle]
        dll.libfptr_set_single_setting.argtypes = [handle, text, text]
        dll.libfptr_set_param_str.argtypes = [handle, ctypes.c_int, text]
        dll.libfptr_get_param_str.argtypes = [handle, ctypes.c_int, text, ctypes.c_int]
        self._handle = handle()
        dll.libfptr_create(ctypes.byref(self._handle))
        for key, value in {
            "Model": "500",
            "Port": "2",
            "IPAddress": "127.0.0.1",
            "IPPort": port,
            "OfdChannel": "0",
        }.items():
            dll.libfptr_set_single_setting(self._handle, key, value)
        dll.libfptr_apply_single_settings(self._handle)

    def open(self) -> dict[str, Any]:
        return self._told(self._dll.libfptr_open(self._handle), "")

    def task(self, task: str) -> dict[str, Any]:
        self._dll.libfptr_set_param_str(self._handle, JSON_DATA, task)
        result = self._dll.libfptr_process_json(self._handle)
        buffer = ctypes.create_unicode_buffer(SIZE)
        if result == 0:
            self._dll.libfptr_get_param_str(self._handle, JSON_DATA, buffer, SIZE)
        return self._told(result, buffer.value)

    def close(self) -> None:
        self._dll.libfptr_close(self._handle)

    def _told(self, result: int, answer: str) -> dict[str, Any]:
        code = self._dll.libfptr_error_code(self._handle) if result else 0
        return {"code": code, "answer": json.loads(answer) if answer.strip() else {}}


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    library = Library(sys.argv[1], sys.argv[2])
    print(json.dumps(library.open()), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(library.task(line)), file=out, flush=True)
    library.close()
    out.close()


if __name__ == "__main__":
    main()
