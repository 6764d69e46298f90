"""What the bundle must hold: every module of ours and every library that they import. PyInstaller only warns of a
module that the Python it runs in has not got, and a bundle without pystray starts well: it has no icon."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

OURS = frozenset({"agent", "drivers", "protocol"})


def modules(root: Path) -> list[str]:
    """Every module of ours, by its file."""
    files = (
        file.relative_to(root).with_suffix("") for package in sorted(OURS) for file in (root / package).rglob("*.py")
    )
    return sorted(".".join(file.parts).removesuffix(".__init__") for file in files)


def imported(source: str) -> Iterator[str]:
    """Every module that a source imports anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            yield node.module


def libraries(root: Path) -> dict[str, str]:
    """Top-level modules that are neither ours nor Python's own, each with the first file that imports it."""
    found: dict[str, str] = {}
    for package in sorted(OURS):
        for file in sorted((root / package).rglob("*.py")):
            for name in imported(file.read_text("utf-8")):
                top = name.partition(".")[0]
                if top not in OURS and top not in sys.stdlib_module_names:
                    found.setdefault(top, file.relative_to(root).as_posix())
    return found


def require(root: Path, collected: Iterable[str], hidden: Iterable[str], excluded: Iterable[str]) -> None:
    """Raises ``SystemExit`` that names what is not among the ``collected`` modules: of the ``hidden`` imports each, of
    the libraries each that is not ``excluded``."""
    there = set(collected)
    lost = {name: "hiddenimports" for name in hidden if name not in there}
    lost |= {name: file for name, file in libraries(root).items() if name not in {*there, *excluded}}
    if lost:
        named = ", ".join(f"{name} ({where})" for name, where in sorted(lost.items()))
        raise SystemExit(
            f"The bundle would lack {named}: the Python in {sys.prefix} has not got it. Remove libraries.made in WORK "
            "(or install constraints.txt into that Python) and build again."
        )
