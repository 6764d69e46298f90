"""Every rule that can refuse a receipt or warn about it is in the document for maintainers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_code_is_documented() -> None:
    names: set[str] = set()
    for path in (ROOT / "protocol" / "ffd").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "broken":
                constants = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
                names |= {value for value in constants if isinstance(value, str)}
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"E_[A-Z_]+", node.value)
            ):
                names.add(node.value.removeprefix("E_"))
    text = (ROOT / "docs" / "protocols" / "ffd.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"\b[EW]_([A-Z0-9_]+[A-Z0-9])\b", text))
    assert len(names) > 40
    assert names - documented == set()
    assert documented - names == set()
