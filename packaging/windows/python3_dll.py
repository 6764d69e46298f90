"""The module definition of python3.dll, to which extensions for every Python 3 are linked: each name goes on to
python311.dll.

objdump -p python311.dll | python python3_dll.py > python3.def
"""

from __future__ import annotations

import re
import sys

_EXPORT = re.compile(r"^\s*\[\s*\d+\]\s+(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?([A-Za-z_]\w*)\s*$")


def names(dump: str) -> list[str]:
    table = dump.partition("[Ordinal/Name Pointer] Table")[2]
    return [found[1] for line in table.splitlines() if (found := _EXPORT.match(line)) is not None]


if __name__ == "__main__":
    exports = (f"{name} = python311.{name}\n" for name in names(sys.stdin.read()))
    sys.stdout.write("LIBRARY python3.dll\nEXPORTS\n" + "".join(exports))
