"""The tables of ``docs/errors.md``: every code with its words, from the table of codes and from the rules' source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from protocol.crm.codes import CODES
from protocol.ffd import shape

ROOT = Path(__file__).parents[2]
PLAIN = {"UserError": 0, "SetupError": 0, "AddressError": 0}


def codes_table() -> str:
    rows = ["| code | Russian | English | repeat |", "| --- | --- | --- | --- |"]
    for code, words in sorted(CODES.items()):
        safe = "yes" if words.safe_to_repeat else "**no**"
        rows.append(f"| `{code}` | {words.ru} {words.advice_ru} | {words.en} {words.advice_en} | {safe} |")
    return _safe(rows)


def rules_table() -> str:
    """Rules of a receipt. ``…`` stands for what the payload and the rule put there."""
    found = {(code, rule, ru, en) for code, rule, ru, en in (*_broken(), *_shapes())}
    rows = ["| code | rule | Russian | English |", "| --- | --- | --- | --- |"]
    rows += [f"| `{code}` | {rule} | {ru} | {en} |" for code, rule, ru, en in sorted(found)]
    return _safe(rows)


def commands_table() -> str:
    """Codes that only the command line and the configuration speak; their sentences name the value at fault."""
    found = sorted({code for code in _spoken() if code not in CODES})
    return ", ".join(f"`{code}`" for code in found) + "\n"


def _safe(rows: list[str]) -> str:
    return "\n".join(row.replace("<", "&lt;").replace("{", "&#123;") for row in rows) + "\n"


def _shapes() -> Iterator[tuple[str, str, str, str]]:
    for code, rule, _, ru, en in shape._SHAPES.values():
        yield code, rule, f"Поле …: {ru}.", f"Field …: {en}."


def _broken() -> Iterator[tuple[str, str, str, str]]:
    for path in sorted((ROOT / "protocol" / "ffd").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "broken":
                severity = next((word.value for word in call.keywords if word.arg == "severity"), None)
                names = [text for text in _constants(call.args[0]) if text.isupper()]
                rule, ru, en = (_text(call.args[place]) for place in (2, 4, 5))
                for name in names:
                    for letter in _letters(severity):
                        yield f"{letter}_{name}", rule, ru, en


def _letters(severity: ast.expr | None) -> str:
    """A severity that the rule works out is an error or a warning."""
    if severity is None:
        return "E"
    if isinstance(severity, ast.Constant):
        return "W" if severity.value == "warning" else "E"
    return "EW"


def _spoken() -> Iterator[str]:
    for package in ("agent", "drivers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Name)
                    and call.func.id in PLAIN
                    and call.args
                ):
                    code = call.args[PLAIN[call.func.id]]
                    if isinstance(code, ast.Constant):
                        yield str(code.value)


def _constants(node: ast.expr) -> list[str]:
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _text(node: ast.expr) -> str:
    """A sentence with ``…`` where it is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return "…"
