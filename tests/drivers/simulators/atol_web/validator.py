"""Asks the maker's library about tasks, without a device: ``python validator.py LIBRARY``.

One task per line of stdin, its code on a line of the descriptor that stdout was; the library's own prints go to stderr.
"""

from __future__ import annotations

import ctypes
import os
import sys

JSON_DATA = 65645


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    handle, text = ctypes.c_void_p, ctypes.c_wchar_p
    dll = ctypes.CDLL(sys.argv[1])
    dll.libfptr_create.argtypes = [ctypes.POINTER(handle)]
    dll.libfptr_set_param_str.argtypes = [handle, ctypes.c_int, text]
    for name in ("validate_json", "error_code"):
        getattr(dll, f"libfptr_{name}").argtypes = [handle]
    made = handle()
    dll.libfptr_create(ctypes.byref(made))
    for line in sys.stdin:
        dll.libfptr_set_param_str(made, JSON_DATA, line)
        print(dll.libfptr_error_code(made) if dll.libfptr_validate_json(made) else 0, file=out, flush=True)
    out.close()
    os._exit(0)  # its own end is not asked for here


if __name__ == "__main__":
    main()
